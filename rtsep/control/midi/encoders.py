"""Whether values are the clicks of an endless encoder, and how it writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from rtsep.control.midi.messages import MIDDLE, OFFSET, RELATIVE

CENTRES = (MIDDLE, 16)  # of encoders that write clicks as a distance from there
FEWEST_CLICKS = 3  # from one end of the gesture to the other: less may be trembling
SLOW = 6  # clicks in one message where a turn begins, ends or changes its direction
FAR = 56  # between neighbours: from slowly one way to slowly the other way
STEEP, RAMP = 3, 24  # a fader goes on evenly, and that far


@dataclass(frozen=True)
class Encoder:
    mode: str
    centre: int
    both_ways: bool  # whether that is sure: one way only, several ways of writing fit
    clicks: int  # how far it was turned


def encoder(values: Sequence[int]) -> Encoder | None:
    """The encoder that sent these values; None if no encoder does.

    An encoder repeats itself, or leaps, while a fader goes on evenly and never sends the same
    value twice running. However fast it is turned, each turn begins and ends slowly.
    """
    steps = [abs(one - other) for one, other in pairwise(values)]
    if all(0 < step < FAR for step in steps) or _like_a_ramp(values, steps):
        return None
    found = [one for one in _readings(values) if _possible(one[2])]
    if not found:
        return None
    # Turned one way only, several fit. People turn clockwise first.
    mode, centre, clicks = min(found, key=lambda one: (_cost(one[2]), one[2][0] < 0))
    turned = [0, *accumulate(clicks)]
    far = max(turned) - min(turned)
    if far < FEWEST_CLICKS:
        return None
    both = any(click > 0 for click in clicks) and any(click < 0 for click in clicks)
    return Encoder(mode, centre, both, far)


def like_an_encoder(values: Sequence[int]) -> bool:
    """Whether a fader near a usual centre, or an encoder turned quickly, may have sent this."""
    for centre in CENTRES:
        clicks = [value - centre for value in values]
        ends = abs(clicks[0]) <= 2 and abs(clicks[-1]) <= 2
        if ends and min(clicks) < 0 < max(clicks) and 0 not in clicks:
            return max(map(abs, clicks)) < RAMP
    return False


def _like_a_ramp(values: Sequence[int], steps: Sequence[int]) -> bool:
    return max(steps, default=0) <= STEEP and max(values) - min(values) >= RAMP


def _readings(values: Sequence[int]) -> Iterator[tuple[str, int, list[int]]]:
    """All ways of reading the values as clicks: mode, centre, clicks."""
    for mode, decode in RELATIVE.items():
        yield mode, MIDDLE, [decode(value) for value in values]
    sent = set(values)
    unusual = [value + 1 for value in sent if value + 2 in sent and value + 1 not in CENTRES]
    for centre in (*CENTRES[1:], *sorted(unusual)):
        yield OFFSET, centre, [value - centre for value in values]


def _possible(clicks: Sequence[int]) -> bool:
    turns = sum((one > 0) != (other > 0) for one, other in pairwise(clicks))
    return all(clicks) and turns <= max(2, len(clicks) // 4) and _cost(clicks) <= SLOW


def _cost(clicks: Sequence[int]) -> float:
    """The mean speed where it should be slow."""
    slow = [clicks[0], clicks[-1]]
    for one, other in pairwise(clicks):
        if (one > 0) != (other > 0):
            slow += [one, other]
    return sum(map(abs, slow)) / len(slow)
