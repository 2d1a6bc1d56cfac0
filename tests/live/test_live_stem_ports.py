"""Ports for every stem on a real JACK server: what leaves there, and what the graph knows of it."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import db, finish, start
from live_rig import music, wait_until

from rig.pipewire import SPEAKERS, PipeWire
from rig.server import (
    RATE,
    Deck,
    JackServer,
    Player,
    connections,
    latencies,
    running_jack,
    set_period,
)
from rtsep.audio.devices import JACK, Device
from rtsep.control.ends import Swap
from rtsep.errors import ConfigError
from rtsep.live_session import stem_ports
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession
from rtsep.swaps.swaps import Swaps

Start = Callable[..., LiveSession]
STEMS = ("drums", "bass", "other", "vocals")
PORTS = ("out_0", "out_1", *(f"{stem}_{side}" for stem in STEMS for side in "LR"))


@contextmanager
def only_on(server: JackServer) -> Iterator[None]:
    """The processes of a session begin on that server."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in server.env.items():
            patch.setenv(key, value)
        yield


def begun(live_session: Start, **changes: Any) -> LiveSession:
    """With much time for a step, since others may keep the machine busy."""
    ends = {"input": "system", "output": "system", **changes.pop("ends", {})}
    audio = AudioRequest(stem_ports=True, **ends)
    return live_session(audio=audio, hop=0.14, **{"budget": 0.4, **changes})


