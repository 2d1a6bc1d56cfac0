"""Equalizers and filters in a live session: where they are heard, and where not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from live_rig import RATE, BandNetwork, VirtualSession, music

from rig.server import Capture, JackServer, Player
from rtsep.live_session.callback import MIX
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession
from rtsep.mixer.control import BANDS
from rtsep.mixer.desk import Desk
from rtsep.mixer.faders import Block
from rtsep.mixer.tone import Tone

STEMS = BandNetwork().stems
OUTPUTS = (MIX, 0, 1, 2, 3)


def a_desk(session: VirtualSession) -> Desk:
    return Desk(STEMS, session.shared.control)


def turn(desk: Desk) -> None:
    desk.set_eq("drums", "low", -9)
    desk.set_kill("bass", "mid", True)
    desk.set_filter("other", 0.4)
    desk.set_filter("vocals", -0.4)


def parts(played: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mix, and the stems."""
    return played[:2], played[2:].reshape(4, 2, -1)


@pytest.mark.parametrize("block", [100, 256])
def test_stems_and_their_mix_are_toned_and_recordings_of_stems_are_not(block: int) -> None:
    audio = music(1.5)
    plain, toned = (VirtualSession(block=block, outputs=OUTPUTS) for _ in range(2))
    _, stems = parts(plain.run(audio))
    turn(a_desk(toned))
    toned.new_callback(settle=True)
    mix, heard = parts(toned.run(audio))
    expected = np.empty_like(stems)
    tone = Tone(toned.shared.control, 4, 2, RATE, 256)
    for start in range(0, audio.shape[1], 256):
        piece = stems[..., start : start + 256]
        expected[..., start : start + 256] = tone.apply(Block.whole(piece, piece.sum(0))).stems
    np.testing.assert_allclose(heard, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(mix, expected.sum(0), rtol=0, atol=1e-5)
    assert np.abs(heard - stems).max() > 0.01
    tapes = []
    for session in (plain, toned):
        tape = np.empty((session.shared.tape.channels, RATE), np.float32)
        session.shared.tape.read_into(0, tape)
        tapes.append(tape)
    np.testing.assert_array_equal(tapes[0][:8], tapes[1][:8])  # stems as they were made
    assert np.abs(tapes[0][8:10] - tapes[1][8:10]).max() > 0.01  # the mix as it was heard


def test_meters_are_those_of_what_is_heard() -> None:
    session = VirtualSession()
    desk = a_desk(session)
    for band in BANDS:
        desk.set_kill("bass", band, True)
    session.new_callback(settle=True)
    session.run(music(1.5))
    levels = dict(zip(STEMS, session.shared.meters.stems, strict=True))
    assert levels["bass"].peak_db < -100 < -40 < levels["drums"].peak_db


def test_a_successor_begins_with_the_knobs_where_they_are() -> None:
    session = VirtualSession(outputs=OUTPUTS)
    desk = a_desk(session)
    before = session.run(music(1.5))[:2, -RATE // 5 :]
    for stem in STEMS:
        desk.set_kill(stem, "high", True)
    desk.set_master_filter(-0.8)
    session.new_callback()
    mix, heard = parts(session.run(music(0.2)))
    for signal in (mix, *heard):
        assert highs(signal) < 0.01 * highs(before)


def highs(audio: np.ndarray) -> float:
    """The loudest above 4.9 kHz."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(audio.shape[1])))
    return float(spectrum[:, audio.shape[1] * 4900 // RATE :].max())


def level(capture: Capture, hz: float, since: int) -> float:
    """Of a tone, in dB."""
    sound = capture.audio[0, since : since + RATE]
    wave = np.exp(-2j * np.pi * hz * np.arange(len(sound)) / RATE) * np.hanning(len(sound))
    return float(20 * np.log10(np.abs(sound @ wave) * 4 / len(sound) + 1e-9))


def test_a_kill_on_a_real_server(
    jack_server: JackServer, live_session: Callable[..., LiveSession], tmp_path: Path
) -> None:
    """A low and a high note through a session, before and after all its lows are killed."""
    session = live_session(audio=AudioRequest(input="system", output="system"), hop=0.14)
    at = np.arange(round(2.5 * RATE)) / RATE
    song = 0.2 * np.sin(2 * np.pi * 70 * at) + 0.2 * np.sin(2 * np.pi * 6000 * at)
    song = np.tile(song, (2, 1)).astype(np.float32)
    heard = {}
    for name in ("plain", "killed"):
        folder = tmp_path / name
        folder.mkdir()
        capture = Player(jack_server, folder, song, seconds=3.0, client="rtsep").finish()
        since = session.status().latency_samples + RATE // 2
        heard[name] = [level(capture, hz, since) for hz in (70, 6000)]
        for stem in session.desk.stems:
            session.desk.set_kill(stem, "low", True)
    low, high = np.subtract(heard["killed"], heard["plain"])
    assert low < -40 and abs(high) < 1, heard
    assert heard["plain"] == pytest.approx([-14, -14], abs=0.5)
