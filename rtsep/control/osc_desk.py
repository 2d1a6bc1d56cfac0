"""What OSC addresses do to a desk, and what a desk and a status say as OSC messages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from rtsep.control.osc_packets import Message, Value
from rtsep.errors import ConfigError
from rtsep.mixer.desk import Desk
from rtsep.mixer.levels import db_to_travel, travel_to_db
from rtsep.status import Level, LiveStatus

SILENCE_DB = -120.0  # of meters: many clients cannot draw -inf
ADDRESSES = (
    "/stem/NAME/gain|fader|mute|solo, /master/gain|fader, /bypass, /limiter, /record, "
    "/policy, /preset, /reset, /subscribe, /unsubscribe, /ping"
)

Values = tuple[Value, ...]
State = dict[str, Values]


def obey(desk: Desk, message: Message) -> None:
    """Do what a message says. Raises ConfigError for what it cannot mean."""
    do = _ADDRESSES.get(message.address)
    if do is not None:
        do(desk, message.values)
        return
    parts = message.address.split("/")
    if len(parts) != 4 or parts[1] != "stem" or parts[3] not in _STEM_ADDRESSES:
        raise ConfigError(f"no address {message.address[:60]!r}; there are {ADDRESSES}")
    for stem in desk.stems if parts[2] == "*" else [parts[2]]:
        _STEM_ADDRESSES[parts[3]](desk, stem, message.values)


def desk_state(desk: Desk) -> State:
    """Everything that can be set, by the address that sets it."""
    state: State = {}
    for fader in desk.faders:
        at = f"/stem/{fader.stem}"
        state[f"{at}/gain"] = (fader.gain_db,)
        state[f"{at}/fader"] = (db_to_travel(fader.gain_db),)
        state[f"{at}/mute"] = (int(fader.mute),)
        state[f"{at}/solo"] = (int(fader.solo),)
    return state | {
        "/master/gain": (desk.master_db,),
        "/master/fader": (db_to_travel(desk.master_db),),
        "/bypass": (int(desk.bypass),),
        "/limiter": (int(desk.limiter),),
        "/record": (int(desk.recording),),
        "/policy": (desk.policy,),
    }


def meters(stems: Sequence[str], status: LiveStatus) -> Iterator[Message]:
    """Peak and RMS in dB, of the stems after their faders, the mix and the input."""
    for stem, level in zip(stems, status.stem_levels, strict=False):  # none while loading
        yield Message(f"/stem/{stem}/meter", _decibels(level))
    yield Message("/master/meter", _decibels(status.mix_level))
    yield Message("/input/meter", _decibels(status.input_level))


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


def number(values: Values) -> float:
    """The only value, an integer or a float. Raises ConfigError, also for NaN."""
    if len(values) != 1 or isinstance(values[0], (bool, str)) or math.isnan(values[0]):
        raise ConfigError(f"one number is needed, got {_shown(values)}")
    return float(values[0])


def _switch(values: Values) -> bool:
    """On from 0.5."""
    if len(values) == 1 and isinstance(values[0], bool):
        return values[0]
    return number(values) >= 0.5


def _text(values: Values) -> str:
    if len(values) != 1 or not isinstance(values[0], str):
        raise ConfigError(f"one text is needed, got {_shown(values)}")
    return values[0][:60]


def _travel(values: Values) -> float:
    """0 to 1. A float of 32 bits is a little beside the decimal that was meant, such as 0.8."""
    travel = round(number(values), 6)
    if not 0 <= travel <= 1:
        raise ConfigError(f"a fader goes from 0 to 1, got {travel:g}")
    return travel


def _reset(desk: Desk, values: Values) -> None:
    """A button that is let go sends 0, which does nothing."""
    if not values or _switch(values):
        desk.reset()


_ADDRESSES: dict[str, Callable[[Desk, Values], None]] = {
    "/master/gain": lambda desk, values: desk.set_master(number(values)),
    "/master/fader": lambda desk, values: desk.set_master(travel_to_db(_travel(values))),
    "/bypass": lambda desk, values: desk.set_bypass(_switch(values)),
    "/limiter": lambda desk, values: desk.set_limiter(_switch(values)),
    "/record": lambda desk, values: desk.set_recording(_switch(values)),
    "/policy": lambda desk, values: desk.set_policy(_text(values)),
    "/preset": lambda desk, values: desk.apply_preset(_text(values)),
    "/reset": _reset,
}
_STEM_ADDRESSES: dict[str, Callable[[Desk, str, Values], None]] = {
    "gain": lambda desk, stem, values: desk.set_gain(stem, number(values)),
    "fader": lambda desk, stem, values: desk.set_gain(stem, travel_to_db(_travel(values))),
    "mute": lambda desk, stem, values: desk.set_mute(stem, _switch(values)),
    "solo": lambda desk, stem, values: desk.set_solo(stem, _switch(values)),
}


def _decibels(level: Level) -> Values:
    return tuple(db if db > SILENCE_DB else SILENCE_DB for db in (level.peak_db, level.rms_db))


def _shown(values: Values) -> str:
    return repr(values)[:60] if values else "nothing"
