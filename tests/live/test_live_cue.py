"""Headphones in a live session: sample-true with the mix, also through a real JACK server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from live_rig import RATE, BandNetwork, VirtualSession, music, wait_until

from rig.server import JackServer, Player, connections, running_jack
from rtsep.audio.channels import Outlet
from rtsep.audio.devices import JACK, Device
from rtsep.audio.routes import parse_cue, parse_route
from rtsep.control.ends import Swap
from rtsep.errors import ConfigError
from rtsep.live_session.callback import CUE, MIX
from rtsep.live_session.devices import find_device
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession
from rtsep.mixer.desk import Desk
from rtsep.swaps.swaps import Swaps

CLIENT = "rtsep"
OUTS = tuple(f"out_{place}" for place in range(4))
STEMS = BandNetwork().stems
Start = Callable[..., LiveSession]


def a_desk(session: VirtualSession) -> Desk:
    desk = Desk(STEMS, session.shared.control)
    desk.plug_cue((2, 3))
    return desk


@pytest.mark.parametrize("block", [100, 256])
@pytest.mark.parametrize("instant", [False, True])
def test_a_stem_in_the_headphones_is_the_stem_in_the_mix(block: int, instant: bool) -> None:
    """Also while its equalizer turns, stems are late and the path changes."""
    session = VirtualSession(block=block, outputs=(MIX, CUE), instant=instant)
    desk = a_desk(session)
    desk.set_solo("bass", True)
    desk.set_pfl("bass", True)
    desk.paths = ("full", "instant")[: 1 + instant]
    session.new_callback(settle=True)
    switched = []

    def turn(at: int) -> None:
        desk.set_filter("bass", 0.5 * np.sin(at / 20_000))
        if instant and at > 1.7 * RATE and not switched:
            desk.set_path("instant")
            switched.append(at)

    played = session.run(music(2.5), stalled=lambda at: RATE < at < 1.5 * RATE, before=turn)
    assert session.shared.counters.concealed[0] > 0
    assert np.abs(played[:2, RATE:]).max() > 0.05
    np.testing.assert_allclose(played[2:], played[:2], rtol=0, atol=1e-6)


def test_a_successor_of_the_audio_process_goes_on_prelistening() -> None:
    session = VirtualSession(outputs=(MIX, CUE))
    desk = a_desk(session)
    desk.set_pfl_input(True)
    audio = music(1.0)
    session.run(audio)
    session.new_callback(settle=True)
    played = session.run(audio)
    np.testing.assert_array_equal(played[2:, session.delay :], audio[:, : -session.delay])


def test_the_desk_knows_what_the_audio_process_has_opened(live_session: Start) -> None:
    session = live_session()
    assert not session.desk.has_cue
    answer = replace(session.device, cue_channels=(2, 3))
    session._on_audio(SimpleNamespace(send=lambda layout: None), answer)  # type: ignore[arg-type]
    assert session.desk.has_cue


@pytest.fixture
def studio() -> Iterator[JackServer]:
    """A server with two pairs of outputs."""
    with running_jack(outputs=4) as server, pytest.MonkeyPatch.context() as patch:
        for key, value in server.env.items():
            patch.setenv(key, value)
        yield server


def test_headphones_on_a_jack_server(
    studio: JackServer, live_session: Start, tmp_path: Path
) -> None:
    session = live_session(audio=AudioRequest(input="system", output="system", cue="3-4"))
    desk, song = session.desk, music(0.6)

    def heard() -> tuple[np.ndarray, np.ndarray]:
        player = Player(studio, tmp_path, song, seconds=1.4, client=CLIENT, ports=OUTS)
        audio = player.finish().audio
        return audio[:2], audio[2:]

    wait_until(lambda: session.status().steps > 2)
    for port in range(4):
        assert f"system:playback_{port + 1}" in connections(studio, f"{CLIENT}:out_{port}")
    mix, cue = heard()
    assert mix.any() and not cue.any()
    assert session.status().cue_level.peak_db == -np.inf

    desk.set_solo("bass", True)
    desk.set_pfl("bass", True)
    mix, cue = heard()
    assert np.abs(mix).max() > 0.01
    np.testing.assert_allclose(cue, mix, rtol=0, atol=1e-6)
    assert session.status().cue_level.peak_db > -np.inf

    desk.set_gain("bass", -20)
    desk.set_cue_split(True)
    mix, cue = heard()
    np.testing.assert_allclose(cue[1], mix.mean(0), rtol=0, atol=1e-6)
    np.testing.assert_allclose(cue[0], 10 * mix.mean(0), rtol=0, atol=1e-5)

    desk.set_cue_split(False)
    desk.end_pfl()
    desk.set_pfl_input(True)
    mix, cue = heard()
    latency = session.status().latency_samples
    assert np.array_equal(cue[:, latency : latency + song.shape[1]], song)
    assert not np.array_equal(mix, cue)


def test_headphones_are_plugged_in_and_out_while_it_plays(
    studio: JackServer, live_session: Start
) -> None:
    session = live_session(audio=AudioRequest(input="system", output="system"))
    swaps, pids = Swaps(session), session.pids

    def swap(*routes: str) -> None:
        told = len(session.events.texts)
        swaps.swap(Swap(routes=routes))
        wait_until(lambda: not swaps.busy)
        first = session.events.texts[told]
        assert f"output is now JACK: system, {' '.join(routes)};" in first
        for place in range(4):
            played = bool(connections(studio, f"system:playback_{place + 1}"))
            assert played == (place < 2 * len(routes))

    for _ in range(2):  # ports are opened, then they are there
        swap("mix=1-2", "cue=3-4")
        session.desk.set_cue_split(True)
        swap("mix=1-2")
        assert not session.desk.has_cue
    assert session.pids == pids and session.status().swaps == 4


def test_a_splitter_cable(jack_server: JackServer, live_session: Start, tmp_path: Path) -> None:
    """Mono mix on the left channel, mono cue on the right one."""
    audio = AudioRequest(input="system", output="system", routes=("mix=1",), cue="2")
    session = live_session(audio=audio)
    session.desk.set_solo("bass", True)
    session.desk.set_pfl("bass", True)
    with pytest.raises(ConfigError, match="a cue of one channel has no two ears to split"):
        session.desk.set_cue_split(True)
    player = Player(jack_server, tmp_path, music(1.0), seconds=2.0, client=CLIENT)
    left, right = player.finish().audio
    assert np.abs(left).max() > 0.01
    np.testing.assert_allclose(left, right, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("cue", "routes", "told"),
    [
        ("3-4", (), "--cue 3-4 is out of range: JACK: system has 2 outputs; take another --output"),
        ("1-2", (), "routes mix=1-2 and cue=1-2 both take output 1; move one of them"),
        ("2", ("mix=1-2",), "--cue takes a pair of channels, like 3-4, got 2; for a splitter"),
        ("2", ("mix=2",), "routes mix=2 and cue=2 both take output 2; move one of them"),
        ("2", (), "--cue takes a pair of channels, like 3-4, got 2; for a splitter cable"),
        ("3-5", (), "--cue 3-5: a pair is two neighbouring channels, left first, like 3-4"),
        ("", (), "--cue : channels are written like 3-4 or 3, counted from 1"),
    ],
)
def test_channels_that_cannot_be(cue: str, routes: tuple[str, ...], told: str) -> None:
    system = Device(index=0, name="system", host_api=JACK, inputs=2, outputs=2, default_rate=RATE)
    parsed = tuple(map(parse_route, routes))
    with pytest.raises(ConfigError) as refused:
        Outlet(system, parsed, parse_cue(cue, parsed))
    assert str(refused.value).startswith(told) and "\n" not in str(refused.value)


def test_headphones_need_an_output() -> None:
    with pytest.raises(ConfigError, match="--cue needs an output device; leave it out"):
        find_device(AudioRequest(input=None, output=None, cue="3-4"))
