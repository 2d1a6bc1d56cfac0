"""Blocks that come together."""

from __future__ import annotations

from rtsep.audio.bursts import Bursts


def test_blocks_of_one_moment_are_one_burst() -> None:
    bursts, after = Bursts(), []
    for moment, count in ((1.0, 256), (2.0, 256), (2.0, 256), (2.0, 128), (3.0, 64)):
        bursts.add(moment, count)
        after.append(bursts.longest)
    assert after == [256, 256, 512, 640, 640]


def test_a_burst_is_over_when_the_next_one_begins() -> None:
    bursts = Bursts()
    for _ in range(3):
        bursts.add(1.0, 256)
        assert not bursts.wait(0)
    bursts.add(2.0, 256)
    assert bursts.wait(0) and bursts.longest == 768
