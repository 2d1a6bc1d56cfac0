"""MIDI and OSC: whatever arrives, the desk stands where it can, and the server goes on."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.fuzz.controls import osc_seeds
from tests.fuzz.holding import SEEDS, holds, some
from tests.fuzz.sandbox import Sandbox


@some(25)
@given(SEEDS)
def test_any_midi(sandbox: Sandbox, seed: int) -> None:
    holds(sandbox, "midi", seed)


@some(100)
@given(SEEDS)
def test_any_packet(sandbox: Sandbox, seed: int) -> None:
    holds(sandbox, "osc", seed)


@some(40)
@given(SEEDS)
def test_any_place_to_listen(sandbox: Sandbox, seed: int) -> None:
    """Nobody is told in there, so nothing may be bound that others could reach."""
    holds(sandbox, "places", seed)


def test_packets_that_mean_something(sandbox: Sandbox) -> None:
    understood = [sandbox.check("osc", packet).kind == "accepted" for packet in osc_seeds()]
    assert sum(understood) >= 7


@pytest.mark.parametrize("port", ["   ", "\x01", "*", "[", "?" * 90])
def test_a_map_learned_from_an_odd_port_can_be_read(sandbox: Sandbox, port: str) -> None:
    moves = b"".join(bytes([3, 0xB0, 7, value]) for value in range(20, 60))
    outcome = sandbox.check("midi", port.encode() + b"\n" + moves)
    assert outcome.kind == "accepted", outcome
