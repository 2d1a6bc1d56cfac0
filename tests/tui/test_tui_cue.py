"""Headphones in the terminal: keys, lamps, a strip that is there where they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from live_status import a_desk, a_level
from textual.pilot import Pilot
from tui_support import Rig

from rtsep.mixer.desk import Desk


def a_booth(channels: tuple[int, ...] = (2, 3)) -> Desk:
    desk = a_desk()
    desk.plug_cue(channels)
    return desk


def prelistened(desk: Desk) -> str:
    stems = "".join(stem[0] for stem in desk.stems if desk.pfl(stem))
    return stems + "i" * desk.pfl_input


def test_the_keys() -> None:
    rig = Rig(a_booth())

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, *"2h4h")
        assert prelistened(rig.desk) == "bv"
        await rig.press(pilot, "h", "right", "h")
        assert prelistened(rig.desk) == "b"
        await rig.see(pilot, "the cue mix brings the master; select a stem, or the cue")
        await rig.press(pilot, "right", "h", "m", "z")
        assert prelistened(rig.desk) == "bi" and not any(f.mute for f in rig.desk.faders)
        await rig.see(pilot, "the cue has no equalizer; select a stem")
        await rig.press(pilot, "right", "right", "H")  # the input, and nothing is right of it
        assert prelistened(rig.desk) == "" and rig.app.selected == 6
        await rig.press(pilot, "y")
        assert rig.desk.cue_split
        await rig.see(pilot, "cue|master")

    rig.run(script)


def test_volume_and_mix_of_the_strip() -> None:
    rig = Rig(a_booth())

    async def script(pilot: Pilot[None]) -> None:
        await rig.see(pilot, "cue only")
        await rig.press(pilot, "4", "right", "right", "pagedown")
        assert rig.desk.cue_volume_db == pytest.approx(-6) and rig.desk.master_db == 0
        await rig.press(pilot, "t", "pageup", "shift+up")
        assert rig.desk.cue_mix == pytest.approx(0.305)
        await rig.see(pilot, "30% master")
        await rig.press(pilot, *["pageup"] * 3)
        assert rig.desk.cue_mix == 1
        await rig.press(pilot, "0", "t", "0")
        assert rig.desk.cue_mix == 0 and rig.desk.cue_volume_db == 0

    rig.run(script)


def test_lamps_and_the_mouse() -> None:
    rig = Rig(a_booth())
    rig.status = replace(rig.status, cue_level=a_level(-12.5))

    async def script(pilot: Pilot[None]) -> None:
        strips = rig.app._strips
        bottom = strips[1].size.height - 1
        for place, key in ((1, "mute"), (5, "solo"), (9, "pfl")):
            await pilot.click(strips[1], offset=(place, bottom))
            fader = rig.desk.fader("bass")
            assert rig.desk.pfl("bass") if key == "pfl" else getattr(fader, key), key
        cue, width = strips[5], strips[5].size.width
        await pilot.click(cue, offset=(1, bottom))
        await pilot.click(cue, offset=(width - 2, bottom))
        assert rig.desk.pfl_input and rig.desk.cue_split and rig.app.selected == 5
        lines = await rig.lines(pilot)
        lamps = next(line for line in lines if "MU SO PF" in line)
        assert lamps.count("mu so pf") == 3 and "IN" in lamps and "L|R" in lamps
        assert any("pk -12.5" in line for line in lines)

    rig.run(script)


def test_in_rows() -> None:
    rig = Rig(a_booth())

    async def script(pilot: Pilot[None]) -> None:
        lines = await rig.lines(pilot)
        (row,) = (line for line in lines if "2 bass" in line)
        (cue,) = (line for line in lines if "CUE" in line)
        assert row.rstrip().endswith("pfl") and row.index("mute") == cue.index(" in ")
        await pilot.click(rig.app._strips[1], offset=(row.index("pfl"), 0))
        assert prelistened(rig.desk) == "b"
        await pilot.click(rig.app._strips[5], offset=(cue.index("l|r"), 0))
        assert rig.desk.cue_split
        await pilot.click(rig.app._strips[5], offset=(len(cue) - 2, 0))  # where others have a third
        assert rig.app.selected == 5

    rig.run(script, (80, 14))


def test_without_headphones() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        assert not any("CUE" in line or "pfl" in line for line in await rig.lines(pilot))
        for key in "hHy":
            await rig.press(pilot, key)
            await rig.see(pilot, "this session has no cue; start it with --cue 3-4")
            rig.app.notice("")
        await rig.press(pilot, "4", *["right"] * 3)
        assert rig.app.selected == 6  # the input, past headphones that are not there

    rig.run(script)


def test_headphones_that_come_and_go() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        rig.desk.plug_cue((2, 3))
        await rig.see(pilot, "CUE")
        await rig.press(pilot, "4", "right", "right", "h")
        assert prelistened(rig.desk) == "i"
        rig.desk.plug_cue(())
        await rig.see(pilot, "CUE", gone=True)
        await rig.press(pilot, "up")
        assert rig.app.selected == 4 and rig.desk.master_db == pytest.approx(1)

    rig.run(script)


def test_one_channel_has_no_two_ears() -> None:
    rig = Rig(a_booth((1,)))

    async def script(pilot: Pilot[None]) -> None:
        cue = rig.app._strips[5]
        await pilot.click(cue, offset=(cue.size.width - 2, cue.size.height - 1))
        await rig.see(pilot, "a cue of one channel has no two ears to split")
        assert not rig.desk.cue_split

    rig.run(script)
