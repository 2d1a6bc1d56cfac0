"""Ports with names on a real JACK server: which rows they play, and what becomes of the client."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jack
import numpy as np
import pytest
from live_rig import wait_until

from rig.server import (
    RATE,
    JackServer,
    Player,
    all_ports,
    connections,
    latencies,
)  # fmt: skip
from rtsep.audio.channels import Inlet, Outlet
from rtsep.audio.devices import JACK, Device
from rtsep.audio.routes import Route
from rtsep.errors import ConfigError
from rtsep.sound_servers.jack_ports import JackPorts, port_names, sources

SYSTEM = Device(index=0, name="system", host_api=JACK, inputs=2, outputs=2, default_rate=RATE)
Open = Callable[..., JackPorts]


@pytest.fixture
def opened(jack_server: JackServer) -> Iterator[Open]:
    """Clients with two stems, closed at the end."""
    with ExitStack() as all_of_them:

        def open_ports(inlet: Inlet | None = None, outlet: Outlet | None = None) -> JackPorts:
            ports = JackPorts(inlet, outlet, ("drums", "lead vocals"))
            all_of_them.callback(ports.close)
            return ports

        yield open_ports


def clients(server: JackServer) -> set[str]:
    return {port.partition(":")[0] for port in all_ports(server).split()}


def counting(audio: Any, rows: np.ndarray, count: int, flags: Any) -> None:
    """Row r plays r + 1 eighths."""
    rows[...] = (np.arange(len(rows))[:, None] + 1) / 8


def heard(server: JackServer, ports: JackPorts, folder: Path) -> list[float]:
    """What each of the two outputs and the ports of the stems plays."""
    names = ("out_0", "out_1", *ports.stem_ports)
    silence = np.zeros((2, 1), np.float32)
    player = Player(server, folder, silence, seconds=0.2, client=ports.name, ports=names)
    audio = player.finish().audio
    assert np.all(audio == audio[:, :1])
    return [float(row[0]) for row in audio]


def test_rows_of_routes_come_first_and_a_pair_for_each_stem_follows(
    jack_server: JackServer, opened: Open, tmp_path: Path
) -> None:
    ports = opened(None, Outlet(SYSTEM, (Route("mix", (1,)),)))
    assert ports.stem_ports == ["drums_L", "drums_R", "lead_vocals_L", "lead_vocals_R"]
    assert heard(jack_server, ports, tmp_path) == [0] * 6 and not ports.active
    ports.start(counting)
    assert ports.active
    mean_of_the_first_two = 1.5 / 8
    assert heard(jack_server, ports, tmp_path) == [
        0, mean_of_the_first_two, 3 / 8, 4 / 8, 5 / 8, 6 / 8
    ]  # fmt: skip


def test_input_and_output_are_connected_and_stems_left_for_others(
    jack_server: JackServer, opened: Open
) -> None:
    ports = opened(Inlet(SYSTEM), Outlet(SYSTEM))
    for place in (0, 1):
        ours = f"{ports.name}:in_{place}", f"{ports.name}:out_{place}"
        assert connections(jack_server, ours[0]) == {f"system:capture_{place + 1}"}
        assert connections(jack_server, ours[1]) == {f"system:playback_{place + 1}"}
    assert not any(connections(jack_server, f"{ports.name}:{name}") for name in ports.stem_ports)


def test_a_name_that_is_taken(jack_server: JackServer, opened: Open) -> None:
    first, second = opened().name, opened().name
    assert first.startswith("rtsep") and second.startswith("rtsep-") and first != second


def test_the_latency_of_ports_that_somebody_hears(jack_server: JackServer, opened: Open) -> None:
    """Nothing gets to the others, so that they must not make the shortest way shorter."""
    ports = opened(Inlet(SYSTEM), Outlet(SYSTEM))
    ports.start(counting)
    for delay in (5000, 300):
        ports.declare(delay)
        name, late = ports.name, (delay + 256,) * 2
        wait_until(lambda name=name, late=late: (
            latencies(jack_server, f"{name}:drums_R")["capture"] == late
        ))  # fmt: skip
        assert latencies(jack_server, f"{name}:in_1")["playback"] == late
        assert latencies(jack_server, "system:capture_1")["playback"] == late
        assert latencies(jack_server, "system:playback_1")["capture"] == late


def test_an_xrun_is_told_once(opened: Open) -> None:
    ports, flags = opened(Inlet(SYSTEM), Outlet(SYSTEM)), []
    stalls = iter([0.05])

    def process(audio: Any, rows: np.ndarray, count: int, flag: Any) -> None:
        if len(flags) > 20:
            time.sleep(next(stalls, 0))
        flags.append(flag)

    ports.start(process)
    wait_until(lambda: len(flags) > 60)
    told = [flag for flag in flags if flag]
    assert told and told[0].output_underflow
    assert not flags[-1]  # of what is over nobody is told again


def alone(code: str) -> None:
    """A process of its own: one that has clients of two servers is not safe when either ends."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_longer_blocks_than_ever() -> None:
    alone("""
import os, time
from rig.server import RATE, running_jack, set_period
from rtsep.audio.channels import Inlet
from rtsep.audio.devices import JACK, Device
from rtsep.sound_servers.jack_ports import JackPorts
system = Device(index=0, name="system", host_api=JACK, inputs=2, outputs=2, default_rate=RATE)
with running_jack() as server:
    os.environ.update(server.env)
    ports, counts = JackPorts(Inlet(system), None, ("drums",)), []
    ports._allocate(300)  # as if nobody had expected more
    ports.start(lambda audio, rows, count, flags: counts.append((audio.shape, rows.shape)))
    assert ports.at_once == 256
    set_period(server, 512)
    end = time.monotonic() + 20
    while counts[-1:] != [((2, 512), (4, 512))] and time.monotonic() < end:
        time.sleep(0.01)
    assert counts[-1] == ((2, 512), (4, 512))
    assert ports.at_once == 512
    ports.close()
    print("done")
""")


