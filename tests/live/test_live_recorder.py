"""Takes line up and begin where they should; a disk that is slow or full costs only the take."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import sound
from live_rig import VirtualSession, music, wait_until

from rtsep.audio import wav
from rtsep.config import PATHS
from rtsep.live_session.recorder import Recorder, RecordSpec
from rtsep.mixer.desk import Desk

STEMS = ("drums", "bass", "other", "vocals")


class Studio:
    """A virtual session and a recorder of it."""

    def __init__(self, folder: Path, **spec: Any) -> None:
        self.events: list[str] = []
        self.session = VirtualSession(instant=True)
        shared = self.session.shared
        self.desk = Desk(STEMS, shared.control, PATHS)
        self.desk.set_recording(spec.pop("now", False))
        self.recorder = Recorder(
            shared.tape,
            self.session.layout,
            self.desk,
            RecordSpec(folder=folder, **spec),
            heard=lambda: shared.input.head - shared.delay_on(shared.path),
            end=lambda: None,
            on_event=self.events.append,
        )
        self.recorder.start()

    def play(self, audio: np.ndarray) -> None:
        self.session.run(audio)


def test_a_take_from_the_start_begins_with_the_first_sample(tmp_path: Path) -> None:
    studio, audio = Studio(tmp_path, first=str(tmp_path / "all"), now=True), music(1.5)
    studio.play(audio)
    studio.recorder.close()
    count = audio.shape[1] - studio.session.delay
    signals = {name: sound(tmp_path / "all" / f"{name}.wav") for name in (*STEMS, "mix", "input")}
    assert {signal.shape for signal in signals.values()} == {(2, count)}
    assert np.array_equal(signals["input"], audio[:, :count])
    assert np.array_equal(signals["mix"], audio[:, :count])
    assert np.abs(sum(signals[stem] for stem in STEMS) - signals["input"]).max() < 1e-6


def test_a_later_take_begins_when_the_button_is_pressed(tmp_path: Path) -> None:
    studio, audio = Studio(tmp_path), music(1.0)
    studio.play(audio)
    pressed = studio.session.shared.tape.head
    studio.desk.set_recording(True)
    wait_until(lambda: bool(studio.recorder.files))
    studio.play(audio)
    studio.recorder.close()
    played = np.concatenate((audio, audio), 1)[:, pressed : studio.session.shared.tape.head]
    assert np.array_equal(sound(tmp_path / "take-001" / "input.wav"), played)


def test_a_take_after_a_change_to_a_later_path_begins_no_later(tmp_path: Path) -> None:
    """What is heard once more then is on the tape from the first time, and only there."""
    studio, audio = Studio(tmp_path), music(1.0)
    session = studio.session
    studio.desk.set_path("instant")
    studio.play(audio)
    studio.desk.set_path("full")
    studio.play(audio[:, :2048])  # the crossfade
    pressed = session.shared.input.head - session.delay
    assert pressed < session.shared.tape.head - 1000
    studio.desk.set_recording(True)
    wait_until(lambda: bool(studio.recorder.files))
    studio.play(audio)
    studio.recorder.close()
    came = np.concatenate((audio, audio[:, :2048], audio), 1)
    played = came[:, pressed : session.shared.tape.head]
    assert np.array_equal(sound(tmp_path / "take-001" / "input.wav"), played)


def test_the_mix_alone_goes_into_one_file(tmp_path: Path) -> None:
    studio = Studio(tmp_path, first=str(tmp_path / "mix.wav"), now=True)
    studio.play(music(0.8))
    studio.recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]
    assert sound(tmp_path / "mix.wav").shape[1] == studio.session.shared.tape.head


def test_what_a_slow_disk_misses_is_silence_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tape goes round once before anything is written."""
    studio = Studio(tmp_path, first=str(tmp_path / "take"), now=True)
    tape, block = studio.session.shared.tape, np.full((12, 4096), 0.5, np.float32)
    write = studio.recorder._write
    monkeypatch.setattr(studio.recorder, "_write", lambda: None)
    while tape.head < tape.capacity + 100_000:
        tape.write(block)
    monkeypatch.setattr(studio.recorder, "_write", write)
    studio.recorder.close()
    written = sound(tmp_path / "take" / "mix.wav")
    assert written.shape[1] == tape.head
    lost = int((written[0] == 0).sum())
    assert lost > 0 and f"{lost} samples are missing" in " ".join(studio.events)
    assert (written[0, -tape.capacity // 2 :] == 0.5).all()


def test_a_disk_that_fills_up_leaves_a_playable_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, audio = Studio(tmp_path, first=str(tmp_path / "take"), now=True), music(1.0)
    studio.play(audio)
    wait_until(lambda: studio.recorder.seconds > 0.5)

    def full(self: wav.WavWriter, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(wav.WavWriter, "_write_all", full)
    studio.play(audio)
    wait_until(lambda: not studio.desk.recording)
    monkeypatch.undo()
    studio.recorder.close()
    assert any("recording stopped" in text and "No space left" in text for text in studio.events)
    assert sound(tmp_path / "take" / "mix.wav").shape[1] > 0.5 * 44_100
