"""Priority of the audio process, where the system grants it."""

from __future__ import annotations

import os
from contextlib import suppress

_PRIORITY = 5  # above every ordinary process, below the audio threads of JACK and PortAudio


def before_all_others() -> None:
    """Let this process run before every ordinary one.

    The callback's thread gets its priority from the sound system. The rest of the process needs one
    too: a thread that is put aside while it holds the interpreter makes the callback wait. Refused
    to ordinary users on most systems, who lose only that (docs/audio.md says how to allow it).
    """
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_PRIORITY))
