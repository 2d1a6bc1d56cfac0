"""Which settings a map has, and what each costs: cheap ones are measured first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from rtsep.config import DEFAULTS, MODES, StreamSpec
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError

# In seconds. The longest window is that of the network where this is more.
WINDOWS = (1.0, 2.0, 4.0, 10.0)
HOPS = (0.023, 0.046, 0.093, 0.186, 0.372)
LOOKAHEADS = (0.0, 0.046, 0.186)
USUAL_WINDOW, USUAL_LOOKAHEAD = DEFAULTS.window, DEFAULTS.lookahead
# The cost is that of computing the window over hop: shorter hops only with the usual rest.
AFFORDABLE_HOPS = HOPS[2:]
# Of an incremental step, in seconds of audio that the same time computes: attention to what is
# remembered, and all that does not shrink with the audio.
OVERHEAD = 0.3

Times = tuple[str, float, float, float]  # mode; window, hop and lookahead in seconds


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What was asked for, in seconds; empty for what was not."""

    windows: tuple[float, ...] = ()
    hops: tuple[float, ...] = ()
    lookaheads: tuple[float, ...] = ()
    modes: tuple[str, ...] = MODES

    @property
    def chosen(self) -> bool:
        return bool(self.windows or self.hops or self.lookaheads)


def grid(separator: Separator, axes: Axes) -> tuple[list[StreamSpec], int]:
    """Settings, cheapest first, and how many combinations do not fit.

    Where any window, hop or lookahead was chosen, all combinations; else a star around the usual
    ones. Raises ConfigError for a chosen value that fits nowhere.
    """
    specs: set[StreamSpec] = set()  # some times are equal once rounded
    fitting: set[tuple[int, str | float]] = set()
    refused: list[tuple[Times, ConfigError]] = []
    for mode, window, hop, lookahead in _product(axes) if axes.chosen else _star(separator, axes):
        times = mode, window, hop, lookahead
        try:
            spec = separator.spec(window=window, hop=hop, lookahead=lookahead, mode=mode)
        except ConfigError as error:
            refused.append((times, error))
        else:
            specs.add(spec)
            fitting |= set(enumerate(times))
    for times, reason in refused:
        if not specs or (axes.chosen and not set(enumerate(times)) <= fitting):
            raise reason
    return sorted(specs, key=cost), len(refused)


def cost(spec: StreamSpec | None) -> float:
    """Seconds of audio that are computed per second of music, about; offline for None."""
    if spec is None:
        return 4 / 3  # segments overlap by a quarter
    computed = spec.window
    if spec.mode == "incremental":
        computed = spec.refresh + round(OVERHEAD * spec.sample_rate)
    return computed / spec.hop


def _product(axes: Axes) -> Iterator[Times]:
    return product(
        axes.modes,
        axes.windows or (USUAL_WINDOW,),
        axes.hops or HOPS,
        axes.lookaheads or (USUAL_LOOKAHEAD,),
    )


def _star(separator: Separator, axes: Axes) -> Iterator[Times]:
    for mode, window, lookahead in product(axes.modes, WINDOWS, LOOKAHEADS):
        unusual = (window != USUAL_WINDOW) + (lookahead != USUAL_LOOKAHEAD)
        if unusual < 2:
            for hop in AFFORDABLE_HOPS if unusual else HOPS:
                yield mode, min(window, separator.longest_window), hop, lookahead
