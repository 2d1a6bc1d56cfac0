"""What a client of a real JACK server plays to the sound card, while rtsep hears it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import jack
import pytest
from live_rig import wait_until

from rig.server import JackServer, activate
from rtsep.sound_servers.direct_sound import DirectSound
from rtsep.sound_servers.jack_server import find_server

CARDS = ("system:playback_1", "system:playback_2")


@pytest.fixture
def opened(jack_server: JackServer) -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def client(opened: ExitStack, name: str, *, ins: int = 0, outs: int = 0) -> Any:
    made = jack.Client(name, use_exact_name=True, no_start_server=True)
    opened.callback(made.close)
    for number in range(ins):
        made.inports.register(f"in_{number}")
    for number in range(outs):
        made.outports.register(f"out_{number}")
    activate(made)
    return made


def settled(made: Any, wires: list[set[str]]) -> bool:
    """Fails when a client's outputs do not come to have these connections. The server changes them
    with its next period."""
    wait_until(
        lambda: (
            [{port.name for port in made.get_all_connections(out)} for out in made.outports]
            == wires
        )
    )
    return True


@pytest.fixture
def deck(opened: ExitStack) -> Any:
    """Two pairs to the sound card."""
    deck = client(opened, "Deck", outs=4)
    for number, port in enumerate(deck.outports):
        deck.connect(port, CARDS[number % 2])
    return deck


def test_only_what_is_heard_is_taken_and_only_once(opened: ExitStack, deck: Any) -> None:
    """Not before rtsep hears it, and not the second pair; what is connected again stays."""
    first, second, *others = before = [{CARDS[number % 2]} for number in range(4)]
    with DirectSound("deck") as direct:
        assert direct.look() == [] and settled(deck, before)
        client(opened, "rtsep", ins=2)
        deck.connect("Deck:out_0", "rtsep:in_0")
        deck.connect("Deck:out_1", "rtsep:in_1")
        assert settled(deck, [{"rtsep:in_0", *first}, {"rtsep:in_1", *second}, *others])
        (told,) = direct.look()
        assert told.startswith("Deck is heard through rtsep only")
        assert settled(deck, [{"rtsep:in_0"}, {"rtsep:in_1"}, *others])
        deck.connect("Deck:out_0", CARDS[0])
        assert settled(deck, [{"rtsep:in_0", *first}, {"rtsep:in_1"}, *others])
        assert direct.look() == []
        assert settled(deck, [{"rtsep:in_0", *first}, {"rtsep:in_1"}, *others])
    assert settled(deck, [{"rtsep:in_0", *first}, {"rtsep:in_1", *second}, *others])


def test_a_client_that_returns_is_taken_again(opened: ExitStack) -> None:
    """And what has gone at the end is left alone."""
    client(opened, "rtsep", ins=1)
    with DirectSound("deck") as direct:
        for _ in range(2):
            with ExitStack() as once:
                deck = client(once, "Deck", outs=1)
                deck.connect("Deck:out_0", CARDS[0])
                deck.connect("Deck:out_0", "rtsep:in_0")
                assert settled(deck, [{CARDS[0], "rtsep:in_0"}])
                assert len(direct.look()) == 1
                assert settled(deck, [{"rtsep:in_0"}])


def test_others_are_left_alone(opened: ExitStack) -> None:
    client(opened, "Deck", outs=1)
    other = client(opened, "Synth", outs=1)
    client(opened, "rtsep", ins=1)
    other.connect("Synth:out_0", CARDS[0])
    other.connect("Synth:out_0", "rtsep:in_0")
    assert settled(other, [{CARDS[0], "rtsep:in_0"}])
    with DirectSound("deck") as direct:
        assert direct.look() == []
        assert settled(other, [{CARDS[0], "rtsep:in_0"}])
    found = find_server()
    assert not found.pipewire and set(found.players) == {"Deck", "Synth"}
