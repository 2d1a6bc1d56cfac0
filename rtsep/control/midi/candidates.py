"""What each control that was moved could be bound as, or why it cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

from rtsep.control.actions import Action
from rtsep.control.midi import maps
from rtsep.control.midi.encoders import encoder, like_an_encoder
from rtsep.control.midi.maps import Binding
from rtsep.control.midi.messages import (
    CC,
    LSB,
    MAX_14BIT,
    MIDDLE,
    NOTE,
    PITCH,
    PROGRAM,
    TYPES,
)
from rtsep.control.midi.parameters import SELECT
from rtsep.control.midi.traces import Address, Trace, joined, together
from rtsep.control.verbs import FADER, TRIGGER

FEWEST_VALUES = 4  # by which a fader can be told from a button
SHORTEST = 8 / 127  # of its way: what moved less was not meant
SHORTEST_PAIR = 0.03  # halves that go together are no accident
HELD_S = 1.0  # nobody holds a button so long who was asked to press and release it
MOST_PAIRED = 8  # controllers of which any two may be halves of one value
BANKS = (0, 32)  # controllers that come with a program change
WHEEL_RESTS = 8192

Traces = Mapping[Address, Trace]

NOTES = "it sends notes, as keys and buttons do"
PROGRAMS = "it sends program changes, which have no position"
PRESSES = "it sends aftertouch, which is let go by itself"
ON_OFF = "it only sends on and off, as a button does"
TOO_LITTLE = "it moved too little; move it farther"
JUMPS = "its values jump about"
SPRINGS = "it springs back to its middle, as a pitch wheel does"
ONE_WAY = "turn it the other way too, so that the two can be told"
UNSURE = "an endless knob or a fader? Turn it slowly right and left, or move it farther"
ONCE_MORE = "it did not say that it was let go; press it once more"
NO_BUTTON = "it is a fader or a knob, not a button"
STAYS = "it stays where it is put, so that only every second press would do it"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One control: its binding, or None and why there is none."""

    address: Address
    halves: frozenset[Address] = frozenset()  # its own and the other, where it comes in two
    binding: Binding | None = None
    why: str = ""
    weight: float  # how likely it was meant
    since: float  # when it was moved last
    patience: float = 0.0  # beyond what others need

    def rests(self, wait: float) -> float:
        """When it will have been at rest so long."""
        return self.since + max(wait, self.patience)


def candidates(action: Action, traces: Traces, restless: Collection[Address]) -> list[Candidate]:
    """Restless controls send by themselves: no button does."""
    plain = {address: trace for address, trace in traces.items() if _is_plain(address, traces)}
    found = list(_parameters(traces))
    if action.kind == FADER:
        pairs = list(_pairs(action, plain))
        halves = {address for pair in pairs for address in pair.halves}
        halves |= {address for address in plain if _follows(address, plain)}
        plain = {address: trace for address, trace in plain.items() if address not in halves}
        found += pairs
    for address, trace in plain.items():
        if action.kind == FADER:
            one = _fader(action, address, trace)
        else:
            one = None if address in restless else _button(action, address, trace)
        found += [one] if one else []
    return found


def _is_plain(address: Address, traces: Traces) -> bool:
    """Whether this is no part of something else: a parameter's number, the bank of a program."""
    kind, channel, number = address
    if kind != CC:
        return kind in (*TYPES, "pressure", "key pressure")
    others = {other[0] for other in traces if other[1] == channel}
    if number in SELECT and any(other.startswith(SELECT[number]) for other in others):
        return False
    return not (number in BANKS and PROGRAM in others)


def _parameters(traces: Traces) -> Iterator[Candidate]:
    for address, trace in traces.items():
        if " " in address[0] and address[0].split()[0] in SELECT.values():
            why = (
                f"it sends {address[0]}, which rtsep does not read; have it send a plain "
                "controller (CC) instead"
            )
            yield Candidate(address=address, why=why, weight=1.0, since=trace.rests_since)


def _pairs(action: Action, plain: Traces) -> Iterator[Candidate]:
    """Controls in two halves, at any distance."""
    busy = sorted(
        (address for address in plain if address[0] == CC),
        key=lambda address: -len(plain[address].values),
    )
    for coarse, fine in permutations(busy[:MOST_PAIRED], 2):
        if coarse[1] != fine[1]:
            continue
        way = joined(plain[coarse], plain[fine], MAX_14BIT)
        if way is None or way.span < SHORTEST_PAIR:
            continue
        standard = fine[2] == coarse[2] + LSB and coarse[2] < LSB
        yield Candidate(
            address=coarse,
            halves=frozenset((coarse, fine)),
            binding=_bound(action, coarse, maps.FINE) if standard else None,
            why="" if standard else _elsewhere(coarse[2], fine[2]),
            weight=way.span,
            since=way.rests_since,
        )


