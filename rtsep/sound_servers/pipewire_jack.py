"""The JACK library of PipeWire, in the place of that of a JACK server.

Where a distribution has both, programs get the latter's unless they are started by `pw-jack`. A
library that is loaded already goes before one of the same name that others ask for: so this has to
come before PortAudio and `jack`, in a process of its own.
"""

from __future__ import annotations

import ctypes
import subprocess
from contextlib import suppress

_PATH = 'printf %s "$LD_LIBRARY_PATH"'  # pw-jack is a script that puts it there
_SECONDS = 5.0


def use_pipewire() -> None:
    """From now on JACK is PipeWire in this process. Nothing happens where it is that anyway, or is
    not installed."""
    with suppress(OSError, subprocess.SubprocessError):
        command = ["pw-jack", "sh", "-c", _PATH]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        folder = done.stdout.partition(":")[0]  # may hold ${LIB}, which the loader understands
        if folder:
            ctypes.CDLL(f"{folder}/libjack.so.0", ctypes.RTLD_GLOBAL)
