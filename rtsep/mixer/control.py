"""What controls say and the audio callback obeys, in memory both can see. One writer: the desk."""

from __future__ import annotations

from typing import Any

import numpy as np

from rtsep.ring.arena import Arena

# Fields that are no part of a mix: comparing, a take, what is late, headphones. Neither a scene nor
# an undone gesture begins or ends a recording, changes the latency, or what somebody prelistens to.
OF_THE_SESSION = frozenset(
    {"bypass", "policy", "path", "recording",
     "pfl", "pfl_input", "cue_mix", "cue_volume", "cue_split"}
)  # fmt: skip
# What fits the source that plays now belongs to no scene, but hands move it.
OF_THE_SOURCE = frozenset({"trim"})

Field = np.ndarray[Any, Any]
Mix = dict[str, Field]  # by the names of fields

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
        self.pfl = arena.take(stems, np.bool_)  # which stems are prelistened to
        self.pfl_input = arena.take(1, np.bool_)
        self.cue_mix = arena.take(1, np.float64)  # 0 the cue only, 1 the master only
        self.cue_volume = arena.take(1, np.float64)  # a factor
        self.cue_split = arena.take(1, np.bool_)  # the cue on the left, the master on the right
        self.trim = arena.take(1, np.float64)  # factor, of the input

    @property
    def mix(self) -> Mix:
        """Everything that makes up a mix; views."""
        return {name: field for name, field in self.moved.items() if name not in OF_THE_SOURCE}

    @property
    def moved(self) -> Mix:
        """Everything that is moved in gestures: the mix, and the source's; views."""
        return {
            name: field
            for name, field in vars(self).items()
            if isinstance(field, np.ndarray) and name not in OF_THE_SESSION
        }

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
        self.pfl[:] = False
        self.pfl_input[:] = False
        self.cue_mix[:] = 0.0
        self.cue_volume[:] = 1.0
        self.cue_split[:] = False
        self.trim[:] = 1.0


def audible(mute: Field, solo: Field) -> Field:
    """Which stems are heard: with any solo, only such."""
    heard: Field = np.logical_not(mute) & (solo | (not solo.any()))
    return heard
