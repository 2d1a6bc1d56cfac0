"""Shares of the stems: measured, handed over between processes, applied without a seam."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixer_support import new_arena, noise, pieces, tones
from music import stempeg_stems
from shared_writers import publish_for_a_while

from rtsep.mixer.conceal import BINS, HOP, RATIO_SAMPLES, WINDOW, HoldFilter, Ratios, ratios_of
from rtsep.ring.arena import Arena
from rtsep.ring.ring import Ring


def input_ring(signal: np.ndarray) -> Ring:
    ring = Ring(new_arena(), len(signal), 1 << 15)
    for start in range(0, signal.shape[1], 8192):
        ring.write(signal[:, start : start + 8192].astype(np.float32))
    return ring


def held(
    ring: Ring, ratios: np.ndarray, start: int, stop: int, cuts: list[int] | None = None
) -> np.ndarray:
    """The stems of positions start to stop, cut into blocks."""
    separate = HoldFilter(len(ratios), ring.channels, 1024)
    separate.begin(start, ratios)
    out = np.full((len(ratios), ring.channels, stop - start), np.nan, np.float32)
    for piece in pieces(stop - start, cuts or []):
        separate.apply(ring, start + piece.start, out[..., piece])
    return out


@pytest.mark.parametrize("samples", [1, 500, WINDOW, RATIO_SAMPLES, 10000])
@pytest.mark.parametrize("count", [1, 4, 6])
def test_shares_sum_to_one(count: int, samples: int) -> None:
    ratios = ratios_of(noise(samples, count))
    assert ratios.shape == (count, BINS) and ratios.dtype == np.float32
    assert np.all(ratios >= 0)
    np.testing.assert_allclose(ratios.sum(0), 1, rtol=0, atol=1e-6)


def test_silence_has_equal_parts() -> None:
    np.testing.assert_array_equal(ratios_of(np.zeros((4, 2, 5000), np.float32)), 0.25)


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_counts_as_silence(damage: float) -> None:
    stems = noise(5000)
    stems[2, 0, 4000] = 0
    expected = ratios_of(stems)
    stems[2, 0, 4000] = damage
    np.testing.assert_array_equal(ratios_of(stems), expected)


def test_only_the_end_counts() -> None:
    stems = noise(20000)
    stems[0, :, -RATIO_SAMPLES - WINDOW :] = 0
    assert ratios_of(stems)[0].max() < 1e-3


def test_notes_go_to_their_stems() -> None:
    ratios = ratios_of(tones(10000))
    for stem, hertz in enumerate((110, 233, 523, 880)):
        assert ratios[stem, round(hertz / 44100 * WINDOW)] > 0.75


@pytest.mark.parametrize("position", [3, 512, 1000, 1025])
def test_held_stems_sum_to_the_input(position: int) -> None:
    signal = noise(9000, 1)[0]
    ratios = ratios_of(noise(5000, seed=1))
    out = held(input_ring(signal), ratios, position, position + 7000)
    np.testing.assert_allclose(out.sum(0), signal[:, position : position + 7000], rtol=0, atol=1e-6)


def test_held_stems_resemble_the_stems() -> None:
    """A chord that goes on is taken apart as it was."""
    stems = tones(20000)
    out = held(input_ring(stems.sum(0)), ratios_of(stems[..., :10000]), 10000, 18000)
    for note, truth in zip(out, stems[..., 10000:18000], strict=True):
        assert np.sum((note - truth) ** 2) < 0.1 * np.sum(truth**2)


def test_a_muted_vocal_does_not_come_back_in_music() -> None:
    """Gaps of 0.1 s: the mix without the held vocals has far less of them than the input."""
    stems = np.stack(list(stempeg_stems().values()))
    assert list(stempeg_stems())[3] == "vocals"
    left = there = 0.0
    for start in range(20000, stems.shape[-1] - 10000, 20000):
        truth = stems[..., start : start + 4410]
        ring = input_ring(stems[..., : start + 4410 + 2 * WINDOW].sum(0))
        mix = held(ring, ratios_of(stems[..., :start]), start, start + 4410)[:3].sum(0)
        left += np.sum((mix - truth[:3].sum(0)) ** 2)
        there += np.sum(truth[3] ** 2)
    assert left < 0.4 * there


@settings(max_examples=30, deadline=None)
@given(start=st.integers(0, 2000), cuts=st.lists(st.integers(1, 2999), max_size=12))
def test_blocks_join_without_a_seam(start: int, cuts: list[int]) -> None:
    ring = input_ring(noise(8000, 1, seed=2)[0])
    ratios = ratios_of(noise(5000, seed=3))
    whole = held(ring, ratios, start, start + 3000)
    in_blocks = held(ring, ratios, start, start + 3000, cuts)
    np.testing.assert_allclose(in_blocks, whole, rtol=0, atol=1e-6)


def test_a_new_gap_has_its_own_shares() -> None:
    ring = input_ring(noise(8000, 1)[0])
    first, second = (np.repeat(np.eye(2, dtype=np.float32)[[k]].T, BINS, 1) for k in (0, 1))
    separate, out = HoldFilter(2, 2, 1024), np.zeros((2, 2, 300), np.float32)
    for position, ratios, empty in ((1000, first, 1), (1300, second, 0), (5000, first, 1)):
        separate.begin(position, ratios)
        separate.apply(ring, position, out)
        assert not out[empty].any() and out[1 - empty].any()


def test_beyond_the_end_of_the_input_is_silence() -> None:
    signal = noise(4000, 1)[0]
    out = held(input_ring(signal), np.full((2, BINS), 0.5, np.float32), 3000, 4000 + 2 * WINDOW)
    assert np.isfinite(out).all() and not out[..., 1000 + WINDOW :].any()
    np.testing.assert_allclose(
        out.sum(0)[:, : 1000 - WINDOW + HOP], signal[:, 3000 : 4000 - WINDOW + HOP], atol=1e-6
    )


def test_nothing_is_known_before_the_first_shares() -> None:
    assert not Ratios(new_arena(), 4).latest().any()


def test_the_newest_shares_are_read() -> None:
    buffer = bytearray(1 << 16)
    writer, reader = Ratios(Arena(buffer), 4), Ratios(Arena(buffer), 4)
    for seed in range(5):
        ratios = ratios_of(noise(2000, seed=seed))
        writer.publish(ratios)
        np.testing.assert_array_equal(reader.latest(), ratios)
        np.testing.assert_array_equal(reader.latest(), ratios)


def test_a_reader_that_is_lapped_keeps_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = bytearray(1 << 16)
    writer, reader = Ratios(Arena(buffer), 1), Ratios(Arena(buffer), 1)
    writer.publish(np.full((1, BINS), 1, np.float32))
    reader.latest()
    writer.publish(np.full((1, BINS), 2, np.float32))
    monkeypatch.setattr("rtsep.mixer.conceal.fence", between_two(lambda: lap(writer)))
    np.testing.assert_array_equal(reader.latest(), 1)
    monkeypatch.undo()
    np.testing.assert_array_equal(reader.latest(), 4)


def lap(writer: Ratios) -> None:
    for value in (3, 4):
        writer.publish(np.full((1, BINS), value, np.float32))


def between_two(act: Callable[[], None]) -> Callable[[], None]:
    """A fence at whose second passing something happens, once."""
    passed = []

    def fence() -> None:
        passed.append(None)
        if len(passed) == 2:
            act()

    return fence


def test_shares_are_never_torn_while_another_process_writes() -> None:
    context = multiprocessing.get_context("spawn")
    buffer = context.RawArray("B", 1 << 16)
    reader = Ratios(Arena(buffer), 4)
    process = context.Process(target=publish_for_a_while, args=(buffer, 0.5))
    process.start()
    seen: list[float] = []
    while process.is_alive():
        ratios = reader.latest()
        assert ratios.min() == ratios.max()
        seen.append(float(ratios[0, 0]))
    process.join()
    assert process.exitcode == 0
    assert seen == sorted(seen) and len(set(seen)) > 5