def taken_apart(
    server: JackServer, session: LiveSession, folder: Path
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A song, the mix (2, n) and the stems (4, 2, n) that leave by the ports meanwhile. Again where
    the machine was too busy to play it."""
    song = music(1.0)
    for _ in range(3):
        before = session.status()
        player = Player(server, folder, song, seconds=2.0, client="rtsep", ports=PORTS)
        capture, after = player.finish(), session.status()
        if (capture.xruns, after.xruns, after.concealed) == (0, before.xruns, before.concealed):
            break
    assert capture.missing_frames == 0
    return song, capture.audio[:2], capture.audio[2:].reshape(len(STEMS), 2, -1)


def told_latency(server: JackServer, port: str, period: int) -> int:
    """Of what goes through rtsep alone: the sound card's is a period each way."""
    least, most = latencies(server, f"rtsep:{port}")["capture"]
    assert least == most
    return least - period


def test_the_stems_sum_to_the_mix_sample_by_sample(
    jack_server: JackServer, live_session: Start, tmp_path: Path
) -> None:
    session = begun(live_session)
    desk = session.desk
    desk.set_gain("drums", -6.0)
    desk.set_gain("other", 3.0)
    desk.set_mute("vocals", True)
    desk.set_eq("bass", "low", -12.0)
    desk.set_filter("other", -0.4)
    desk.set_master(-3.0)
    song, mix, stems = taken_apart(jack_server, session, tmp_path)
    assert [db(stem) > -60 for stem in stems] == [True, True, True, False]
    assert db(stems[3]) < -200
    assert db(mix) > -40
    assert db(stems.sum(0) - mix) < -120
    latency = session.status().latency_samples
    assert db(mix[:, latency : latency + song.shape[1]] - song) > -40  # something was changed


def test_the_graph_knows_the_latency_that_is_declared_and_measured(
    jack_server: JackServer, live_session: Start, tmp_path: Path
) -> None:
    session = begun(live_session)
    declared = session.status().latency_samples
    # The server asks for it from another thread, once it has seen all ports.
    wait_until(lambda: all(told_latency(jack_server, port, 256) == declared for port in PORTS))
    assert latencies(jack_server, "rtsep:in_0")["playback"] == (declared + 256,) * 2
    song, mix, stems = taken_apart(jack_server, session, tmp_path)
    for whole in (mix, stems.sum(0)):  # at unity
        assert db(whole[:, declared : declared + song.shape[1]] - song) < -120


def test_a_period_that_changes_is_followed(live_session: Start, tmp_path: Path) -> None:
    with running_jack() as server, only_on(server):
        session = begun(live_session)
        before = session.status().latency_samples
        for period, blocks in ((1024, 1024), (512, 1024)):  # what is heard never comes sooner
            set_period(server, period)
            wait_until(lambda blocks=blocks: session.status().blocksize == blocks)
            declared = session.status().latency_samples
            assert declared == before + blocks - 256
            wait_until(
                lambda declared=declared, period=period: (
                    told_latency(server, "drums_L", period) == declared
                )
            )
            song, mix, stems = taken_apart(server, session, tmp_path)
            assert db(mix[:, declared : declared + song.shape[1]] - song) < -120
            assert db(stems.sum(0) - mix) < -120
        assert any("period is 1024 samples now, not 256" in text for text in session.events.texts)
        assert session.status().device_losses == 0
        session.stop()


def test_the_graph_hears_of_the_other_path(jack_server: JackServer, live_session: Start) -> None:
    session = begun(live_session, instant=True)
    full = session.status().latency_samples
    wait_until(lambda: told_latency(jack_server, "vocals_R", 256) == full)
    session.desk.set_path("instant")
    early = session.status().latency_samples
    assert early < full
    wait_until(lambda: told_latency(jack_server, "vocals_R", 256) == early)


def test_a_server_that_dies_and_comes_back(live_session: Start, tmp_path: Path) -> None:
    with ExitStack() as both:
        with running_jack() as server:
            both.enter_context(only_on(server))
            session = begun(live_session)
            wait_until(lambda: session.status().steps > 2)
        wait_until(lambda: session.status().state == "device lost")
        again = both.enter_context(running_jack(period=512, name=server.name))
        wait_until(lambda: session.status().state == "running")
        song, mix, stems = taken_apart(again, session, tmp_path)
        latency = session.status().latency_samples
        assert told_latency(again, "bass_R", 512) == latency
        assert db(mix[:, latency : latency + song.shape[1]] - song) < -120
        assert db(stems.sum(0) - mix) < -120
        session.stop()


def test_without_an_output_the_mix_waits_for_somebody(
    jack_server: JackServer, live_session: Start, tmp_path: Path
) -> None:
    session = begun(live_session, ends={"output": None})
    assert connections(jack_server, "rtsep:in_0") == {"system:capture_1"}
    assert connections(jack_server, "rtsep:out_0") == set()
    song, mix, stems = taken_apart(jack_server, session, tmp_path)
    latency = session.status().latency_samples
    assert db(mix[:, latency : latency + song.shape[1]] - song) < -120
    assert db(stems.sum(0) - mix) < -120


def test_a_server_that_stalls_keeps_what_is_connected(live_session: Start) -> None:
    """For so long that the sound counts as lost: a mixer is not left without its stems."""
    with running_jack() as server, only_on(server), Deck(server, "mixer"):
        session = begun(live_session)
        subprocess.run(
            ["jack_connect", "-s", server.name, "rtsep:drums_L", "mixer:in_1"],
            env=server.env, check=True,
        )  # fmt: skip
        wire = ("rtsep:drums_L", "mixer:in_1")
        wait_until(lambda: wire in session.wiring.known.wires)
        server.process.send_signal(signal.SIGSTOP)
        try:
            wait_until(lambda: session.status().state == "device lost")
        finally:
            server.process.send_signal(signal.SIGCONT)
        wait_until(lambda: session.status().state == "running")
        wait_until(lambda: bool(connections(server, "mixer:in_1")))
        (port,) = connections(server, "mixer:in_1")
        assert port.endswith(":drums_L")
        session.stop()


def test_the_graph_of_pipewire_hears_of_it_too(
    pipewire_server: PipeWire, live_session: Start
) -> None:
    audio = AudioRequest(
        input=f"JACK: {SPEAKERS}", output=f"JACK: {SPEAKERS}", pipewire=True, stem_ports=True
    )
    session = live_session(audio=audio, hop=0.14)
    latency = session.status().latency_samples
    told = f"port capture latency = [ {latency} {latency} ] frames"
    wait_until(lambda: told in pipewire_server.run("pw-jack", "jack_lsp", "-l", "rtsep:vocals_R"))
    wait_until(lambda: session.status().callbacks > 10)
    session.stop()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--input", "demo"), "--stem-ports needs a live session; give a device"),
        (("--input", "mic"), "--stem-ports needs JACK: PortAudio reaches no JACK server; start"),
    ],
)
def test_where_there_is_no_jack(
    options: tuple[str, ...],
    complaint: str,
    live_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nowhere")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    command = ("-m", "rtsep", *options, "--output", "null", "--stem-ports", "--model", live_model)
    done = finish(start(*command))
    assert done.code == 2 and complaint in done.complaint
    assert "folder" not in done.complaint  # no device is missing that could have been one


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"input": "usb"}, r"needs JACK, and ALSA: usb is none of its devices; take one"),
        ({"output": "usb"}, r"needs JACK, and ALSA: usb"),
        ({"input": "moon"}, "no input device 'moon'"),
        ({"output": None, "routes": ("drums=1",)}, "--route needs an output device"),
        ({"samplerate": 48_000}, "48000 Hz is refused: the JACK server runs at 44100 Hz"),
        ({"routes": ("drums=2-3",)}, "route drums=2-3 is out of range: JACK: system"),
        ({"routes": ("moon=1",)}, "route moon=1 names no stem; there are drums"),
    ],
)
def test_what_cannot_be_had(
    jack_server: JackServer,
    wanted: dict[str, Any],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = Device(index=1, name="usb", host_api="ALSA", inputs=2, outputs=2, default_rate=RATE)
    cards = [replace(card, index=0, name="system", host_api=JACK), card]
    monkeypatch.setattr(stem_ports, "devices_beside", lambda pipewire: cards)
    request = AudioRequest(**{"input": "system", "output": "system", "stem_ports": True, **wanted})
    with pytest.raises(ConfigError, match=complaint):
        stem_ports.StemPorts(request).open(RATE, STEMS)


def test_headphones_beside_them(live_session: Start, tmp_path: Path) -> None:
    heard = ("out_2", "out_3", "vocals_L", "vocals_R")
    with running_jack(outputs=4) as server, only_on(server):
        session = begun(live_session, ends={"cue": "3-4"})
        session.desk.set_pfl("vocals", True)
        time.sleep(0.2)  # until it has faded in
        song = music(1.0)
        player = Player(server, tmp_path, song, seconds=2.0, client="rtsep", ports=heard)
        cue, stem = player.finish().audio.reshape(2, 2, -1)
        session.stop()
    assert db(stem) > -60
    assert db(cue - stem) < -120


def swapped(session: LiveSession, swaps: Swaps, **swap: Any) -> str:
    """What was told when it was over."""
    told = len(session.events.texts)
    swaps.swap(Swap(**swap))
    wait_until(lambda: not swaps.busy)
    return "\n".join(session.events.texts[told:])


def test_stems_stay_where_they_are_when_routes_are_swapped(
    jack_server: JackServer, live_session: Start, tmp_path: Path
) -> None:
    session = begun(live_session)
    swaps, pids = Swaps(session), session.pids
    told = swapped(session, swaps, routes=("drums=2", "mix=1"))
    assert "output is now JACK: system, drums=2 mix=1" in told
    assert connections(jack_server, "rtsep:out_0") == {"system:playback_2"}
    _, (drums, mix), stems = taken_apart(jack_server, session, tmp_path)
    assert session.pids == pids
    assert db(drums) > -60 and db(drums - stems[0].mean(0)) < -120
    assert db(mix - stems.sum(0).mean(0)) < -120


def test_what_is_connected_to_stems_stays_when_devices_are_swapped(live_session: Start) -> None:
    """By the same ports, and by others of the same names."""
    wire = ("rtsep:drums_L", "mixer:in_1")
    with ExitStack() as opened:
        server = opened.enter_context(running_jack(outputs=4))
        opened.enter_context(only_on(server))
        for name in ("mixer", "deck"):
            opened.enter_context(Deck(server, name))
        session = begun(live_session)
        swaps, pids = Swaps(session), session.pids
        subprocess.run(["jack_connect", "-s", server.name, *wire], env=server.env, check=True)
        assert "input is now JACK: deck, 1-2" in swapped(session, swaps, input="deck")
        assert session.pids == pids and connections(server, "mixer:in_1") == {wire[0]}
        wait_until(lambda: wire in session.wiring.known.wires)
        told = swapped(session, swaps, routes=("mix=1-2", "cue=3-4"))
        assert "output is now JACK: system, mix=1-2 cue=3-4" in told and session.desk.has_cue
        assert session.pids["audio"] != pids["audio"]
        wait_until(lambda: connections(server, "mixer:in_1") == {wire[0]})
        assert connections(server, "rtsep:in_0") == {"deck:out_1"}
        assert connections(server, "rtsep:out_2") == {"system:playback_3"}
        assert session.status().device_losses == 0
        session.stop()
