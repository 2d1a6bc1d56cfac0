"""Sound through a real JACK server: in time to the sample, and the same as in file mode."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import db, finish, sound, start
from live_rig import music, wait_until
from music import mixture

from rig.server import RATE, Capture, JackServer, Player, running_jack, wait_for_ports
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession

Start = Callable[..., LiveSession]
CLIENT = "rtsep"
SETTINGS = ("--mode", "exact", "--window", 1, "--hop", 929, "--lookahead", 46, "--mute", "vocals")
HOP, LOOKAHEAD = 40 * 1024, 2 * 1024  # those times in samples
FEW = 4  # misses and lost blocks, of some 16 hops, with which enough is left to compare


@contextmanager
def live_command(server: JackServer, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """`rtsep` on the server, from its first sound on; ended on the way out if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rtsep", "--input", "system", "--output", "system", "--midi", "off",
         "--ui", "off", "--json", *map(str, arguments)],
        env=server.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_for_ports(server, CLIENT, 120)
        time.sleep(0.5)  # opened is not yet started
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Ctrl-C, and what it told."""
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 0, done.err
    return done.json


def position_of(song: np.ndarray, recording: np.ndarray) -> int:
    """Where in a recording a song begins."""
    size = recording.shape[1] + song.shape[1]
    spectrum = np.fft.rfft(recording[0], size) * np.conj(np.fft.rfft(song[0], size))
    return int(np.fft.irfft(spectrum, size).argmax())


Played = tuple[Capture, dict[str, Any], Path]


def play_live(
    server: JackServer, song: np.ndarray, folder: Path, model: tuple[object, ...]
) -> Played:
    """The song through a live session with the real model: heard, told, and the recorded take."""
    folder.mkdir()
    with live_command(
        server,
        *SETTINGS,
        *model,
        "--blocksize",
        256,
        "--budget",
        2000,
        "--record",
        folder,
        "--no-limiter",
    ) as process:
        seconds = song.shape[1] / RATE + 5
        capture = Player(server, folder, song, seconds=seconds, client=CLIENT).finish()
        return capture, ended(process), folder / "take-001"


def test_the_real_model_in_real_time_is_the_file_mode_shifted_by_the_declared_latency(
    jack_server: JackServer, official: object, weights_cache: Path, tmp_path: Path
) -> None:
    song, model = np.tile(mixture(), 2), ("--cache", weights_cache)
    song *= 0.9 / np.abs(song).max()
    for attempt in range(3):  # a machine that is busy with something else may miss many
        capture, told, take = play_live(jack_server, song, tmp_path / f"{attempt}", model)
        lost = told["xruns"] + capture.xruns  # blocks, not hops
        if told["deadline_misses"] + lost < FEW:
            break
    assert capture.missing_frames == 0
    assert told["spec"]["hop"]["samples"] == HOP

    # What was recorded as input is the song as it was sent ...
    recorded = sound(take / "input.wav")
    began = position_of(song, recorded)
    assert np.array_equal(recorded[:, began : began + song.shape[1]], song)
    # ... and through the file mode it gives what was heard, the declared latency later.
    reference = finish(
        start("-m", "rtsep", "--input", take / "input.wav", "--output", tmp_path / "mix.wav",
              *SETTINGS, *model)
    )  # fmt: skip
    assert reference.code == 0, reference.err
    expected = sound(tmp_path / "mix.wav")[:, began:]
    heard = capture.audio[:, told["latency"]["total"]["samples"] :]
    count = min(expected.shape[1], heard.shape[1])
    assert count > song.shape[1]
    assert db(expected[:, :count]) > -40
    hops = range(HOP - LOOKAHEAD - began % HOP, count, HOP)  # where one hop's stems end
    pieces = np.split(heard[:, :count] - expected[:, :count], hops, 1)
    errors = [db(piece) for piece in pieces if piece.size]  # the song may begin with a hop
    # No miss, no difference. What came too late was covered by the policy, which may reach into
    # the next hop by a crossfade; a block that JACK did not get in time is heard in one hop.
    late = [error for error in errors if error > -60]
    assert len(late) <= 2 * told["deadline_misses"] + lost, (errors, told)
    assert len(late) < len(errors), (errors, told)
    if not lost:
        mix = sound(take / "mix.wav")[:, began : began + count]
        assert db(mix - heard[:, :count]) < -120
    # The vocals are out of it: what is left of the song differs from the song.
    assert db(heard[:, : song.shape[1]] - song) > -40


@pytest.mark.parametrize("blocksize", [0, 64, 1024])
def test_the_declared_latency_is_the_measured_one(
    jack_server: JackServer, live_session: Start, tmp_path: Path, blocksize: int
) -> None:
    session = live_session(
        audio=AudioRequest(input="system", output="system", blocksize=blocksize), hop=0.14
    )
    song = music(1.0)
    capture = Player(jack_server, tmp_path, song, seconds=2.0, client=CLIENT).finish()
    latency = session.status().latency_samples
    assert position_of(song, capture.audio) == latency
    assert capture.missing_frames == 0
    assert np.array_equal(capture.audio[:, latency : latency + song.shape[1]], song)


def test_stems_leave_by_their_own_ports(
    jack_server: JackServer, live_session: Start, tmp_path: Path
) -> None:
    """The dummy server's two playback ports: vocals on the left one, the mix on the right one."""
    session = live_session(
        audio=AudioRequest(input="system", output="system", routes=("vocals=1", "mix=2"))
    )
    session.desk.set_solo("drums", True)
    song = np.tile(music(1.0)[:1], (2, 1))
    capture = Player(jack_server, tmp_path, song, seconds=1.9, client=CLIENT).finish()
    assert db(capture.audio[0]) < -200  # soloed away
    assert db(capture.audio[1]) > -40


