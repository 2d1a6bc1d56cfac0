"""The streams that a live engine may go over to: when it is late again and again, or when it began
with time to spare."""

from __future__ import annotations

from rtsep.config import StreamSpec
from rtsep.engine.look import candidates
from rtsep.engine.separator import Separator
from rtsep.engine.tune import COMPILED_SHARE, HOP_FRAMES
from rtsep.errors import ConfigError
from rtsep.live_session.retuning import Reserves

LONGER = 1.3  # times the hop before; less would hardly be worth a jump in the sound


def reserves(separator: Separator, spec: StreamSpec, *, nears: bool = False) -> Reserves:
    """Compiled steps where the stream has one, and beyond those as they come: there a hop must make
    up for what a step then takes longer. With shorter hops for a stream that `nears`."""
    return Reserves(
        cheaper=tuple(
            each
            for each in (spec.cheapest,)
            if each != spec and (separator.is_compiled(each) or not separator.is_compiled(spec))
        ),
        longer=tuple(_longer(separator, spec)),
        shorter=tuple(each for each in candidates(separator) if each.hop < spec.hop)
        if nears
        else (),
    )


def next_longer(spec: StreamSpec) -> StreamSpec | None:
    """The one that is worth compiling; None if no longer one fits into the window."""
    return next(iter(_fitting(spec, LONGER * spec.hop)), None)


def _longer(separator: Separator, spec: StreamSpec) -> list[StreamSpec]:
    found: list[StreamSpec] = []
    last, compiled = spec, separator.is_compiled(spec)
    for each in _fitting(spec, LONGER * spec.hop):
        each_compiled = separator.is_compiled(each)
        if separator.executor == "compiled" and not each_compiled:
            continue
        slower = 1 / COMPILED_SHARE if compiled and not each_compiled else LONGER
        if each.hop >= slower * last.hop:
            found.append(each)
            last, compiled = each, each_compiled
    return found


def _fitting(spec: StreamSpec, least: float) -> list[StreamSpec]:
    """With hops of at least so many samples, shortest first."""
    found = []
    for frames in HOP_FRAMES:
        if frames * spec.frame >= least:
            try:
                found.append(spec.with_hop(frames * spec.frame))
            except ConfigError:  # too long for the window, as all others are then
                break
    return found
