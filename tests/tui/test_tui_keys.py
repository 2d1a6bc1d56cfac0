"""Every key of the terminal UI does what the help says."""

from __future__ import annotations

import asyncio
import math

import pytest
from live_status import a_desk, a_status
from textual.pilot import Pilot
from tui_support import Rig

from rtsep.mixer.desk import Desk, local_desk
from rtsep.remote.codes import code_text


def gains(desk: Desk) -> list[float]:
    return [fader.gain_db for fader in desk.faders]


def switched(desk: Desk, which: str) -> str:
    """First letters of the stems with that switch on."""
    return "".join(fader.stem[0] for fader in desk.faders if getattr(fader, which))


MOVES = (
    (0, "up", "drums", 1),
    (0, "down", "drums", -1),
    (0, "shift+up", "drums", 0.1),
    (0, "shift+down", "drums", -0.1),
    (0, "pageup", "drums", 6),
    (5.5, "up", "drums", 6),  # the end of the fader
    (0, "pagedown", "drums", -6),
    (-59.5, "down", "drums", -math.inf),
    (-math.inf, "down", "drums", -math.inf),
    (-math.inf, "up", "drums", -60),
    (-7.3, "0", "drums", 0),
    (0, "right up", "bass", 1),
    (0, "right left up", "drums", 1),
    (0, "left up", "drums", 1),
    (0, "4 up", "vocals", 1),
    (0, "9 up", "drums", 1),  # there is no such stem
)


def test_select_and_move() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        for start, keys, stem, db in MOVES:
            rig.desk.reset()
            rig.desk.set_gain("drums", start)
            await rig.press(pilot, "1", *keys.split())
            assert rig.desk.fader(stem).gain_db == pytest.approx(db), keys
            moved = [gain for gain in gains(rig.desk) if abs(gain) > 1e-9]
            assert moved in ([], [pytest.approx(db)]), keys

    rig.run(script)


def test_the_master_is_right_of_the_last_stem() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "4", "right", "right", "pagedown", "m", "s")
        assert rig.desk.master_db == pytest.approx(-6) and gains(rig.desk) == [0, 0, 0, 0]
        assert switched(rig.desk, "mute") == switched(rig.desk, "solo") == ""
        await rig.see(pilot, "select a stem")
        await rig.press(pilot, "0")
        assert rig.desk.master_db == 0

    rig.run(script)


SWITCHING = (
    ("m", "d", ""),
    ("m m", "", ""),
    ("m right m", "db", ""),
    ("m 2 m s M", "", "b"),
    ("s 2 s m S", "b", ""),
    ("m s home", "", ""),
)


def test_mute_and_solo() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        for keys, mute, solo in SWITCHING:
            rig.desk.reset()
            await rig.press(pilot, "1", *keys.split())
            assert (switched(rig.desk, "mute"), switched(rig.desk, "solo")) == (mute, solo), keys

    rig.run(script)


def test_home_brings_all_faders_to_unity_but_not_the_master() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "down", "right", "up", "4", "pagedown", "right", "down", "home")

    rig.run(script)
    assert gains(rig.desk) == [0, 0, 0, 0] and rig.desk.master_db == pytest.approx(-1)


def test_switches() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        desk = rig.desk
        for key in ("space", "b"):
            before = desk.bypass
            await rig.press(pilot, key)
            assert desk.bypass is not before
        await rig.press(pilot, "l")
        assert not desk.limiter
        await rig.press(pilot, "l", "r")
        assert desk.limiter and desk.recording
        await rig.press(pilot, "r")
        assert not desk.recording
        policies = [desk.policy]
        for _ in range(4):
            await rig.press(pilot, "o")
            policies.append(desk.policy)
        assert policies == ["hold", "dry", "silence", "instant", "hold"]

    rig.run(script)


