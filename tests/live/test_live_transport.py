"""The transport of real sessions: processes, a network, a JACK server, the command."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_support import finish, sound, start
from live_rig import wait_until
from pythonosc.udp_client import SimpleUDPClient

from rig.server import RATE, JackServer, Player
from rtsep.errors import ConfigError
from rtsep.files.places import Kind, Place
from rtsep.files.sources import SourceBlocks
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession
from rtsep.player.course import FADE

Start = Callable[..., LiveSession]
FADED = round(0.1 * RATE)  # behind a pause: by then faders have arrived


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.3, 0.3, (2, 30 * RATE)).astype(np.float32)


@pytest.fixture
def path(noise: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, noise.T, RATE, subtype="FLOAT")
    return path


def playing(path: Path) -> SourceBlocks:
    return SourceBlocks(Place(Kind.FILE, str(path)))


def position(session: LiveSession) -> float:
    status = session.status().transport
    assert status
    return status.position


def stood(session: LiveSession) -> float:
    """The time of a session that is paused, once it stands still."""
    times = [-1.0]

    def still() -> bool:
        times.append(session.seconds)
        time.sleep(0.05)
        return times[-1] == times[-2]

    wait_until(still)
    return times[-1]


def test_in_a_pause_nobody_works_and_nothing_is_lost(live_session: Start, path: Path) -> None:
    session = live_session(source=playing(path))
    transport = session.desk.transport
    wait_until(lambda: position(session) > 0.3)
    transport.play(False)
    at = stood(session)
    time.sleep(1.0)  # the engine may still have had a hop
    steps = session.status().steps
    time.sleep(1.0)  # five hops
    status = session.status()
    assert (session.seconds, status.steps, status.state) == (at, steps, "running")
    assert status.transport and not status.transport.playing
    assert status.mix_level.peak_db == -np.inf
    transport.play(True)
    wait_until(lambda: session.status().steps > steps + 3)
    assert not session.shared.counters.starved[0]


def test_jumps_do_not_change_the_latency(live_session: Start, path: Path) -> None:
    session = live_session(source=playing(path))
    latency = session.status().latency_samples
    for target in (20.0, 3.0, 25.0):
        session.desk.transport.seek(target)
        wait_until(lambda target=target: target <= position(session) < target + 2)
    assert session.status().latency_samples == latency
    session.desk.transport.set_speed(0.8)
    wait_until(lambda: session.status().transport.speed == 0.8)
    session.desk.transport.seek(10.0)
    wait_until(lambda: 10.5 < position(session) < 20)
    began, since = position(session), session.seconds
    wait_until(lambda: session.seconds > since + 2)
    went = (position(session) - began) / (session.seconds - since)
    assert went == pytest.approx(0.8, abs=0.1)


def test_a_device_has_no_transport(
    jack_server: JackServer, live_session: Start, tmp_path: Path
) -> None:
    session = live_session(audio=AudioRequest(input="system", output="system"))
    assert session.status().transport is None
    with pytest.raises(ConfigError, match="a live input has no transport"):
        session.desk.transport.play(False)


def find(part: np.ndarray, whole: np.ndarray) -> int:
    """Where it lies in the whole, sample by sample; -1 if it does not."""
    for at in np.flatnonzero(whole[0, : whole.shape[1] - part.shape[1] + 1] == part[0, 0]):
        if np.array_equal(whole[:, at : at + part.shape[1]], part):
            return int(at)
    return -1


def hands(session: LiveSession) -> None:
    """A pause, a jump, a jump in a pause."""
    transport = session.desk.transport
    before = position(session)
    wait_until(lambda: position(session) > before + 0.7)
    transport.play(False)
    stood(session)
    time.sleep(0.4)
    transport.play(True)
    before = position(session)
    wait_until(lambda: position(session) > before + 0.5)
    transport.seek(20.0)
    wait_until(lambda: 20.5 < position(session) < 29)
    transport.play(False)
    stood(session)
    transport.seek(5.0)
    wait_until(lambda: position(session) == 5.0)
    time.sleep(0.4)
    transport.play(True)
    wait_until(lambda: 5.6 < position(session) < 15)


def silences(heard: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of at least a fifth of a second, by start and stop."""
    quiet = np.flatnonzero(np.diff(np.concatenate(([1], heard.any(0), [1]))))
    ends = zip(quiet[::2].tolist(), quiet[1::2].tolist(), strict=True)
    return [(start, stop) for start, stop in ends if stop - start > RATE // 5]


def test_what_jack_hears_is_the_song_in_the_order_of_the_hands(
    jack_server: JackServer, live_session: Start, path: Path, noise: np.ndarray, tmp_path: Path
) -> None:
    session = live_session(
        audio=AudioRequest(input=None, output="system"), source=playing(path), limiter=False
    )
    player = Player(
        jack_server, tmp_path, np.zeros((2, RATE), np.float32), seconds=9.0, client="rtsep"
    )
    moving = threading.Thread(target=hands, args=(session,))
    moving.start()
    capture = player.finish()
    moving.join()
    assert capture.missing_frames == 0
    heard = capture.audio
    # behind the first jump every sample is the file's, from the place that was wanted
    landed = find(noise[:, 20 * RATE + FADE :][:, : RATE // 4], heard)
    assert landed >= 0, "the session did not land at 20 s"
    # a pause: what came of the song on both sides of it are neighbours
    pauses = [gap for gap in silences(heard) if gap[0] > 0 and gap[1] < heard.shape[1]]
    start, stop = next(gap for gap in pauses if gap[1] < landed)
    before = find(heard[:, start - FADED - 512 : start - FADED], noise)
    after = find(heard[:, stop + FADED : stop + FADED + 512], noise)
    assert before >= 0 and after >= 0
    passed = (after - before) - (2 * FADED + 512)
    assert 0 <= passed < 1024  # the fade may end before the block in which time stops
    # a jump in a pause: nothing else is heard before it
    _, stop = next(gap for gap in pauses if gap[0] > landed)
    place = find(heard[:, stop + FADED : stop + FADED + 512], noise)
    assert 0 <= place - FADED - 5 * RATE < 0.05 * RATE


def command(live_model: Path, source: Path, out: Path, *more: object) -> list[object]:
    return ["-m", "rtsep", "--input", source, "--output", out, "--pace", "realtime", "--model",
            live_model, "--window", "0.2", "--hop", "140", "--lookahead", "0", "--midi", "off",
            "--ui", "off", "--json", *more]  # fmt: skip


def test_a_folder_is_played_song_after_song_to_its_end(
    live_model: Path, noise: np.ndarray, tmp_path: Path
) -> None:
    folder = tmp_path / "songs"
    folder.mkdir()
    for number, part in enumerate(np.split(noise[:, : 3 * RATE], [RATE + 77], 1)):
        soundfile.write(folder / f"{number}.wav", part.T, RATE, subtype="FLOAT")
    done = finish(start(*command(live_model, folder, tmp_path / "out")))
    assert done.code == 0, done.err
    assert not done.json["stopped_early"]
    recorded = sound(tmp_path / "out" / "input.wav")
    assert recorded.shape[1] >= 3 * RATE
    assert find(noise[:, :512], recorded) == 0
    seam = noise[:, RATE : RATE + 512]  # which lies over the end of the first
    assert find(seam, recorded) >= RATE


def test_osc_moves_it(live_model: Path, path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(*command(live_model, path, "null", "--osc", port))
    asked = threading.Event()

    def ask() -> None:  # until it listens
        osc = SimpleUDPClient("127.0.0.1", port)
        with osc._sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hears:
            hears.bind(("127.0.0.1", 0))
            hears.settimeout(0.2)
            while not asked.is_set():
                osc.send_message("/subscribe", hears.getsockname()[1])
                with suppress(TimeoutError, ConnectionError):
                    if b"/transport/play" in hears.recv(4096):
                        osc.send_message("/transport/position", 29.5)
                        return

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        done = finish(process)
    finally:
        asked.set()
        asking.join()
        process.kill()
    assert done.code == 0, done.err
    assert done.json["seconds"] < 28 and not done.json["stopped_early"]
