"""`rtsep` and `python -m rtsep`: the command line, and Ctrl-C before it is loaded and after it."""

from __future__ import annotations

import signal
import sys


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
    return code


if __name__ == "__main__":
    sys.exit(run())
