"""What OSC addresses do to a desk, and what a desk and a status say as OSC messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from rtsep.control.osc_packets import Message
from rtsep.control.osc_patterns import is_pattern, matching
from rtsep.control.osc_transport import TRANSPORT_ADDRESSES, transport_state
from rtsep.control.osc_values import State, Values, number, shown, switch, trigger
from rtsep.errors import ConfigError
from rtsep.mixer.control import BANDS
from rtsep.mixer.desk import Desk, Fader
from rtsep.mixer.levels import (
    db_to_travel,
    db_to_turn,
    knob_to_trim,
    travel_to_db,
    trim_to_knob,
    turn_to_db,
)
from rtsep.mixer.scenes import SCENES
from rtsep.status import LiveStatus

SILENCE_DB = -120.0  # of meters: many clients cannot draw -inf
ADDRESSES = (
    "/stem/NAME/gain|fader|mute|solo|filter|pfl, /stem/NAME/eq/low|mid|high/gain|knob|kill, "
    "/master/gain|fader|filter|loudness/reset, /input/trim/gain|knob, "
    "/input/pfl, /cue/mix|gain|fader|split, /scene/1-8/recall|store, /transport/..., "
    "/bypass|limiter|record|policy|path|preset|reset|undo, /input|output|routes, "
    "/subscribe|unsubscribe|ping"
)


def meant(desk: Desk, address: str) -> list[str]:
    """The addresses of a desk that an address or a pattern means. Raises ConfigError for none."""
    known = _addresses(desk.stems)
    if address in known:
        return [address]
    found = matching(address, _there(desk)) if is_pattern(address) else []
    if not found:
        raise ConfigError(f"no address {address[:60]!r}; {_there_is(desk, address)}")
    return found


def obey(desk: Desk, message: Message) -> None:
    """Do what a message says, at each address that it means. Raises ConfigError for what it cannot
    mean; where a pattern means several addresses, the others are done all the same."""
    known, refused = _addresses(desk.stems), []
    for address in meant(desk, message.address):
        try:
            known[address](desk, message.values)
        except ConfigError as error:
            refused.append(error)
    if refused:
        raise refused[0]


def desk_state(desk: Desk) -> State:
    """Everything that can be set, by the address that sets it."""
    state: State = {}
    for fader in desk.faders:
        at = f"/stem/{fader.stem}"
        state[f"{at}/gain"] = (fader.gain_db,)
        state[f"{at}/fader"] = (db_to_travel(fader.gain_db),)
        state[f"{at}/mute"] = (int(fader.mute),)
        state[f"{at}/solo"] = (int(fader.solo),)
        state[f"{at}/filter"] = (fader.filter,)
        state |= {f"{at}/eq/{name}": values for name, values in _equalizer(fader)}
    return (
        state
        | _cue(desk)
        | {
            "/master/gain": (desk.master_db,),
            "/master/fader": (db_to_travel(desk.master_db),),
            "/master/filter": (desk.master_filter,),
            "/input/trim/gain": (desk.trim_db,),
            "/input/trim/knob": (trim_to_knob(desk.trim_db),),
            "/bypass": (int(desk.bypass),),
            "/limiter": (int(desk.limiter),),
            "/record": (int(desk.recording),),
            "/policy": (desk.policy,),
            "/path": (desk.path,),
        }
        | transport_state(desk)
    )


def _cue(desk: Desk) -> State:
    """Nothing where there is none."""
    if not desk.has_cue:
        return {}
    return {f"/stem/{stem}/pfl": (int(desk.pfl(stem)),) for stem in desk.stems} | {
        "/input/pfl": (int(desk.pfl_input),),
        "/cue/mix": (desk.cue_mix,),
        "/cue/gain": (desk.cue_volume_db,),
        "/cue/fader": (db_to_travel(desk.cue_volume_db),),
        "/cue/split": (int(desk.cue_split),),
    }


def _equalizer(fader: Fader) -> Iterator[tuple[str, Values]]:
    for band, db, kill in zip(BANDS, fader.eq_db, fader.kill, strict=True):
        yield f"{band}/gain", (db,)
        yield f"{band}/knob", (db_to_turn(db),)
        yield f"{band}/kill", (int(kill),)


def meters(desk: Desk, status: LiveStatus) -> Iterator[Message]:
    """Peak and RMS in dB, of the stems after their faders, the mix, the input and headphones;
    loudness of the mix: momentary, short-term and integrated in LUFS, true peak in dBTP."""
    levels = dict(zip(desk.stems, status.stem_levels, strict=False))  # none while loading
    for stem, level in levels.items():
        yield Message(f"/stem/{stem}/meter", _decibels(level.peak_db, level.rms_db))
    others = {"master": status.mix_level, "input": status.input_level}
    if desk.has_cue:
        others["cue"] = status.cue_level
    for name, level in others.items():
        yield Message(f"/{name}/meter", _decibels(level.peak_db, level.rms_db))
    one = status.loudness
    loudness = one.momentary, one.short_term, one.integrated, one.true_peak
    yield Message("/master/loudness", _decibels(*loudness))


def figures(status: LiveStatus) -> Message:
    """/status: state, seconds, latency ms, step p99 ms, hop ms, misses, concealed ms, xruns,
    recorded seconds."""
    return Message(
        "/status",
        (
            status.state,
            float(status.seconds),
            status.latency_ms,
            float(status.step_ms.get("p99", 0.0)),
            float(status.hop_ms),
            status.misses,
            1000 * status.concealed / status.sample_rate,
            status.xruns,
            float(status.recorded_seconds),
        ),
    )


def _text(values: Values) -> str:
    if len(values) != 1 or not isinstance(values[0], str):
        raise ConfigError(f"one text is needed, got {shown(values)}")
    return values[0][:60]


def _travel(values: Values) -> float:
    """0 to 1. A float of 32 bits is a little beside the decimal that was meant, such as 0.8."""
    travel = round(number(values), 6)
    if not 0 <= travel <= 1:
        raise ConfigError(f"a fader or knob goes from 0 to 1, got {travel:g}")
    return travel


def _knob(values: Values) -> float:
    """-1 to 1, likewise; the desk refuses others."""
    return round(number(values), 6)


_ADDRESSES: dict[str, Callable[[Desk, Values], None]] = {
    "/master/gain": lambda desk, values: desk.set_master(number(values)),
    "/master/fader": lambda desk, values: desk.set_master(travel_to_db(_travel(values))),
    "/master/filter": lambda desk, values: desk.set_master_filter(_knob(values)),
    "/master/loudness/reset": trigger(Desk.reset_loudness),
    "/input/trim/gain": lambda desk, values: desk.set_trim(number(values)),
    "/input/trim/knob": lambda desk, values: desk.set_trim(knob_to_trim(_travel(values))),
    "/input/pfl": lambda desk, values: desk.set_pfl_input(switch(values)),
    "/cue/mix": lambda desk, values: desk.set_cue_mix(_travel(values)),
    "/cue/gain": lambda desk, values: desk.set_cue_volume(number(values)),
    "/cue/fader": lambda desk, values: desk.set_cue_volume(travel_to_db(_travel(values))),
    "/cue/split": lambda desk, values: desk.set_cue_split(switch(values)),
    "/bypass": lambda desk, values: desk.set_bypass(switch(values)),
    "/limiter": lambda desk, values: desk.set_limiter(switch(values)),
    "/record": lambda desk, values: desk.set_recording(switch(values)),
    "/policy": lambda desk, values: desk.set_policy(_text(values)),
    "/path": lambda desk, values: desk.set_path(_text(values)),
    "/preset": lambda desk, values: desk.apply_preset(_text(values)),
    "/reset": trigger(Desk.reset),
    "/undo": trigger(Desk.undo),
    **{f"/scene/{n}/recall": trigger(partial(Desk.recall_scene, number=n)) for n in SCENES},
    **{f"/scene/{n}/store": trigger(partial(Desk.store_scene, number=n)) for n in SCENES},
    **TRANSPORT_ADDRESSES,
}
_STEM_ADDRESSES: dict[str, Callable[[Desk, str, Values], None]] = {
    "gain": lambda desk, stem, values: desk.set_gain(stem, number(values)),
    "fader": lambda desk, stem, values: desk.set_gain(stem, travel_to_db(_travel(values))),
    "mute": lambda desk, stem, values: desk.set_mute(stem, switch(values)),
    "solo": lambda desk, stem, values: desk.set_solo(stem, switch(values)),
    "filter": lambda desk, stem, values: desk.set_filter(stem, _knob(values)),
    "pfl": lambda desk, stem, values: desk.set_pfl(stem, switch(values)),
}
_BAND_ADDRESSES: dict[str, Callable[[Desk, str, str, Values], None]] = {
    "gain": lambda desk, stem, band, values: desk.set_eq(stem, band, number(values)),
    "knob": lambda desk, stem, band, values: desk.set_eq(stem, band, turn_to_db(_travel(values))),
    "kill": lambda desk, stem, band, values: desk.set_kill(stem, band, switch(values)),
}


@lru_cache(maxsize=8)
def _addresses(stems: tuple[str, ...]) -> dict[str, Callable[[Desk, Values], None]]:
    """Everything that can be set, and how."""
    found = dict(_ADDRESSES)
    for stem in stems:
        for name, do in _STEM_ADDRESSES.items():
            found[f"/stem/{stem}/{name}"] = partial(_set, do, stem)
        for band in BANDS:
            for name, turn in _BAND_ADDRESSES.items():
                found[f"/stem/{stem}/eq/{band}/{name}"] = partial(_set, turn, stem, band)
    return found


def _there(desk: Desk) -> list[str]:
    """What a pattern may mean: who writes `/*/gain` asks for no headphones that are not there."""
    known = list(_addresses(desk.stems))
    if desk.has_cue:
        return known
    return [each for each in known if not each.startswith("/cue/") and not each.endswith("/pfl")]


def _set(do: Callable[..., None], *what: Any) -> None:
    """`what` are a stem, perhaps a band, the desk and the values."""
    *place, desk, values = what
    do(desk, *place, values)


def _there_is(desk: Desk, address: str) -> str:
    """What may have been meant."""
    parts = address.split("/")
    if parts[1:2] == ["stem"] and f"/stem/{desk.stems[0]}/{'/'.join(parts[3:])}" in _addresses(
        desk.stems
    ):
        return f"stems are {', '.join(desk.stems)}"
    return f"there are {ADDRESSES}"


def _decibels(*levels: float) -> Values:
    return tuple(max(db, SILENCE_DB) for db in levels)