CHOICES = (
    ("p enter", ""),  # all
    ("p p enter", "dbo"),  # acapella
    ("p down down enter", "v"),  # instrumental
    ("p p p up enter", "dbo"),
    ("p 3", "v"),
    ("p 4", "d"),
    ("p p escape", "b"),
    ("p 9 escape", "b"),
    ("p m escape", "db"),  # what the menu does not use goes to the desk
)


def test_presets() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        for keys, mute in CHOICES:
            rig.desk.reset()
            rig.desk.set_mute("bass", True)
            await rig.press(pilot, *keys.split())
            assert switched(rig.desk, "mute") == mute, keys
            await rig.see(pilot, "presets", gone=True)

    rig.run(script)


def test_a_preset_that_the_model_cannot_have_says_so() -> None:
    desk, _ = local_desk(["kick", "snare"])
    rig = Rig(desk)

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "p", "2")
        await rig.see(pilot, "leaves nothing of kick, snare")

    rig.run(script)


def test_the_menu_lists_the_presets_and_help_the_keys() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "p")
        await rig.see(pilot, "2  acapella")
        await rig.press(pilot, "question_mark")
        await rig.see(pilot, "acapella,")
        text = await rig.text(pilot)
        assert "2  acapella" not in text
        for word in ("shift", "page up", "home", "all solos", "silence", "quit", "drag a fader"):
            assert word in text
        await rig.press(pilot, "m")
        assert switched(rig.desk, "mute") == "d"
        await rig.press(pilot, "escape")
        await rig.see(pilot, "drag a fader", gone=True)

    rig.run(script)


def test_the_page_for_tablets_is_shown_with_a_code_of_its_own_each_time() -> None:
    link = "http://192.168.1.20:8765/?code=AbCdEfGhIjKlMnOpQrStU"
    made = []

    def page() -> str:
        made.append(code_text(link))
        return f"{made[-1]}\nthe remote page: {link}{len(made)}"

    rig = Rig(page=page)

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "w")
        await rig.see(pilot, made[0].split("\n")[3])
        assert len(made[0].split("\n")) < 22  # a small terminal has the whole code
        await rig.press(pilot, "w")
        await rig.see(pilot, "▀", gone=True)
        await rig.press(pilot, "w")
        assert len(made) == 2

    rig.run(script)


def test_without_a_page_the_key_says_how_to_have_one() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "w")
        await rig.see(pilot, "start rtsep with --remote")

    rig.run(script)


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_quit(key: str) -> None:
    rig = Rig()
    rig.run(lambda pilot: rig.press(pilot, key))
    assert rig.stop.is_set() and rig.app.return_code == 0


@pytest.mark.parametrize(
    "keys", ["q y", "q enter", "q n q y", "q n ctrl+c y", "ctrl+c ctrl+c", "q escape ctrl+q ctrl+q"]
)
def test_a_recording_is_not_ended_by_mistake(keys: str) -> None:
    rig = Rig(status=a_status(recording=True))
    rig.desk.set_recording(True)

    async def script(pilot: Pilot[None]) -> None:
        for key in keys.split():
            assert not rig.stop.is_set()
            await rig.press(pilot, key)
            if not rig.stop.is_set():
                await rig.see(pilot, "Finish the files", gone=key in ("n", "escape"))

    rig.run(script)
    assert rig.stop.is_set()


def test_keys_in_a_hurry_end_no_recording() -> None:
    rig = Rig(status=a_status(recording=True))
    rig.desk.set_recording(True)

    async def script(pilot: Pilot[None]) -> None:
        for _ in range(5):
            rig.app.simulate_key("q")  # without waiting for what the one before did
        await asyncio.sleep(0.2)
        assert not rig.stop.is_set()

    rig.run(script)


def test_six_stems_have_six_numbers() -> None:
    rig = Rig(a_desk(6))
    rig.run(lambda pilot: rig.press(pilot, "6", "m"))
    assert switched(rig.desk, "mute") == "p"
