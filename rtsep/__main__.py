"""`rtsep` and `python -m rtsep`: the command line, and Ctrl-C before it is loaded and after it."""

from __future__ import annotations

import gc
import signal
import sys

# Importing PyTorch makes half a million objects that stay; looking for garbage after each 700 of
# them takes a tenth of the time from Enter to the first stems. Processes of ours begin here too.
gc.set_threshold(5_000)


def run() -> int:
    try:
        from rtsep.cli.main import main
    except KeyboardInterrupt:
        over = "\r" if sys.stderr.isatty() else ""  # the ^C that it shows
        sys.stderr.write(f"{over}rtsep: interrupted\n")
        return 1
    code = main()
    # What remains is the end of libraries, which say much when they are interrupted.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.collect()  # whatever closes something when it goes does so
    gc.freeze()  # and Python does not go through all that stays twice more
    return code


if __name__ == "__main__":
    sys.exit(run())