def test_a_server_that_stands_still(
    jack_server: JackServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = clients(jack_server)
    with monkeypatch.context() as patch:
        patch.setattr(JackPorts, "_block", lambda self, count: None)
        patch.setattr("rtsep.sound_servers.jack_ports._FIRST_SECONDS", 0.01)
        with pytest.raises(ConfigError, match="stands still; start it again"):
            opened()
    assert clients(jack_server) == before


def test_a_first_refusal_is_not_believed(
    jack_server: JackServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a server that waited for a machine that stalled."""
    real, refusals = jack.Client.activate, iter([jack.JackError("no"), None])

    def activate_late(client: Any) -> None:
        if refusal := next(refusals):
            raise refusal
        real(client)

    monkeypatch.setattr(jack.Client, "activate", activate_late)
    opened()


def test_no_client_is_left_where_the_server_refuses(
    jack_server: JackServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = clients(jack_server)
    with monkeypatch.context() as patch:
        patch.setattr("rtsep.sound_servers.jack_ports.port_names", lambda stems: ["x", "x"])
        with pytest.raises(ConfigError, match=r"does not take rtsep.*: 'x_L'.* failed"):
            opened()
    assert clients(jack_server) == before


@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
def test_a_server_that_dies_takes_nobody_with_it(number: str) -> None:
    """The end is seen, closing returns, and nothing is printed."""
    alone(f"""
import os, signal, time
from rig.server import running_jack
from rtsep.sound_servers.jack_ports import JackPorts
with running_jack() as server:
    os.environ.update(server.env)
    ports = JackPorts(None, None, ("drums",))
    ports.start(lambda *block: None)
    assert ports.active
    server.process.send_signal(signal.{number})
    end = time.monotonic() + 20
    while ports.active and time.monotonic() < end:
        time.sleep(0.01)
    ports.declare(1000)
    ports.close()
    assert not ports.active
    print("done")
""")


@pytest.mark.parametrize(
    ("stems", "names"),
    [
        (("drums", "bass"), ["drums", "bass"]),
        (("a:b", "a b", "a\nb"), ["a_b", "a_b_", "a_b__"]),
        (("Gitarre Ü", "x" * 500), ["Gitarre_Ü", "x" * 100]),
    ],
)
def test_names_of_stems_as_names_of_ports(stems: tuple[str, ...], names: list[str]) -> None:
    assert port_names(stems) == names


def test_which_rows_an_output_plays() -> None:
    routes = (Route("mix", (2, 3)), Route("drums", (0,)))
    assert sources(routes, 5) == [(2, 3), (-1, -1), (0, 0), (1, 1), (-1, -1)]
