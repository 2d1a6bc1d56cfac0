"""Real processes that are stopped, killed and started again, with the model's real engine."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from live_rig import music, wait_until

from rtsep.errors import ConfigError, ModelError, RtsepError
from rtsep.live_session import watch
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.recorder import RecordSpec
from rtsep.live_session.session import LiveSession

pytestmark = pytest.mark.usefixtures("spawned_processes")

Start = Callable[..., LiveSession]


def steps(session: LiveSession) -> int:
    return session.status().steps


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_a_session_runs_reports_and_leaves_nothing_behind(live_session: Start) -> None:
    session = live_session()
    pids = session.pids.values()
    wait_until(lambda: steps(session) > 5)
    status = session.status()
    assert (status.state, status.model, status.compute) == ("running", "small", "cpu")
    assert status.seconds > 5 * status.hop_ms / 1000
    assert status.input_level.peak_db > -20 and len(status.stem_levels) == 4
    assert 0 < status.step_ms["p50"] <= status.step_ms["max"]
    assert 0 < status.callback_ms["p50"] <= status.callback_ms["p99.9"]
    assert status.callbacks > 100
    assert status.latency_samples == session.layout.delay
    session.stop()
    assert session.status().state == "stopped"
    assert all(map(gone, pids))


def test_a_killed_engine_is_replaced_and_the_sound_goes_on(live_session: Start) -> None:
    session = live_session()
    wait_until(lambda: steps(session) > 2)
    first = session.pids["engine"]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: session.status().engine_restarts == 1)
    assert session.status().state == "engine restarting"
    before = session.status()
    wait_until(lambda: session.status().callbacks > before.callbacks + 50)
    wait_until(lambda: session.status().state == "running")
    assert session.pids["engine"] != first and gone(first)
    restarted = steps(session)
    wait_until(lambda: steps(session) > restarted + 3)
    assert session.status().concealed > 0
    told = session.status().events
    assert any("started again" in text for text in told) and "engine is back" in told[-1]


def test_an_engine_that_is_late_is_given_more_time(live_session: Start) -> None:
    """With a budget that no step keeps to. Whoever takes over goes on with what was found."""
    session = live_session(engine={"adapts": True, "budget": 0.0005})
    first = session.status()
    wait_until(lambda: session.status().retunings > 0)
    status = session.status()
    assert status.misses >= 3
    assert "each has more time; the latency is" in "".join(status.events)
    grown = status.latency_samples - first.latency_samples
    assert grown >= 1024 and session.shared.delay == session.layout.delay + grown
    os.kill(session.pids["engine"], signal.SIGKILL)
    wait_until(lambda: session.status().engine_restarts == 1)
    wait_until(lambda: session.status().state == "running")
    restarted = steps(session)
    wait_until(lambda: steps(session) > restarted + 3)
    assert session.status().latency_samples >= status.latency_samples
    os.kill(session.pids["audio"], signal.SIGKILL)
    wait_until(lambda: session.status().device_losses == 1)
    wait_until(lambda: session.status().state == "running")
    assert session.shared.delay == session.status().latency_samples


def test_a_killed_audio_process_is_replaced_and_positions_go_on(live_session: Start) -> None:
    session = live_session()
    wait_until(lambda: steps(session) > 2)
    first, before = session.pids["audio"], session.status().seconds
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: session.status().device_losses == 1)
    wait_until(lambda: session.status().state == "running" and session.pids["audio"] != first)
    wait_until(lambda: session.status().seconds > before + 1)
    restarted = steps(session)
    wait_until(lambda: steps(session) > restarted + 3)
    assert gone(first)
    assert session.status().engine_restarts == 0


def test_a_stalled_engine_is_covered_and_goes_on(live_session: Start) -> None:
    session = live_session()
    wait_until(lambda: steps(session) > 3)
    engine = session.pids["engine"]
    os.kill(engine, signal.SIGSTOP)
    before = session.status()
    wait_until(lambda: session.status().concealed > before.concealed + 10_000)
    os.kill(engine, signal.SIGCONT)
    after = steps(session)
    wait_until(lambda: steps(session) > after + 3)
    status = session.status()
    assert status.engine_restarts == 0
    assert status.misses > 0


def test_an_engine_that_hangs_is_replaced(
    live_session: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "HANG_SECONDS", 1.0)
    session = live_session()
    wait_until(lambda: steps(session) > 2)
    os.kill(session.pids["engine"], signal.SIGSTOP)
    wait_until(lambda: session.status().engine_restarts == 1)
    wait_until(lambda: session.status().state == "running")
    restarted = steps(session)
    wait_until(lambda: steps(session) > restarted + 2)


def test_a_source_that_ends_ends_the_session(live_session: Start, tmp_path: Path) -> None:
    audio = music(1.3)
    record = RecordSpec(folder=tmp_path, first=str(tmp_path / "out"))
    session = live_session(
        source=lambda rate, samples: iter(np.array_split(audio, 20, 1)),
        record=record,
        record_now=True,
        budget=2.0,  # so that no hop is late, however busy the machine
    )
    assert session.finished.wait(60)
    session.stop()
    files = {
        path.stem: soundfile.read(path, dtype="float32")[0].T for path in session.recorder.files
    }
    assert files.keys() == {"drums", "bass", "other", "vocals", "input", "mix"}
    assert np.array_equal(files["input"], audio)
    assert np.array_equal(files["mix"], audio)  # faders at unity
    stems = [files[stem] for stem in session.desk.stems]
    assert np.abs(np.sum(stems, 0) - audio).max() < 1e-6


def test_takes_begin_and_end_with_the_record_button(live_session: Start, tmp_path: Path) -> None:
    session = live_session()
    for take in (1, 2):
        session.desk.set_recording(True)
        wait_until(lambda: session.status().recorded_seconds > 0.3)
        session.desk.set_recording(False)
        wait_until(lambda: session.status().recorded_seconds == 0)
        folder = tmp_path / "takes" / f"take-{take:03}"
        audio, rate = soundfile.read(folder / "mix.wav")
        assert len(audio) > 0.3 * rate and np.abs(audio).max() > 0.1
        lengths = {soundfile.info(path).frames for path in folder.iterdir()}
        assert lengths == {len(audio)} and len(list(folder.iterdir())) == 6


def test_a_full_disk_ends_the_take_and_not_the_session(live_session: Start, tmp_path: Path) -> None:
    session = live_session(record=RecordSpec(folder=Path("/dev/full/takes")))
    session.desk.set_recording(True)
    wait_until(lambda: not session.desk.recording)
    assert any("recording stopped" in text for text in session.status().events)
    before = session.status().callbacks
    wait_until(lambda: session.status().callbacks > before + 20)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"window": 0.01, "hop": 0.5}, ConfigError, "do not fit into a window"),
        ({"audio": AudioRequest(input="no such device", output=None)}, ConfigError, "device"),
        ({"mute": ("kazoo",)}, ConfigError, "no stem 'kazoo'"),
        ({"budget": -1.0}, ConfigError, "budget"),
    ],
)
def test_what_cannot_start_says_why_and_leaves_nothing(
    live_session: Start, changes: dict[str, object], error: type[RtsepError], text: str
) -> None:
    before = set(os.listdir("/proc"))
    with pytest.raises(error, match=text):
        live_session(**changes)
    time.sleep(0.1)
    mine = f"{os.getpid()}"
    new = [pid for pid in set(os.listdir("/proc")) - before if pid.isdecimal()]
    for pid in new:
        stat = Path(f"/proc/{pid}/stat")
        assert not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[1] != mine


def test_a_missing_model_is_told_by_the_parent(live_model: Path, live_session: Start) -> None:
    live_model_gone = live_model.with_name("gone.safetensors")
    from dataclasses import replace

    session = live_session()
    spec = replace(session.spec, engine=replace(session.spec.engine, model=str(live_model_gone)))
    with pytest.raises(ModelError, match=r"gone\.safetensors"):
        LiveSession(spec, session._observer).start()


def test_what_a_session_does_before_it_plays_is_told(live_session: Start, live_model: Path) -> None:
    """In its words and its engine's, as it comes."""
    told = live_session()._observer.phases  # type: ignore[attr-defined]
    rest = iter(told)
    for text in (
        "looking for the sound devices", "loading PyTorch", f"loading {live_model}",
        "trying a few steps", "opening the sound devices",
    ):  # fmt: skip
        assert text in rest, told
