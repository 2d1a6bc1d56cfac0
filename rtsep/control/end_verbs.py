"""The two ends of a desk in the vocabulary: the input's trim, the master's loudness meter."""

from __future__ import annotations

from rtsep.control.verbs import FADER, TRIGGER, Verb
from rtsep.mixer.levels import knob_to_trim, trim_to_knob

END_VERBS: dict[str, Verb] = {
    "trim": Verb(
        FADER,
        None,
        "the level of the input, ahead of everything",
        lambda desk: trim_to_knob(desk.trim_db),
        lambda desk, knob: desk.set_trim(knob_to_trim(knob)),
        rest=trim_to_knob(0.0),
    ),
    "reset-loudness": Verb(
        TRIGGER,
        None,
        "measure integrated loudness and true peak anew",
        lambda desk: 0.0,
        lambda desk, on: desk.reset_loudness(),
    ),
}