def _follows(address: Address, plain: Traces) -> bool:
    """Whether this may be the fine half of another, by the standard, that did not run over: by
    itself it means less than the coarse one."""
    kind, channel, number = address
    coarse = plain.get((kind, channel, number - LSB))
    if kind != CC or not LSB <= number < 2 * LSB or coarse is None:
        return False
    return coarse.span >= SHORTEST and together(coarse, plain[address])


def _elsewhere(coarse: int, fine: int) -> str:
    return (
        f"its fine half comes in cc {fine}, where the standard has none; if that is so, write it "
        f'into the map: number = {coarse}, mode = "14bit", fine = {fine}'
    )


def _fader(action: Action, address: Address, trace: Trace) -> Candidate | None:
    """A control that stands somewhere, or turns without end."""
    kind = address[0]
    if kind not in (CC, PITCH):
        why = {NOTE: NOTES, PROGRAM: PROGRAMS}.get(kind, PRESSES)
        return _refused(address, trace, why)
    values = trace.values
    turned = encoder(values) if kind == CC else None
    if turned is not None:
        if not turned.both_ways:
            return _refused(address, trace, ONE_WAY)
        binding = _bound(action, address, turned.mode, turned.centre)
        weight = min(1.0, turned.clicks * Binding.step)
        return Candidate(address=address, binding=binding, weight=weight, since=trace.times[-1])
    obstacle = _no_fader(kind, trace)
    if obstacle is None:
        return None
    if obstacle:
        return _refused(address, trace, obstacle)
    return Candidate(
        address=address,
        binding=_bound(action, address, maps.ABSOLUTE),
        weight=trace.span,
        since=trace.rests_since,
    )


def _no_fader(kind: str, trace: Trace) -> str | None:
    """Why this cannot be a fader, "" where it can; None where nobody moved it."""
    values = trace.values
    if kind == CC and _on_off(trace):
        return ON_OFF
    if len(values) < 2 or trace.trembles:
        return None
    if kind == PITCH and values[-1] == WHEEL_RESTS and len(set(values)) > 1:
        return SPRINGS
    if kind == CC and like_an_encoder(values):
        return UNSURE
    if len(set(values)) < FEWEST_VALUES or trace.span < SHORTEST:
        return TOO_LITTLE
    return JUMPS if trace.jumps_about else ""


def _button(action: Action, address: Address, trace: Trace) -> Candidate | None:
    kind = address[0]
    if kind == PROGRAM:
        return _pressed(action, address, trace, maps.TOGGLE)
    if kind not in (CC, NOTE):
        return _refused(address, trace, NO_BUTTON if kind == PITCH else PRESSES)
    if kind == CC and not _on_off(trace):
        return None if trace.trembles and len(trace.values) > 1 else _no_button(address, trace)
    if _stays(trace):
        if action.kind == TRIGGER:
            return _refused(address, trace, STAYS)
        return _pressed(action, address, trace, maps.MOMENTARY)
    if len(trace.values) == 1:
        return _refused(address, trace, ONCE_MORE, patience=HELD_S)
    return _pressed(action, address, trace, maps.TOGGLE)


def _no_button(address: Address, trace: Trace) -> Candidate:
    highest = max(trace.values)
    if len({0, *trace.values}) <= 2:
        why = f"it sends {highest} when it is pressed, and on begins at 64; set that on the device"
        return _refused(address, trace, why)
    return _refused(address, trace, NO_BUTTON)


def _stays(trace: Trace) -> bool:
    """Whether a button stays where it is put: on with one press, off with the next."""
    if not trace.values[0]:
        return True  # it went off first: it was on before
    times = [time for time, value in zip(trace.times, trace.values, strict=True) if not value]
    return bool(times) and times[0] - trace.times[0] >= HELD_S


def _on_off(trace: Trace) -> bool:
    """Whether there is nothing but on and off."""
    return len({0, *trace.values}) <= 2 and max(trace.values) in (0, *range(64, 128))


def _pressed(action: Action, address: Address, trace: Trace, mode: str) -> Candidate:
    mode = maps.TRIGGER if action.kind == TRIGGER else mode
    binding = _bound(action, address, mode)
    weight = 1 / len(trace.values)
    return Candidate(address=address, binding=binding, weight=weight, since=trace.times[-1])


def _refused(address: Address, trace: Trace, why: str, *, patience: float = 0.0) -> Candidate:
    weight = min(1.0, len(trace.values) / 100)
    return Candidate(
        address=address, why=why, weight=weight, since=trace.times[-1], patience=patience
    )


def _bound(action: Action, address: Address, mode: str, centre: int = MIDDLE) -> Binding:
    kind, channel, number = address
    return Binding(
        type=kind, channel=channel, number=number, action=action, mode=mode, centre=centre
    )
