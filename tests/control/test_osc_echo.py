"""Who moves a fader by OSC is not told of it while it moves, and of the truth afterwards."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import pytest
from osc_support import Client, OscRig


@pytest.fixture
def rig() -> Iterator[OscRig]:
    opened = OscRig()
    yield opened
    opened.close()


def faders(heard: list[tuple[str, list[object]]]) -> list[tuple[str, object]]:
    return [(address, values[0]) for address, values in heard if address.endswith("/fader")]


@pytest.fixture
def told(rig: OscRig) -> OscRig:
    """A client that has heard everything there is."""
    rig.client.tell("/subscribe")
    rig.client.wait_for("/policy")
    rig.client.heard.clear()
    return rig


def drag(rig: OscRig, address: str, values: list[float]) -> None:
    for value in values:
        rig.client.tell(address, value)
        time.sleep(0.02)
    rig.client.ask()


def test_who_moves_a_fader_does_not_hear_of_it_and_others_do(told: OscRig) -> None:
    other = Client(told.server.address)
    other.tell("/subscribe")
    other.wait_for("/policy")
    other.heard.clear()
    drag(told, "/stem/bass/fader", [0.8 - step / 50 for step in range(25)])
    end = told.desk.fader("bass").gain_db
    other.wait_for("/stem/bass/gain", lambda values: math.isclose(values[0], end, abs_tol=0.01))
    assert len({value for address, value in faders(other.heard)}) > 3
    assert faders(told.client.heard) == []
    told.client.wait_for("/stem/bass/gain")  # the same in dB, which it has not sent
    told.client.wait_for("/status")
    assert faders(told.client.heard) == []  # it stands where it was put
    other.close()


@pytest.mark.parametrize(("address", "last"), [("fader", 1.7), ("gain", 20.0), ("gain", math.nan)])
def test_who_let_go_beyond_the_end_is_told_the_truth(
    told: OscRig, address: str, last: float
) -> None:
    drag(told, f"/stem/bass/{address}", [0.5, 0.6, last])
    assert not {"/stem/bass/gain", "/stem/bass/fader"} & {one[0] for one in told.client.heard}
    (truth,) = told.client.wait_for(f"/stem/bass/{address}")
    assert truth == pytest.approx(0.6)


def test_what_somebody_else_did_meanwhile_is_told_afterwards(told: OscRig) -> None:
    told.client.tell("/stem/bass/fader", 0.5)
    told.client.ask()
    told.desk.set_gain("bass", -3.0)
    (gain,) = told.client.wait_for("/stem/bass/gain")
    assert gain == pytest.approx(-3)
    assert ("/stem/bass/fader", [pytest.approx(0.71)]) in told.client.heard or told.client.wait_for(
        "/stem/bass/fader"
    )


def test_a_port_of_its_own_does_not_change_whose_hand_it_is(rig: OscRig) -> None:
    ear = Client(rig.server.address)
    ear.socket.bind(("127.0.0.1", 0))
    rig.client.tell("/subscribe", ear.socket.getsockname()[1])
    ear.wait_for("/policy")
    ear.heard.clear()
    drag(rig, "/stem/*/fader", [0.7, 0.6, 0.5, 0.4])
    ear.wait_for("/stem/bass/gain")
    assert faders(ear.heard) == []
    ear.close()


def test_a_switch_is_answered_for_its_lamp_but_not_at_once(told: OscRig) -> None:
    told.client.tell("/bypass", 1)
    told.client.tell("/bypass", 0)
    told.client.tell("/bypass", 1)
    told.client.wait_for("/bypass")
    answers = [values for address, values in told.client.heard if address == "/bypass"]
    assert answers == [[1]]


def test_a_newcomer_may_have_its_hand_on_a_fader(rig: OscRig) -> None:
    rig.client.tell("/subscribe")
    drag(rig, "/stem/bass/fader", [0.8 - step / 40 for step in range(30)])
    rig.client.wait_for("/stem/bass/gain")
    assert [value for address, value in faders(rig.client.heard) if "bass" in address] == []
    assert ("/stem/drums/fader", 0.8) in [
        (address, round(float(str(value)), 6)) for address, value in faders(rig.client.heard)
    ]


def test_a_knob_is_no_other_than_a_fader(told: OscRig) -> None:
    """Its gain is the same thing, and a filter has but one unit."""
    other = Client(told.server.address)
    other.tell("/subscribe")
    other.wait_for("/path")
    for address in ("/stem/bass/eq/low/knob", "/master/filter"):
        drag(told, address, [0.4, 0.3, 0.2, 0.1])
    for address in ("/stem/bass/eq/low/knob", "/master/filter"):
        other.wait_for(address, lambda values: math.isclose(values[0], 0.1, abs_tol=1e-3))
    told.client.wait_for("/stem/bass/eq/low/gain")  # which it has not sent
    told.client.wait_for("/status")
    levels = ("/meter", "/loudness")
    heard = {address for address, _ in told.client.heard if not address.endswith(levels)}
    assert heard <= {"/stem/bass/eq/low/gain", "/status", "/pong", "/path"}
    other.close()
