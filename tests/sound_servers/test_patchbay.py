"""Connections on a real JACK server: what vanishes is connected again, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import jack
import pytest

from rig.server import JackServer, activate
from rtsep.errors import ConfigError
from rtsep.sound_servers.patchbay import Patchbay, Wires

OURS = "ours"
GONE, BACK = "deck is gone; it is connected again when it is back", "deck is back"

Client = Callable[[str], Any]


@pytest.fixture
def client(jack_server: JackServer) -> Iterator[Client]:
    """Makes clients with a port in either direction; they are closed at the end."""
    with ExitStack() as opened:

        def make(name: str) -> Any:
            made = jack.Client(name, use_exact_name=True, no_start_server=True)
            opened.callback(made.close)
            made.inports.register("in")
            made.outports.register("out")
            activate(made)
            return made

        yield make


@pytest.fixture
def ours(client: Client) -> Any:
    return client(OURS)


@pytest.fixture
def patchbay(ours: Any) -> Iterator[Patchbay]:
    with Patchbay(OURS) as patchbay:
        yield patchbay


def wires(ours: Any) -> set[tuple[str, str]]:
    return {
        (port.name.partition(":")[2], other.name)
        for port in (*ours.inports, *ours.outports)
        for other in ours.get_all_connections(port)
    }


BOTH = {("in", "deck:out"), ("out", "deck:in")}


def connect(ours: Any) -> None:
    ours.connect("deck:out", f"{OURS}:in")
    ours.connect(f"{OURS}:out", "deck:in")


def test_what_vanished_is_connected_again_in_both_directions(
    client: Client, ours: Any, patchbay: Patchbay
) -> None:
    deck = client("deck")
    connect(ours)
    assert patchbay.look() == []
    deck.close()
    assert patchbay.look() == [GONE] and patchbay.look() == []
    for _ in range(2):
        deck = client("deck")
        assert patchbay.look() == [BACK] and wires(ours) == BOTH
        assert patchbay.look() == []
        deck.close()
        assert patchbay.look() == [GONE]


def test_what_somebody_took_away_stays_away(client: Client, ours: Any, patchbay: Patchbay) -> None:
    deck = client("deck")
    connect(ours)
    patchbay.look()
    ours.disconnect("deck:out", f"{OURS}:in")
    assert patchbay.look() == []
    deck.close()
    assert patchbay.look() == [GONE]
    client("deck")
    assert patchbay.look() == [BACK] and wires(ours) == {("out", "deck:in")}


def test_a_client_without_a_wire_is_nobodys_business(
    client: Client, ours: Any, patchbay: Patchbay
) -> None:
    deck = client("deck")
    connect(ours)
    patchbay.look()
    ours.disconnect("deck:out", f"{OURS}:in")
    ours.disconnect(f"{OURS}:out", "deck:in")
    patchbay.look()
    deck.close()
    assert patchbay.look() == []
    client("deck")
    assert patchbay.look() == [] and wires(ours) == set()


def test_a_client_that_starts_anew_between_two_looks(
    client: Client, ours: Any, patchbay: Patchbay
) -> None:
    """Its ports were there at both looks, and yet nobody took the wires away."""
    deck = client("deck")
    connect(ours)
    patchbay.look()
    deck.close()
    client("deck")
    assert patchbay.look() == [GONE, BACK] and wires(ours) == BOTH


def test_ports_of_a_client_that_stays(client: Client, ours: Any, patchbay: Patchbay) -> None:
    """As when Mixxx opens its sound device anew."""
    deck = client("deck")
    connect(ours)
    patchbay.look()
    deck.outports.clear()
    assert patchbay.look() == [GONE] and wires(ours) == {("out", "deck:in")}
    deck.outports.register("out")
    assert patchbay.look() == [BACK] and wires(ours) == BOTH


def test_a_client_that_connects_itself_when_it_is_back(
    client: Client, ours: Any, patchbay: Patchbay
) -> None:
    deck = client("deck")
    connect(ours)
    patchbay.look()
    deck.close()
    patchbay.look()
    client("deck")
    connect(ours)
    assert patchbay.look() == [BACK] and patchbay.look() == []


def test_others_of_that_beginning_are_others(client: Client, patchbay: Patchbay) -> None:
    """Two sessions on one server are called rtsep and rtsep-01."""
    other, deck = client(f"{OURS}-01"), client("deck")
    other.connect("deck:out", f"{OURS}-01:in")
    patchbay.look()
    deck.close()
    assert patchbay.look() == []


def test_no_server_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nowhere")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with pytest.raises(ConfigError, match="no JACK server answers"):
        Patchbay(OURS)


def test_no_library_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jack", None)
    with pytest.raises(ConfigError, match=r"no JACK server answers: .*pip install JACK-Client"):
        Patchbay(OURS)


@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
def test_a_server_that_dies_takes_nobody_with_it(number: str) -> None:
    """No client is called gone then, nothing hangs, nothing is printed."""
    code = f"""
import os, signal, subprocess, time
from rig.server import Deck, running_jack
from rtsep.sound_servers.patchbay import Patchbay
with running_jack() as server, Deck(server, "deck"), Deck(server, "{OURS}"):
    os.environ.update(server.env)
    command = ["jack_connect", "-s", server.name, "deck:out_1", "{OURS}:in_1"]
    subprocess.run(command, check=True)
    patchbay = Patchbay("{OURS}")
    assert patchbay.look() == [] and patchbay._wires
    server.process.send_signal(signal.{number})
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        print(*patchbay.look(), end="", flush=True)
        time.sleep(0.005)
    patchbay.close()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_a_client_that_takes_the_place_of_another_gets_its_wires(client: Client, ours: Any) -> None:
    """As after a loss of the sound: without a word, and those of who is away when they are back."""
    deck, mixer = client("deck"), client("mixer")
    connect(ours)
    ours.connect(f"{OURS}:out", "mixer:in")
    with Patchbay(OURS) as patchbay:
        patchbay.look()
        known = patchbay.wires
    mixer.close()
    heir = client("heir")
    heir.connect("deck:out", "heir:in")  # which it did itself
    with Patchbay("heir", known) as patchbay:
        assert wires(heir) == BOTH
        assert patchbay.look() == []
        client("mixer")
        assert patchbay.look() == ["mixer is back"]
        assert wires(heir) == {*BOTH, ("out", "mixer:in")}
        assert patchbay.wires.of(OURS) == known.wires
    assert deck.name == "deck"


def test_wires_of_a_device_go_with_it_and_those_of_stems_stay() -> None:
    heard, played = ("deck:out", "a.b:in_0"), ("a.b:out_1", "room:in_2")
    stem, other = ("a.b:drums_L", "mixer:in_1"), ("a.b:out_1_L", "mixer:in_2")
    wires = Wires("a.b", frozenset({heard, played, stem, other}))
    assert wires.without(input=False, output=False) == wires
    assert wires.without(input=True, output=False).wires == {played, stem, other}
    assert wires.without(input=False, output=True).wires == {heard, stem, other}
    assert wires.without(input=True, output=True).wires == {stem, other}
