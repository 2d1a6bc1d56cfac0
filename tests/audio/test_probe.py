"""What a probe plays and keeps, block by block."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.ring.probe import Probe

MEMORY = 1 << 16


@pytest.mark.parametrize("blocks", [(64,) * 40, (1, 700, 3, 1000, 2000)])
def test_what_comes_is_kept_beside_what_is_played(blocks: tuple[int, ...]) -> None:
    memory = bytearray(MEMORY)
    callback, outside = Probe(memory, 3), Probe(memory, 3)  # as in two processes
    random = np.random.default_rng(0)
    coming = random.standard_normal((3, sum(blocks))).astype(np.float32)
    signal = random.standard_normal((2, 1000)).astype(np.float32)
    heard, armed, at = [], -1, 0
    for index, count in enumerate(blocks):
        if index == 1:
            outside.arm(signal)
            armed = at
        played = np.full((4, count), 7, np.float32)
        here = coming[:, at : at + count]
        callback.exchange((here[:2], here[2:]), played)
        assert not played[2:].any()
        heard.append(played[:2])
        at += count
    assert outside.done and outside.clock == at
    kept, start = outside.take()
    assert start == armed
    assert np.array_equal(kept, coming[:, armed : armed + 1000])
    whole = np.concatenate(heard, axis=1)
    assert np.array_equal(whole[:, armed : armed + 1000], signal)
    assert not whole[:, :armed].any() and not whole[:, armed + 1000 :].any()


def test_it_can_be_armed_again() -> None:
    probe = Probe(bytearray(MEMORY), 2)
    block, played = np.ones((2, 100), np.float32), np.zeros((2, 100), np.float32)
    for level in (1.0, 2.0):
        probe.arm(np.full((2, 50), level, np.float32))
        assert not probe.done
        probe.exchange((block,), played)
        assert probe.done and np.all(played[:, :50] == level)
        probe.take()
    assert probe.clock == 200


def test_it_takes_no_more_than_there_is_room_for() -> None:
    capacity = Probe(bytearray(MEMORY), 10).capacity
    assert 0.95 * MEMORY < 4 * 12 * capacity <= MEMORY
