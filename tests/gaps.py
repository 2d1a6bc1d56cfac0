"""Streams that leave out hops, beside ones that do not."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from rtsep.engine.hops import HopStream


def with_and_without_gaps(
    straight: HopStream, gappy: HopStream, hops: Tensor, skipped: set[int]
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The number of each hop that neither skips, and what both streams make of it."""
    for number, hop in enumerate(hops):
        expected = straight.step(hop).clone()
        if number in skipped:
            gappy.skip(hop)
        else:
            yield number, expected, gappy.step(hop)
