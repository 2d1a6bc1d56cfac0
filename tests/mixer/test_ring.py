"""Arenas and rings: the same memory for everyone, and never audio of another position."""

from __future__ import annotations

import multiprocessing
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_writers import counting, write_for_a_while

from rtsep.ring import ring as ring_module
from rtsep.ring.arena import ALIGNMENT, Arena
from rtsep.ring.ring import Ring

CAPACITY = 100


def new_ring(capacity: int = CAPACITY, channels: int = 2) -> Ring:
    return Ring(Arena(bytearray(1 << 16)), channels, capacity)


def test_the_same_arrays_for_everyone_who_asks_in_the_same_order() -> None:
    buffer = bytearray(1024)
    ours, theirs = Arena(buffer), Arena(buffer)
    for shape, dtype in ((3, np.bool_), ((2, 5), np.float32), (1, np.int64)):
        array, same = ours.take(shape, dtype), theirs.take(shape, dtype)
        assert not array.any() and array.dtype == dtype
        array[...] = 1
        assert same.all() and same.shape == array.shape


def test_arrays_lie_apart() -> None:
    arena = Arena(bytearray(1024))
    first, second = arena.take(3, np.bool_), arena.take(1, np.float64)
    addresses = [array.__array_interface__["data"][0] for array in (first, second)]
    assert addresses[1] - addresses[0] == ALIGNMENT


def test_an_arena_says_how_much_it_lacks() -> None:
    arena = Arena(bytearray(100))
    arena.take(10, np.float32)
    with pytest.raises(MemoryError, match="100 bytes is 4 bytes too small"):
        arena.take(10, np.float32)
    arena.take(9, np.float32)


def test_a_new_ring_has_nothing() -> None:
    ring, out = new_ring(), np.ones((2, 10), np.float32)
    assert ring.readable() == (0, 0) and ring.head == ring.since == 0
    assert ring.read_into(-5, out) == (5, 5) and not out.any()


@settings(max_examples=60, deadline=None)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["write", "skip"]), st.integers(0, CAPACITY)), max_size=30
    ),
    position=st.integers(-50, 3000),
    count=st.integers(0, 250),
)
def test_reading_is_like_reading_everything_that_was_ever_written(
    acts: list[tuple[str, int]], position: int, count: int
) -> None:
    ring, since = new_ring(), 0
    for act, size in acts:
        if act == "write":
            ring.write(counting(ring.head, ring.head + size))
        elif size:
            ring.skip_to(ring.head + size)
            since = ring.head
    first = max(since, ring.head - CAPACITY)
    assert ring.readable() == (first, ring.head)
    out = np.full((2, count), np.nan, np.float32)
    start, stop = ring.read_into(position, out)
    there = [at - position for at in range(position, position + count) if first <= at < ring.head]
    assert (start, stop) == (there[0], there[-1] + 1) if there else start == stop
    np.testing.assert_array_equal(out[:, start:stop], counting(position + start, position + stop))
    assert not out[:, :start].any() and not out[:, stop:].any()


def test_what_is_being_overwritten_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that comes before the head has moved misses what the new block hits."""
    ring, out, got = new_ring(), np.zeros((2, CAPACITY), np.float32), []
    ring.write(counting(0, CAPACITY))
    copy = ring_module._copy

    def copy_and_look(*arguments: Any) -> None:
        copy(*arguments)
        monkeypatch.undo()
        got.append((ring.head, ring.read_into(0, out)))

    monkeypatch.setattr(ring_module, "_copy", copy_and_look)
    ring.write(counting(CAPACITY, CAPACITY + 30))
    assert got == [(CAPACITY, (30, CAPACITY))] and not out[:, :30].any()
    np.testing.assert_array_equal(out[:, 30:], counting(30, CAPACITY))


def test_a_reader_that_is_lapped_while_it_reads_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    ring, out = new_ring(), np.zeros((2, 50), np.float32)
    ring.write(counting(0, CAPACITY))
    copy = ring_module._copy

    def copy_and_be_lapped(*arguments: Any) -> None:
        copy(*arguments)
        monkeypatch.undo()
        ring.write(counting(CAPACITY, CAPACITY + 30))

    monkeypatch.setattr(ring_module, "_copy", copy_and_be_lapped)
    assert ring.read_into(10, out) == (20, 50)
    assert not out[:, :20].any()
    np.testing.assert_array_equal(out[:, 20:], counting(30, 60))


def test_another_process_reads_no_wrong_sample() -> None:
    context, capacity = multiprocessing.get_context("spawn"), 2000
    buffer = context.RawArray("B", 1 << 16)
    ring, out, got = Ring(Arena(buffer), 2, capacity), np.zeros((2, 600), np.float32), 0
    process = context.Process(target=write_for_a_while, args=(buffer, capacity, 0.7))
    process.start()
    while process.is_alive():
        position = ring.head - capacity if got % 2 else ring.head - 550  # the risky end, too
        start, stop = ring.read_into(position, out)
        np.testing.assert_array_equal(
            out[:, start:stop], counting(position + start, position + stop)
        )
        assert not out[:, :start].any() and not out[:, stop:].any()
        got += stop > start
    process.join()
    assert process.exitcode == 0 and got > 5
