"""Another input, output or route by OSC, and which they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from ends_support import SomeEnds
from osc_support import OscRig, wait_until

from rtsep.control.ends import Swap


@pytest.fixture
def ends() -> SomeEnds:
    return SomeEnds()


@pytest.fixture
def rig(ends: SomeEnds) -> Iterator[OscRig]:
    rig = OscRig(ends=ends)
    yield rig
    rig.close()


def test_swaps(rig: OscRig, ends: SomeEnds) -> None:
    rig.send("/input", "mixxx")
    rig.send("/input", "mixxx", "3-4")
    rig.send("/output", "desk")
    rig.send("/output", "desk", "vocals=1-2", "mix=3-4")
    rig.send("/routes", "mix=3-4")
    rig.send("/routes")
    assert ends.swaps == [
        Swap(input="mixxx"),
        Swap(input="mixxx", input_channels="3-4"),
        Swap(output="desk"),
        Swap(output="desk", routes=("vocals=1-2", "mix=3-4")),
        Swap(routes=("mix=3-4",)),
        Swap(routes=()),
    ]


@pytest.mark.parametrize(
    "values",
    [("/input",), ("/input", 3), ("/input", "a", "1", "2"), ("/output",), ("/routes", 1.5),
     ("/output", "a", 2), ("/input", "x" * 300), ("/routes", *["mix=1"] * 40)],
)  # fmt: skip
def test_nonsense_is_refused(rig: OscRig, ends: SomeEnds, values: tuple[object, ...]) -> None:
    rig.send(str(values[0]), *values[1:])
    assert rig.server.refused == 1 and not ends.swaps


def test_a_session_without_ends_refuses() -> None:
    rig = OscRig()
    rig.send("/input", "mixxx")
    assert rig.server.refused == 1
    wait_until(lambda: any("cannot be changed" in event for event in rig.events))
    rig.close()


def test_subscribers_are_told_what_is_heard(rig: OscRig, ends: SomeEnds) -> None:
    rig.client.tell("/subscribe")
    assert rig.client.wait_for("/routes") == ["mix=1-2"]
    heard = dict(rig.client.heard)
    assert heard["/input"] == ["JACK: system", "1-2"] and heard["/output"] == ["JACK: system"]
    ends.now = replace(ends.now, output="JACK: desk")
    assert rig.client.wait_for("/output") == ["JACK: desk"]
