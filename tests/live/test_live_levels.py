"""Trim and loudness of live sessions, on a real JACK server and in what is told at the end."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_support import finish, sound, start
from ebu_signals import ffmpegs_opinion, tones
from live_rig import RATE, music, wait_until

from rig.server import Capture, JackServer, Player
from rtsep.cli.live.report import as_dict
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession
from rtsep.mixer.levels import db_to_gain

Start = Callable[..., LiveSession]
JACK = AudioRequest(input="system", output="system")


def undisturbed(play: Callable[[], Capture]) -> Capture:
    """What was heard without a block that JACK lost, which a busy machine may need more tries for;
    the last try counts however it was."""
    for _ in range(3):
        capture = play()
        if not capture.xruns:
            break
    return capture


def test_the_trimmed_input_is_heard_true_to_the_sample(
    jack_server: JackServer, live_session: Start, tmp_path: Path
) -> None:
    """In A/B: times the gain, and nothing else; a turn in between is a ramp to the next gain."""
    session, song = live_session(audio=JACK, hop=0.14), music(3.0)
    session.desk.set_bypass(True)

    def play() -> Capture:
        session.desk.set_trim(-6.0)
        player = Player(jack_server, tmp_path, song, seconds=4.0, client="rtsep")
        began = session.shared.input.head
        wait_until(lambda: session.shared.input.head > began + RATE)
        session.desk.set_trim(3.0)
        return player.finish()

    capture, latency = undisturbed(play), session.status().latency_samples
    heard = capture.audio[:, latency : latency + song.shape[1]]
    clear = np.abs(song) > 0.05
    gain = np.divide(heard, song, where=clear, out=np.full_like(song, np.nan))
    low, high = (
        np.isclose(gain, np.float32(db_to_gain(db)), rtol=1e-6, atol=0) for db in (-6.0, 3.0)
    )
    turn = np.flatnonzero(clear.any(0) & ~(low | high).any(0))
    assert len(turn) > 200 and turn[-1] - turn[0] < 0.1 * RATE
    before, after = slice(turn[0]), slice(turn[-1] + 1, None)
    assert low[:, before][clear[:, before]].all() and clear[:, before].any()
    assert high[:, after][clear[:, after]].all() and clear[:, after].any()
    assert (np.diff(np.nanmean(gain[:, turn], 0)) > -1e-4).all()


def test_the_loudness_of_a_session_is_that_of_what_it_plays(
    jack_server: JackServer, live_session: Start, tmp_path: Path, ffmpeg: str
) -> None:
    session = live_session(audio=JACK, hop=0.14, trim_db=4.0)
    session.desk.set_gain("drums", -8)

    def play() -> Capture:
        session.desk.reset_loudness()
        return Player(jack_server, tmp_path, music(5.0), seconds=6.0, client="rtsep").finish()

    capture = undisturbed(play)
    wait_until(lambda: session.status().loudness.momentary < -60)
    loudness = session.status().loudness
    count = capture.audio.shape[1] // (RATE // 10) * (RATE // 10)
    expected = ffmpegs_opinion(ffmpeg, tmp_path / "heard.wav", capture.audio[:, :count], RATE)
    assert loudness.integrated == pytest.approx(expected["I"], abs=0.1)
    assert loudness.true_peak == pytest.approx(expected["peak"], abs=0.2)
    session.desk.reset_loudness()
    wait_until(lambda: session.status().loudness.true_peak == -math.inf)
    told = as_dict(session)["loudness"]
    assert told["integrated"] is None and told["true_peak"] is None
    json.dumps(told, allow_nan=False)


def test_a_command_tells_the_loudness_of_its_mix_and_of_its_take(
    live_model: Path, tmp_path: Path, ffmpeg: str
) -> None:
    """A tone at -20 dBFS, 6 dB down at the input, from a file at the pace of the clock."""
    source, folder = tmp_path / "tone.wav", tmp_path / "takes"
    soundfile.write(source, tones(RATE, (4.0, -20.0)).T, RATE, subtype="FLOAT")
    process = start(
        "-m", "rtsep", "--input", source, "--output", "null", "--pace", "realtime",
        "--model", live_model, "--window", "0.2", "--hop", "140", "--lookahead", "0", "--midi",
        "off", "--ui", "off", "--trim", -6, "--record", folder, "--json",
    )  # fmt: skip
    done = finish(process)
    assert done.code == 0, done.err
    told = done.json["loudness"]
    assert told["integrated"] == pytest.approx(-26, abs=0.3)  # blocks at its ends are quieter
    assert told["short_term_max"] == pytest.approx(-26, abs=0.1)
    assert told["true_peak"] == pytest.approx(-26, abs=0.2) and told["seconds"] > 3.5
    (line,) = re.findall(
        r"the mix: (-\S+) LUFS integrated, (-\S+) at most for 3 s, true peak (-\S+) dBTP", done.err
    )
    names = ("integrated", "short_term_max", "true_peak")
    assert [float(one) for one in line] == pytest.approx([told[name] for name in names], abs=0.06)
    take = folder / "take-001"
    assert np.abs(sound(take / "input.wav")).max() == pytest.approx(10 ** (-26 / 20), abs=1e-4)
    mix = sound(take / "mix.wav")
    expected = ffmpegs_opinion(ffmpeg, tmp_path / "mix.wav", mix, RATE)
    (taken,) = re.findall(
        r"recorded \d+\.\d s, (-\S+) LUFS, (-\S+) dBTP", " ".join(done.err.split())
    )
    assert float(taken[0]) == pytest.approx(expected["I"], abs=0.1)
    assert float(taken[1]) == pytest.approx(expected["peak"], abs=0.2)
