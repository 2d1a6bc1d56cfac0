"""The headphones in the vocabulary."""

from __future__ import annotations

from rtsep.control.verbs import FADER, SWITCH, Verb
from rtsep.mixer.desk import Desk
from rtsep.mixer.levels import db_to_travel, travel_to_db

CUE_VERBS: dict[str, Verb] = {
    "pfl": Verb(SWITCH, "stem", "prelisten to a stem in the headphones", Desk.pfl, Desk.set_pfl),
    "pfl-input": Verb(
        SWITCH,
        None,
        "prelisten to the untouched input",
        lambda desk: desk.pfl_input,
        Desk.set_pfl_input,
    ),
    "cue-mix": Verb(
        FADER,
        None,
        "the headphones: the cue to the left, the master to the right",
        lambda desk: desk.cue_mix,
        Desk.set_cue_mix,
        rest=0.0,
    ),
    "cue-volume": Verb(
        FADER,
        None,
        "the volume of the headphones",
        lambda desk: db_to_travel(desk.cue_volume_db),
        lambda desk, travel: desk.set_cue_volume(travel_to_db(travel)),
    ),
    "cue-split": Verb(
        SWITCH,
        None,
        "the cue on the left ear, the master on the right one",
        lambda desk: desk.cue_split,
        Desk.set_cue_split,
    ),
}