def test_two_rates_are_bridged(live_session: Start, tmp_path: Path) -> None:
    with running_jack(rate=48_000) as server, pytest.MonkeyPatch.context() as patch:
        for key, value in server.env.items():
            patch.setenv(key, value)
        session = live_session(audio=AudioRequest(input="system", output="system"), hop=0.14)
        assert session.layout.rate == 48_000
        song = music(1.0, 48_000)
        capture = Player(server, tmp_path, song, seconds=2.0, client=CLIENT, rate=48_000).finish()
        latency = session.status().latency_samples
        assert np.array_equal(capture.audio[:, latency : latency + song.shape[1]], song)


def test_a_lost_device_comes_back(live_session: Start, tmp_path: Path) -> None:
    """The server ends, as when an interface is unplugged, and another one starts."""
    with pytest.MonkeyPatch.context() as patch:
        with running_jack() as server:
            for key, value in server.env.items():
                patch.setenv(key, value)
            session = live_session(audio=AudioRequest(input="system", output="system"), hop=0.14)
            wait_until(lambda: session.status().steps > 2)
        wait_until(lambda: session.status().state == "device lost")
        told = session.status().events[-1]
        assert told.endswith("trying again: JACK: system to JACK: system no longer answers")
        before = session.status()
        with running_jack(name=server.name, period=512) as again:  # and has other settings
            wait_until(lambda: session.status().state == "running")
            song = music(1.0)
            capture = Player(again, tmp_path, song, seconds=2.0, client=CLIENT).finish()
            status = session.status()
            latency = status.latency_samples
            assert latency == before.latency_samples + 256
            assert np.array_equal(capture.audio[:, latency : latency + song.shape[1]], song)
            assert (status.device_losses, status.engine_restarts) == (1, 0)
            assert status.seconds > before.seconds and status.steps > before.steps
            session.stop()


def test_a_fader_is_heard_within_two_blocks(
    jack_server: JackServer, live_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "box.toml").write_text(
        'device.name = "Box"\ndevice.match = ["faderbox"]\n'
        'bindings = [{ type = "cc", number = 7, action = "master", takeover = false }]\n'
    )
    small = ("--model", live_model, "--window", 0.2, "--hop", 140, "--lookahead", 0)
    with live_command(
        jack_server, *small, "--blocksize", 256, "--midi", "auto", "--config", tmp_path
    ) as process:
        script = Path(__file__).parents[2] / "rig" / "fader.py"
        # What else runs on the machine may spoil a run, or make the server drop the rig's client,
        # but not every time.
        for attempt in range(3):
            box = subprocess.run(
                [sys.executable, script, CLIENT, "150"],
                env=jack_server.env, capture_output=True, text=True, timeout=240,
            )  # fmt: skip
            if box.returncode and attempt < 2:
                continue
            assert box.returncode == 0, box.stderr
            blocks = np.array(json.loads(box.stdout)["frames"]) / 256
            # A server hands over the messages of a period at its beginning, before their time.
            assert len(blocks) == 150 and blocks.min() > -1
            if np.percentile(blocks, 99) <= 2:
                break
        told = ended(process)
    assert np.percentile(blocks, 99) <= 2, np.percentile(blocks, [50, 90, 99, 100])
    assert any("faderbox" in event for event in told["events"]), told["events"]
