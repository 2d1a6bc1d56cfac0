"""Slower and faster: the pitch stays, the place goes on, stems still make up their mix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deck import RATE, Start, find, ramp, write
from stem_songs import song, write_song

from rtsep.errors import ConfigError


def pitch(tone: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(tone.size)))
    peak = int(spectrum.argmax())
    low, middle, high = np.log(spectrum[peak - 1 : peak + 2])
    return float((peak + 0.5 * (low - high) / (low - 2 * middle + high)) * RATE / tone.size)


@pytest.mark.parametrize("speed", [0.5, 0.8, 0.95, 1.1, 1.5])
def test_the_pitch_stays(deck: Start, tmp_path: Path, speed: float) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(12 * RATE) / RATE)
    playing = deck(write(tmp_path / "tone.wav", np.stack([tone, tone])))
    playing.play(RATE)
    playing.transport.set_speed(speed)
    playing.turn()
    playing.play(RATE)
    began = playing.transport.status.position
    playing.play(3 * RATE)
    went = playing.transport.status.position - began
    assert went == pytest.approx(3 * speed, abs=0.05)
    heard = playing.fed[0, -3 * RATE :]
    assert abs(1200 * np.log2(pitch(heard) / 440)) < 2  # cents; a semitone is 100
    assert np.abs(heard).max() < 0.51 and np.std(heard) == pytest.approx(0.5 / 2**0.5, rel=0.02)
    assert not playing.shared.counters.starved[0]


def test_clicks_come_when_the_display_says_so(deck: Start, tmp_path: Path) -> None:
    audio = 0.01 * ramp(8 * RATE)
    beats = np.arange(RATE // 2, 8 * RATE, RATE // 2)
    for beat in beats:
        audio[:, beat : beat + 50] += 0.8
    playing = deck(write(tmp_path / "beats.wav", audio))
    playing.transport.set_speed(0.75)
    playing.turn()
    places = []
    loud = 0
    while len(places) < 8:
        playing.play(256)
        now = np.abs(playing.heard[0, -256:]).max() > 0.4
        if now and playing.heard.shape[1] - loud > RATE // 10:
            places.append(playing.transport.status.position)
            loud = playing.heard.shape[1]
    np.testing.assert_allclose(places, beats[:8] / RATE, atol=0.08)


def test_back_at_the_usual_speed_every_sample_is_the_files(deck: Start, tmp_path: Path) -> None:
    audio = ramp(8 * RATE)
    playing = deck(write(tmp_path / "song.wav", audio))
    for speed in (0.8, 1.0):
        playing.transport.set_speed(speed)
        playing.turn()
        playing.play(RATE)
    assert find(playing.fed[:, -RATE // 2 :], audio) >= 0


def test_stems_are_stretched_alike(deck: Start, tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    write_song(path, song(4 * RATE), codec="alac")
    playing = deck(path, stems=True)
    playing.transport.set_speed(0.8)
    playing.turn()
    playing.play(2 * RATE)
    rows = np.zeros((8, RATE // 2), np.float32)
    mix = np.zeros((2, RATE // 2), np.float32)
    place = int(playing.shared.counters.feed_position[0]) - RATE
    assert playing.shared.feed_stems
    playing.shared.feed_stems.read_into(place, rows)
    playing.shared.feed.read_into(place, mix)
    assert np.std(mix) > 0.05
    # nothing had to be shared among them: each is what it would be alone
    np.testing.assert_allclose(rows.reshape(4, 2, -1).sum(0), mix, atol=1e-5)


@pytest.mark.parametrize("speed", [0.4, 1.6, float("nan")])
def test_other_speeds_are_refused(deck: Start, tmp_path: Path, speed: float) -> None:
    playing = deck(write(tmp_path / "song.wav", ramp(RATE)))
    with pytest.raises(ConfigError, match=r"speed is 0\.5 to 1\.5"):
        playing.transport.set_speed(speed)
