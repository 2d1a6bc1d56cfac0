"""What a control sent while somebody moved it, and what can be seen in that.

Knows nothing of bindings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

MOST = 4000  # values that are kept of one control
TREMBLE = 3 / 127  # of its way: a fader that stays within is at rest, worn ones never are quite
LEAP = 32  # no hand moves a fader so far between two messages, but fine halves run over
TOGETHER_S = 0.03  # the halves of one value come so close

Address = tuple[str, int, int]  # type, channel, number


@dataclass
class Trace:
    """Values, and when they came: the time, and the place among all that came."""

    top: int
    values: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def add(self, value: int, time: float, place: int) -> None:
        if len(self.values) >= MOST:
            del self.values[: MOST // 2], self.times[: MOST // 2], self.places[: MOST // 2]
        self.values.append(value)
        self.times.append(time)
        self.places.append(place)

    @property
    def span(self) -> float:
        """How much of its way it went, 0 to 1."""
        return (max(self.values) - min(self.values)) / self.top

    @property
    def trembles(self) -> bool:
        """Whether it goes to and fro without getting anywhere, as if nobody moved it."""
        return self.span <= TREMBLE and 2 * reversals(self.values) >= len(self.values) - 1

    @property
    def jumps_about(self) -> bool:
        """Whether neighbours have nothing to do with each other: noise, or a fine half."""
        steps = [abs(one - other) for one, other in pairwise(self.values)]
        return (
            len(steps) > 10
            and 5 * sum(steps) > self.span * self.top * len(steps)
            and 3 * reversals(self.values) > len(steps)
        )

    @property
    def rests_since(self) -> float:
        """When it came to where it only trembles since, or just stays."""
        low = high = self.values[-1]
        first = len(self.values)
        for value in reversed(self.values):
            low, high = min(low, value), max(high, value)
            if high - low > TREMBLE * self.top:
                break
            first -= 1
        near = self.values[first:]
        steps = sum(one != other for one, other in pairwise(near))
        return self.times[first if 2 * reversals(near) >= steps else -1]


def reversals(values: Sequence[int]) -> int:
    """How often they turn from rising to falling or back."""
    steps = [other - one for one, other in pairwise(values) if other != one]
    return sum((one > 0) != (other > 0) for one, other in pairwise(steps))


def joined(coarse: Trace, fine: Trace, top: int) -> Trace | None:
    """The control that two are the halves of; None if they are not.

    A fine half runs over at each coarse step. Joined in one of two orders, the halves go a way
    that a hand can go.
    """
    if min(len(set(fine.values)), 2 * len(set(coarse.values))) < 4:
        return None
    if 2 * len(fine.values) < len(coarse.values) or not together(coarse, fine):
        return None
    if all(abs(one - other) < LEAP for one, other in pairwise(fine.values)):
        return None
    ways = [_way(coarse, fine, top, fine_first=first) for first in (False, True)]
    way = min(ways, key=lambda one: reversals(one.values))
    turns = reversals(way.values)
    if len(way.values) < 4 or turns > max(2, len(way.values) // 5):
        return None
    return way if turns < reversals(fine.values) else None


def together(coarse: Trace, fine: Trace) -> bool:
    """Whether the coarse half hardly ever comes without the fine one."""
    near = sum(
        any(abs(time - other) <= TOGETHER_S for other in fine.times) for time in coarse.times
    )
    return 5 * near >= 4 * len(coarse.times)


def _way(coarse: Trace, fine: Trace, top: int, *, fine_first: bool) -> Trace:
    """Where the joined control was each time that both halves had come."""
    both = [(*one, False) for one in zip(coarse.places, coarse.times, coarse.values, strict=True)]
    both += [(*one, True) for one in zip(fine.places, fine.times, fine.values, strict=True)]
    both.sort()
    high = low = None
    way = Trace(top)
    for (place, time, value, is_fine), (*_, next_is_fine) in pairwise([*both, both[-1]]):
        high, low = (high, value) if is_fine else (value, low)
        waits = fine_first and is_fine and not next_is_fine
        if high is not None and low is not None and not waits and (is_fine or fine_first):
            way.add(high << 7 | low, time, place)
    return way
