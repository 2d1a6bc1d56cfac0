"""A session wires source, stream, mixer and sink, and reports what it did."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from small_models import RATE, band, write_band

from rtsep.config import StreamSettings
from rtsep.engine.separator import Separator
from rtsep.errors import AudioFileError, ConfigError
from rtsep.files.session import FileSession, SessionReport, run_file_session
from rtsep.files.sources import check_input
from rtsep.setup.load import choose_device
from rtsep.setup.runtime import prepare_process

Run = Callable[..., SessionReport]


@pytest.fixture
def run(small_separator: Separator, tmp_path: Path) -> Run:
    """A session over a second of sound into tmp_path / "out"."""
    source = write_band(tmp_path / "in.wav", 1)

    def call(
        hop: float = 0.05,
        output: str = str(tmp_path / "out"),
        mode: str | None = "exact",
        **told: Any,
    ) -> SessionReport:
        settings = StreamSettings(window=0.2, hop=hop, mode=mode)
        session = FileSession(input=str(source), output=output, stream=settings)
        return run_file_session(small_separator, session, **told)

    return call


def mix_in(folder: Path) -> np.ndarray:
    return soundfile.read(folder / "mix.wav", dtype="float32")[0].T


def test_progress_counts_up_to_the_end(run: Run) -> None:
    heard: list[tuple[int, int]] = []
    run(progress=lambda done, total: heard.append((done, total)))
    done, totals = zip(*heard, strict=True)
    assert list(done) == sorted(set(done)) and set(totals) == {RATE}
    assert (done[0], done[-1]) == (0, RATE)


@pytest.mark.parametrize("hop", [0.0232, 0.0464, 0.0929, 0.1393])
@pytest.mark.parametrize("calls", [1, 3])
def test_stopping_fades_to_silence_within_a_hop(
    run: Run, tmp_path: Path, hop: float, calls: int
) -> None:
    asked = chain([False] * (calls - 1), repeat(True))
    report = run(hop, should_stop=lambda: next(asked))
    assert report.streamed
    samples, mix = report.streamed.stream.spec.hop, mix_in(tmp_path / "out")
    assert report.stopped_early and round(report.seconds * RATE) == mix.shape[1]
    assert np.abs(mix[:, -1]).max() < 1e-6
    size = min(samples, mix.shape[1])
    before, fade = np.split(mix, [mix.shape[1] - size], axis=1)
    np.testing.assert_allclose(before, band(1)[:, : before.shape[1]], rtol=0, atol=1e-6)
    gain = np.linalg.norm(fade, axis=0) / np.linalg.norm(
        band(1)[:, before.shape[1] :][:, :size], axis=0
    )
    assert np.all(np.diff(gain) < 1e-3) and gain[0] > 0.9


def test_a_run_that_nobody_stops_does_not_fade(run: Run, tmp_path: Path) -> None:
    report = run()
    assert not report.stopped_early and report.seconds == 1
    np.testing.assert_allclose(mix_in(tmp_path / "out"), band(1), rtol=0, atol=1e-6)


def test_every_full_hop_is_a_timed_step(run: Run) -> None:
    report = run(output="null")
    assert report.streamed and report.files == []
    times, hop = report.streamed.times, report.streamed.stream.spec.hop
    assert len(times) == RATE // hop and times.deadline_seconds == hop / RATE


def test_a_stream_is_incremental_unless_told_otherwise(run: Run) -> None:
    for mode, expected in ((None, "incremental"), ("exact", "exact")):
        report = run(output="null", mode=mode)
        assert report.streamed and report.streamed.stream.spec.mode == expected


@pytest.fixture
def offline(small_separator: Separator, tmp_path: Path) -> Run:
    """A session over three seconds, which are four segments, into tmp_path / "out"."""
    source = write_band(tmp_path / "in.wav", 3)

    def call(changes: dict[str, Any] | None = None, **told: Any) -> SessionReport:
        session = FileSession(input=str(source), output=str(tmp_path / "out"), **(changes or {}))
        return run_file_session(small_separator, session, **told)

    return call


def test_without_a_stream_it_is_separated_offline_and_sums_to_the_input(
    offline: Run, small_separator: Separator, tmp_path: Path
) -> None:
    report = offline({"mute": ("bass",)})
    assert report.streamed is None and (report.seconds, report.sdr) == (3, {})
    stems = np.stack(
        [soundfile.read(tmp_path / "out" / f"{s}.wav")[0].T for s in small_separator.stems]
    )
    expected = small_separator.separate(band(3))
    residual = (band(3) - expected.sum(0)) / len(expected)
    assert np.abs(residual).max() > 1e-3  # as it comes it does not sum to the input
    np.testing.assert_allclose(stems, expected + residual, rtol=0, atol=1e-5)
    np.testing.assert_allclose(stems.sum(0), band(3), rtol=0, atol=1e-6)
    np.testing.assert_allclose(mix_in(tmp_path / "out"), stems[[0, 2, 3]].sum(0), atol=1e-6)


def test_progress_offline_is_told_segment_by_segment(offline: Run) -> None:
    heard: list[int] = []
    offline(progress=lambda done, total: heard.append(done))
    stride = int(0.75 * RATE)
    assert heard == [0, stride, 2 * stride, 3 * stride, 3 * RATE]


def test_stopping_offline_fades_out_in_the_segment_that_is_there(
    offline: Run, tmp_path: Path
) -> None:
    heard: list[int] = []
    report = offline(
        progress=lambda done, total: heard.append(done), should_stop=lambda: len(heard) > 2
    )
    mix = mix_in(tmp_path / "out")
    assert report.stopped_early and len(heard) == 3  # no segment after it
    assert heard[1] < mix.shape[1] < heard[2]
    np.testing.assert_allclose(mix[:, : heard[1]], band(3)[:, : heard[1]], rtol=0, atol=1e-6)
    fading = np.linalg.norm(mix[:, heard[1] :], axis=0)
    assert fading[0] > 0 and np.all(fading[round(0.05 * RATE) :] == 0)


def test_settings_are_checked_before_a_file_is_touched(
    small_separator: Separator, tmp_path: Path
) -> None:
    source = write_band(tmp_path / "in.wav", 0.1)
    wrong: tuple[dict[str, Any], ...] = (
        {"mute": ("piano",)},
        {"gains_db": {"bass": 9}},
        {"stream": StreamSettings(window=0.3, hop=3.0)},
        {"stream": StreamSettings(window=0.3, mode="x")},
    )
    for changes in wrong:
        session = FileSession(input=str(source), output=str(tmp_path / "out"), **changes)
        with pytest.raises(ConfigError):
            run_file_session(small_separator, session)
    assert not (tmp_path / "out").exists()


def test_inputs_are_checked_without_a_model(tmp_path: Path) -> None:
    check_input("demo")
    check_input(str(write_band(tmp_path / "in.wav", 0.1)))
    for missing in (tmp_path / "none.wav", tmp_path):
        with pytest.raises(AudioFileError):
            check_input(str(missing))


def test_auto_takes_the_best_device_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.mps, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.mps, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")


def test_our_own_processes_flush_denormals() -> None:
    torch.set_flush_denormal(False)
    assert (torch.tensor([1e-39]) * 0.5).item() > 0
    prepare_process()
    assert (torch.tensor([1e-39]) * 0.5).item() == 0
