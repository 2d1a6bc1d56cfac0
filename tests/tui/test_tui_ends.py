"""Another input or output from the terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ends_support import SomeEnds
from textual.pilot import Pilot
from tui_support import Rig

from rtsep.control.ends import Swap
from rtsep.errors import ConfigError, RtsepError


@pytest.fixture
def ends() -> SomeEnds:
    return SomeEnds()


@pytest.fixture
def rig(ends: SomeEnds) -> Rig:
    rig = Rig()
    rig.app.offer(ends)
    return rig


def test_an_input_is_chosen(rig: Rig, ends: SomeEnds) -> None:
    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "d")
        await rig.see(pilot, "input, now JACK: system")
        text = await rig.text(pilot)
        assert "2  JACK: mixxx" in text and "3  ALSA: usb <b>mic</b> [red]" in text
        await rig.press(pilot, "3")
        await rig.see(pilot, "input, now", gone=True)
        assert ends.swaps == [Swap(input="ALSA: usb <b>mic</b> [red]", input_channels="")]

    rig.run(script)


def test_a_pair_of_its_channels_is_chosen(rig: Rig, ends: SomeEnds) -> None:
    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "d")
        await rig.see(pilot, "input, now JACK: system")
        await rig.press(pilot, "d", "enter")
        await rig.see(pilot, "channels of JACK: mixxx")
        assert "3  5-6" in await rig.text(pilot)
        await rig.press(pilot, "2")
        await rig.see(pilot, "channels of", gone=True)
        assert ends.swaps == [Swap(input="JACK: mixxx", input_channels="3-4")]
        await rig.press(pilot, "d")
        await rig.see(pilot, "input, now JACK: system")
        await rig.press(pilot, "escape")
        await rig.see(pilot, "input, now", gone=True)
        assert len(ends.swaps) == 1

    rig.run(script)


def test_an_output_is_chosen(rig: Rig, ends: SomeEnds) -> None:
    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "D")
        await rig.see(pilot, "output, now JACK: system")
        await rig.press(pilot, "2")
        await rig.see(pilot, "channels of JACK: desk")
        await rig.press(pilot, "2")
        await rig.see(pilot, "channels of", gone=True)
        ends.now = replace(ends.now, routes=("vocals=1-2", "mix=3-4"))
        await rig.press(pilot, "D")
        await rig.see(pilot, "output, now JACK: system")
        await rig.press(pilot, "2")
        await rig.see(pilot, "1  as it is, vocals=1-2 mix=3-4")
        await rig.press(pilot, "1")
        await rig.see(pilot, "channels of", gone=True)
        assert ends.swaps == [
            Swap(output="JACK: desk", routes=("mix=3-4",)),
            Swap(output="JACK: desk"),
        ]

    rig.run(script)


def test_headphones_stay_beside_another_pair(rig: Rig, ends: SomeEnds) -> None:
    ends.now = replace(ends.now, output="JACK: desk", routes=("mix=1-2", "cue=3-4"))

    async def script(pilot: Pilot[None]) -> None:
        for room, row in (("2", "1"), ("2", "2"), ("2", "3"), ("1", "")):
            await rig.press(pilot, "D")
            await rig.see(pilot, "output, now JACK: desk")
            await rig.press(pilot, room)
            if row:
                await rig.see(pilot, "1  as it is, mix=1-2 cue=3-4")
                await rig.press(pilot, row)
            await rig.see(pilot, "channels of", gone=True)
        assert ends.swaps == [
            Swap(output="JACK: desk"),
            Swap(output="JACK: desk", routes=("mix=1-2", "cue=3-4")),
            Swap(output="JACK: desk", routes=("mix=3-4",)),
            Swap(output="JACK: system", routes=()),  # which has no 3-4
        ]

    rig.run(script)


def test_what_cannot_be_chosen_is_told(rig: Rig, ends: SomeEnds) -> None:
    async def script(pilot: Pilot[None]) -> None:
        ends.failure = RtsepError("nobody answers")
        await rig.press(pilot, "d")
        await rig.see(pilot, "nobody answers")
        ends.failure = None
        await rig.press(pilot, "D")
        await rig.see(pilot, "output, now JACK: system")
        ends.failure = ConfigError("another swap is not over yet")
        await rig.press(pilot, "1")
        await rig.see(pilot, "another swap is not over yet")
        ends.now = replace(ends.now, input="")
        await rig.press(pilot, "d")
        await rig.see(pilot, "a file is played")

    rig.run(script)


def test_a_session_without_ends() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        for key in "dD":
            await rig.press(pilot, key)
            await rig.see(pilot, "the devices of this session cannot be changed")
            rig.app.notice("")

    rig.run(script)
