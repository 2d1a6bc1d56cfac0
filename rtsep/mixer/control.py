"""What controls say and the audio callback obeys, in memory both can see. One writer: the desk."""

from __future__ import annotations

import numpy as np

from rtsep.ring.arena import Arena

POLICIES = ("hold", "dry", "silence", "instant")
PATHS = ("full", "instant")
BANDS = ("low", "mid", "high")


class Control:
    """Targets of the mixer. Every field is an array, written in place; new ones are at unity."""

    def __init__(self, arena: Arena, stems: int) -> None:
        self.gain = arena.take(stems, np.float64)  # factors, 1 is unity
        self.mute = arena.take(stems, np.bool_)
        self.solo = arena.take(stems, np.bool_)
        self.master = arena.take(1, np.float64)
        self.bypass = arena.take(1, np.bool_)  # the untouched input, delayed, instead of the mix
        self.limiter = arena.take(1, np.bool_)
        self.policy = arena.take(1, np.int64)  # index into POLICIES
        self.path = arena.take(1, np.int64)  # index into PATHS
        self.recording = arena.take(1, np.bool_)
        self.eq = arena.take((len(BANDS), stems), np.float64)  # factors
        self.kill = arena.take((len(BANDS), stems), np.bool_)
        self.filter = arena.take(stems, np.float64)  # -1 low-pass, 0 nothing, 1 high-pass
        self.master_filter = arena.take(1, np.float64)

    def reset(self) -> None:
        """Unity everywhere, limiter on. Only whoever made the arena calls this."""
        self.gain[:] = 1.0
        self.mute[:] = False
        self.solo[:] = False
        self.master[:] = 1.0
        self.bypass[:] = False
        self.limiter[:] = True
        self.policy[:] = 0
        self.path[:] = 0
        self.recording[:] = False
        self.eq[:] = 1.0
        self.kill[:] = False
        self.filter[:] = 0.0
        self.master_filter[:] = 0.0
