"""Which swaps need nothing opened, and what they ask for; how they are written; what plays on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from live_rig import RATE, VirtualSession, music

from rtsep.audio.devices import Device
from rtsep.audio.routes import CUE, MIX, Route
from rtsep.control.ends import End, Playing, Swap, output_swap, pairs, read_swap
from rtsep.errors import ConfigError
from rtsep.live_session.callback import CUE as THE_CUE
from rtsep.live_session.callback import MIX as THE_MIX
from rtsep.live_session.callback import Callback
from rtsep.live_session.messages import AudioRequest, DeviceReady, Fade
from rtsep.sound_servers.rewiring import Rewire, Side
from rtsep.swaps.finding import Sides, swapped
from rtsep.swaps.plan import InPlace, in_place

STEMS = ("drums", "vocals")
JACK = DeviceReady(
    input="JACK: one", output="JACK: hall", rate=44_100, blocksize=256, longest_block=256,
    latency=(), input_channels=(0, 1), output_channels=(0, 1), routes=(Route(MIX, (0, 1)),),
    open_inputs=(0, 1), open_outputs=(0, 1), client="rtsep",
)  # fmt: skip
CARD = replace(
    JACK, input="ALSA: card", output="ALSA: card", client="", input_channels=(2, 3),
    open_inputs=(0, 1, 2, 3), open_outputs=(0, 1, 2, 3),
)  # fmt: skip


def device(host_api: str, name: str, channels: int = 8) -> Device:
    return Device(
        index=0, name=name, host_api=host_api, inputs=channels, outputs=channels,
        default_rate=44_100, low_latency=(0.01, 0.02) if host_api == "JACK" else (0, 0),
    )  # fmt: skip


def plan(now: DeviceReady, swap: Swap, **sides: object) -> InPlace | None:
    there = {"input": device(*now.input.split(": ")), "input_channels": now.input_channels,
             "output": device(*now.output.split(": ")), "routes": now.routes}  # fmt: skip
    return in_place(now, swap, Sides(**(there | sides)), STEMS)  # type: ignore[arg-type]


def test_any_client_of_a_jack_server_is_connected() -> None:
    found = plan(JACK, Swap(input="two"), input=device("JACK", "two"), input_channels=(4, 5))
    assert found and found.fade == Fade(hears=False)
    assert found.rewire == Rewire(input=Side("two", (4, 5)))
    assert (found.patch.inputs, found.patch.outputs) == ((0, 1), ())
    assert found.ready.input == "JACK: two" and found.ready.open_inputs == (4, 5)
    assert found.ready.output == "JACK: hall" and found.ready.routes == JACK.routes
    mono = plan(JACK, Swap(input="two"), input=device("JACK", "two"), input_channels=(4,))
    assert mono and mono.patch.inputs == (0,) and mono.ready.open_inputs == (4, -1)


def test_what_was_connected_by_hand_is_connected_as_it_is_called() -> None:
    found = plan(JACK, Swap(input="one"))
    assert found and found.rewire == Rewire(input=Side("one", (0, 1)))


def test_routes_of_other_clients() -> None:
    routes = (Route("vocals", (2,)), Route(MIX, (7,)))
    found = plan(JACK, Swap(output="desk"), output=device("JACK", "desk"), routes=routes)
    assert found and found.fade == Fade(plays=False)
    assert found.rewire == Rewire(output=Side("desk", (2, 7)))
    assert found.patch.outputs == ((0,), (1,)) and found.patch.plays == (1, THE_MIX)
    assert found.ready.routes == routes and found.ready.output_channels == (2,)


def test_headphones_are_a_route() -> None:
    routes = (Route(MIX, (0, 1)), Route(CUE, (2, 3)))
    now = replace(JACK, open_outputs=(0, 1, 2, 3), output="JACK: desk")
    found = plan(now, Swap(routes=("mix=1-2", "cue=3-4")), routes=routes)
    assert found and found.patch.plays == (THE_MIX, THE_CUE)
    assert found.patch.outputs == ((0, 1), (2, 3)) and found.ready.cue_channels == (2, 3)
    found = plan(found.ready, Swap(routes=("mix=1-2",)), routes=routes[:1])
    assert found and found.patch.plays == (THE_MIX,) and found.ready.cue_channels == ()
    assert found.rewire == Rewire(output=Side("desk", (0, 1)))
    assert found.ready.open_outputs == (0, 1, -1, -1)  # nobody hears them


def test_other_channels_of_a_card_that_are_open() -> None:
    found = plan(CARD, Swap(input_channels="1"), input_channels=(0,))
    assert found and found.rewire is None and found.patch.inputs == (0,)
    routes = (Route(MIX, (2, 3)), Route("drums", (0,)))
    found = plan(CARD, Swap(routes=("mix=3-4", "drums=1")), routes=routes)
    assert found and found.patch.outputs == ((2, 3), (0,)) and found.patch.plays == (THE_MIX, 0)
    assert found.ready.open_outputs == CARD.open_outputs


@pytest.mark.parametrize(
    ("now", "swap", "sides"),
    [
        (CARD, Swap(input="other"), {"input": device("ALSA", "other")}),
        (CARD, Swap(input="two"), {"input": device("JACK", "two")}),
        (CARD, Swap(input_channels="5-6"), {"input_channels": (4, 5)}),
        (CARD, Swap(output="other"), {"output": device("ALSA", "other")}),
        (JACK, Swap(input="card"), {"input": device("ALSA", "card")}),
        (JACK, Swap(routes=("a",)), {"routes": (Route(MIX, (0, 1)), Route("drums", (2,)))}),
        (JACK, Swap(output="x"), {"output": None, "routes": ()}),
    ],
)
def test_everything_else_is_opened(now: DeviceReady, swap: Swap, sides: dict[str, object]) -> None:
    assert plan(now, swap, **sides) is None


def test_a_route_that_names_no_stem() -> None:
    with pytest.raises(ConfigError, match="route piano=1 names no stem; there are drums, vocals"):
        plan(JACK, Swap(routes=("piano=1",)), routes=(Route("piano", (0,)),))


def test_what_is_not_swapped_is_the_same_device() -> None:
    request = AudioRequest(
        input="mic", output="speakers", input_channels="3-4", routes=("mix=3-4",), blocksize=64
    )
    after = swapped(request, CARD, Swap(input="two"))
    assert after == replace(request, input="two", input_channels=None, output="ALSA: card")
    after = swapped(request, CARD, Swap(output="two", routes=()))
    assert after == replace(request, input="ALSA: card", output="two", routes=())
    after = swapped(request, CARD, Swap(input_channels="1"))
    assert (after.input, after.input_channels) == ("ALSA: card", "1")
    file = AudioRequest(input=None, output=None)
    assert swapped(file, CARD, Swap(output="two")) == replace(file, output="two")


def test_headphones_stay_where_routes_do() -> None:
    request = AudioRequest(input="mic", output="card", cue="3-4")
    assert swapped(request, CARD, Swap(output="two")).cue == "3-4"
    assert swapped(request, CARD, Swap(routes=("mix=1-2",))).cue is None
    after = swapped(request, CARD, Swap(routes=("cue=5-6", "drums=1-2")))
    assert (after.routes, after.cue) == (("drums=1-2",), "5-6")
    with pytest.raises(ConfigError, match="there is one pair of headphones, got cue=1-2 and cue=3"):
        swapped(request, CARD, Swap(routes=("cue=1-2", "cue=3-4")))


def test_a_list_leaves_headphones_where_it_can() -> None:
    one = Playing(input="a", input_channels="1", output="b", routes=("mix=1-2", "cue=3-4"))
    desk, room = End(name="desk", channels=6), End(name="room", channels=2)
    assert output_swap(desk, "", one) == Swap(output="desk")
    assert output_swap(desk, "5-6", one) == Swap(output="desk", routes=("mix=5-6", "cue=3-4"))
    assert output_swap(desk, "3-4", one) == Swap(output="desk", routes=("mix=3-4",))
    assert output_swap(room, "", one) == Swap(output="room", routes=())
    cable = replace(one, routes=("mix=1", "cue=2"))
    assert output_swap(room, "", cable) == Swap(output="room")
    assert output_swap(desk, "3-4", cable) == Swap(output="desk", routes=("mix=3-4",))
    many = replace(one, routes=("vocals=1-2", "drums=3-4"))
    assert output_swap(room, "", many) == Swap(output="room")  # which is refused, and says why


def test_pairs_and_outputs_as_people_write_them() -> None:
    assert pairs(0) == [] and pairs(1) == ["1"] and pairs(5) == ["1-2", "3-4", "5"]
    one = Playing(input="a", input_channels="1", output="b", routes=("mix=3-4",))
    many, desk = replace(one, routes=("mix=1", "vocals=2")), End(name="desk", channels=4)
    assert output_swap(desk, "3-4", many) == Swap(output="desk", routes=("mix=3-4",))
    assert output_swap(desk, "", one) == Swap(output="desk", routes=())
    assert output_swap(desk, "", many) == Swap(output="desk")


def test_a_swap_is_read() -> None:
    assert read_swap({"input": "a", "routes": ["x"]}) == Swap(input="a", routes=("x",))
    for nonsense in (None, {}, [], "input", {"input": None}, {"input": 1}, {"routes": "x"},
                     {"routes": [None]}, {"other": "x"}, {"input": "a", "x": 1}):  # fmt: skip
        with pytest.raises(ConfigError, match="swap"):
            read_swap(nonsense)


def test_stems_of_their_own_ports_play_on_beside_another_output() -> None:
    def run(*, swaps: bool) -> np.ndarray:
        session = VirtualSession(outputs=(THE_MIX, 1))
        callback = session.callback = Callback(
            session.shared, lambda: None, feed=False, outputs=(THE_MIX, 1), lasting=1
        )
        return session.run(
            music(2.0),
            before=lambda at: callback.dips.aim(hears=True, plays=not swaps or at < RATE),
        )

    played, undisturbed = run(swaps=True), run(swaps=False)
    silent = slice(RATE + RATE // 10, None)
    assert undisturbed[:2, silent].any() and not played[:2, silent].any()
    np.testing.assert_array_equal(played[2:], undisturbed[2:])
