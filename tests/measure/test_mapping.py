"""A map measures what a stream gives, on the excerpt that was asked for, cheapest first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from networks import small_bag
from small_songs import RATE, write_song

from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.measure.grid import Axes, cost, grid
from rtsep.measure.mapping import Take, all_jobs, measure, take_song
from rtsep.measure.songs import read_song, score
from rtsep.report.map_table import Measurement

FRAME = 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_song(tmp_path_factory.mktemp("songs") / "song", 1.0, rest=("bass", "other"))


@pytest.fixture(scope="module")
def like_official() -> Separator:
    """Untrained, with windows of up to 7.8 s."""
    return Separator("small", small_bag(), torch.device("cpu"))


def measured(separator: Separator, take: Take, axes: Axes) -> list[Measurement]:
    specs, _ = grid(separator, axes)
    return [
        measure(separator, job, lambda cost: None) for job in all_jobs(separator, [take], specs)
    ]


@pytest.mark.parametrize("mode", ["exact", "incremental"])
def test_figures_are_those_of_a_stream(small_separator: Separator, folder: Path, mode: str) -> None:
    song = read_song(folder, RATE)
    take = take_song(small_separator, folder, 0.0, 1.0)
    axes = Axes(windows=(0.4,), hops=(0.14,), lookaheads=(0.046,), modes=(mode,))
    offline, point = measured(small_separator, take, axes)
    stream = small_separator.stream(window=0.4, hop=0.14, lookahead=0.046, mode=mode)
    out = np.concatenate((stream.process(song["mixture"]), stream.flush()), -1)
    out = out[..., stream.latency_samples :]
    assert point.sdr == score(small_separator.stems, song, out)
    assert point.point.mode == mode and point.step_p50_ms and point.step_p50_ms > 0
    whole = small_separator.separate(song["mixture"])
    assert offline.sdr == score(small_separator.stems, song, whole)
    assert (offline.point.mode, offline.point.latency_ms) == ("offline", None)


@pytest.mark.parametrize(("delay", "samples"), [(0.012, 512), (0.023, 1024)])
def test_the_instant_path_has_points_of_its_own(
    small_separator: Separator, folder: Path, delay: float, samples: int
) -> None:
    """What it hears before the excerpt is all of the song, where that is no more than 20 s."""
    song = read_song(folder, RATE)
    take = take_song(small_separator, folder, 0.5, 0.5)
    _, job = all_jobs(small_separator, [take], [], [delay])
    parts: list[float] = []
    found = measure(small_separator, job, parts.append)
    stream = small_separator.stream(window=1.0, path="instant", delay=delay)
    out = np.concatenate((stream.process(song["mixture"]), stream.flush()), -1)
    out = out[..., stream.latency_samples :][..., RATE // 2 :]
    scored = {name: audio[:, RATE // 2 :] for name, audio in song.items()}
    assert found.sdr == score(small_separator.stems, scored, out)
    assert (found.point.mode, found.step_p50_ms) == ("instant", None)
    assert found.point.latency_ms == pytest.approx(1000 * samples / RATE, abs=0.01)
    assert sum(parts) == pytest.approx(job.cost)


def test_a_stream_has_run_in_before_the_excerpt(small_separator: Separator, folder: Path) -> None:
    """A window of the song is heard before, and the audio after, as in the middle of a set."""
    song = read_song(folder, RATE)
    take = take_song(small_separator, folder, 0.5, 0.3)
    axes = Axes(windows=(0.4,), hops=(0.093,), lookaheads=(0.046,), modes=("exact",))
    offline, point = measured(small_separator, take, axes)
    stream = small_separator.stream(window=0.4, hop=0.093, lookahead=0.046, mode="exact")
    first, last = round(0.5 * RATE), round(0.8 * RATE)
    lead = stream.spec.window
    out = stream.process(song["mixture"][:, first - lead : last + stream.latency_samples])
    scored = {name: audio[:, first:last] for name, audio in song.items()}
    stems = out[..., lead + stream.latency_samples :]
    assert point.sdr == score(small_separator.stems, scored, stems)
    whole = small_separator.separate(song["mixture"])[..., first:last]
    assert offline.sdr == pytest.approx(score(small_separator.stems, scored, whole), abs=1)


def test_the_parts_of_a_cost_are_its_whole(small_separator: Separator, folder: Path) -> None:
    take = take_song(small_separator, folder, 0.2, 0.5)
    specs, _ = grid(small_separator, Axes(windows=(0.4,), hops=(0.186,)))
    for job in all_jobs(small_separator, [take], specs):
        parts: list[float] = []
        measure(small_separator, job, parts.append)
        assert sum(parts) == pytest.approx(job.cost) and len(parts) > 0


@pytest.mark.parametrize(
    ("start", "seconds", "expected"),
    [
        (None, None, (0.0, 1.0)),
        (None, 0.5, (0.25, 0.5)),  # the middle
        (0.25, None, (0.25, 0.75)),
        (0.5, 0.5, (0.5, 0.5)),
    ],
)
def test_excerpts(
    small_separator: Separator,
    folder: Path,
    start: float | None,
    seconds: float | None,
    expected: tuple[float, float],
) -> None:
    take = take_song(small_separator, folder, start, seconds)
    assert (take.start_s, take.seconds) == expected
    first = round(expected[0] * RATE)
    there = read_song(folder, RATE)["drums"][:, first : first + round(expected[1] * RATE)]
    np.testing.assert_array_equal(take.truth()["drums"], there)


@pytest.mark.parametrize(("start", "seconds"), [(0.7, 0.4), (2.0, None), (None, 1.1), (1.0, None)])
def test_excerpts_beyond_the_end(
    small_separator: Separator, folder: Path, start: float | None, seconds: float | None
) -> None:
    with pytest.raises(ConfigError, match=r"song is 1.00 s long and has no .* choose another --st"):
        take_song(small_separator, folder, start, seconds)


def test_the_usual_map_is_a_star(like_official: Separator) -> None:
    specs, misfits = grid(like_official, Axes())
    assert misfits == 0 and len(specs) == 2 * (5 + 3 * (3 + 2))
    frames = [(s.window // FRAME, s.hop // FRAME, s.lookahead // FRAME) for s in specs]
    assert {window for window, _, _ in frames} == {43, 86, 172, 335}  # 335: the network's longest
    assert {hop for _, hop, _ in frames} == {1, 2, 4, 8, 16}
    assert {lookahead for _, _, lookahead in frames} == {0, 2, 8}
    assert all((w, la) == (86, 2) for w, hop, la in frames if hop < 4)


def test_the_cheapest_come_first(like_official: Separator) -> None:
    specs, _ = grid(like_official, Axes())
    costs = [cost(spec) for spec in specs]
    assert costs == sorted(costs)
    assert (specs[0].mode, specs[0].hop) == ("incremental", 16 * FRAME)
    assert (specs[-1].mode, specs[-1].window, specs[-1].hop) == ("exact", 86 * FRAME, FRAME)


def test_chosen_values_are_combined(like_official: Separator) -> None:
    specs, misfits = grid(like_official, Axes(windows=(0.5, 1.0), hops=(0.1, 0.101, 0.42)))
    # 0.1 and 0.101 are one hop; of a window of 0.5 s, 0.42 s of new audio leave nothing to remember
    assert len(specs) == 7 and misfits == 1
    assert all(spec.lookahead == 2 * FRAME for spec in specs)


@pytest.mark.parametrize(
    ("axes", "complaint"),
    [
        (Axes(windows=(1.0, 8.0)), "window must be at most 7.80 s"),
        (Axes(windows=(1.0,), hops=(0.1, 2.0)), "do not fit into a window"),
        (Axes(lookaheads=(float("nan"),)), "lookahead must be a time in seconds"),
    ],
)
def test_a_chosen_value_that_fits_nowhere_is_told(
    like_official: Separator, axes: Axes, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        grid(like_official, axes)
