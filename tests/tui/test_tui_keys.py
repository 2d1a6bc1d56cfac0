"""Every key of the terminal UI does what the help says."""

from __future__ import annotations

import asyncio
import math

import pytest
from live_status import a_desk, a_status
from textual.pilot import Pilot
from tui_support import Rig

from rtsep.mixer.control import BANDS
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.presets import Preset
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


TURNS = (
    ("t pagedown", "high", -6.0),
    ("t t up up", "mid", 2.0),
    ("t t t shift+down", "low", -0.1),
    ("T T up", "low", 1.0),
    ("t pageup pageup", "high", 6.0),  # the end of the knob
    ("t pagedown 0", "high", 0.0),
)


def test_a_knob_is_chosen_and_turned() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        for keys, band, db in TURNS:
            rig.desk.reset()
            rig.app.knob = "fader"
            await rig.press(pilot, "2", *keys.split())
            levels = [0.0, 0.0, 0.0]
            levels[BANDS.index(band)] = db
            assert rig.desk.fader("bass").eq_db == pytest.approx(levels), keys
            assert gains(rig.desk) == [0, 0, 0, 0]
        await rig.press(pilot, *"ttttt")  # around, by way of filter and fader, to the high band
        rig.desk.set_eq("bass", "mid", -59.5)
        await rig.press(pilot, "t", "down")
        assert rig.desk.fader("bass").eq_db[1] == -math.inf
        await rig.see(pilot, "mid -∞")

    rig.run(script)


def test_filters_of_a_stem_and_of_the_master() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "2", "T")
        await rig.see(pilot, "no filter")
        await rig.press(pilot, "pagedown")
        assert rig.desk.fader("bass").filter == pytest.approx(-0.3)
        await rig.see(pilot, "\\3.8k")
        await rig.press(pilot, "right", "right", "right", "pageup", "up", "shift+up")
        assert rig.desk.master_filter == pytest.approx(0.355) and rig.desk.master_db == 0
        await rig.press(pilot, *["pageup"] * 3)
        assert rig.desk.master_filter == 1
        await rig.see(pilot, "/10k")
        await rig.press(pilot, "0", "T", "up")  # the master has no low band: its fader
        assert rig.desk.master_filter == 0 and rig.desk.master_db == pytest.approx(1)

    rig.run(script)


def test_kills() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, *"2zc1x")
        assert [fader.kill for fader in rig.desk.faders[:2]] == [
            (False, True, False), (True, False, True),
        ]  # fmt: skip
        await rig.see(pilot, "x▄x")
        await rig.press(pilot, *"2zc1x")
        assert not any(any(fader.kill) for fader in rig.desk.faders)
        await rig.press(pilot, "4", "right", "z")
        await rig.see(pilot, "the master has no equalizer")

    rig.run(script)


def test_the_master_is_right_of_the_last_stem() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "4", "right", "pagedown", "m", "s")
        assert rig.desk.master_db == pytest.approx(-6) and gains(rig.desk) == [0, 0, 0, 0]
        assert switched(rig.desk, "mute") == switched(rig.desk, "solo") == ""
        await rig.see(pilot, "select a stem")
        await rig.press(pilot, "0")
        assert rig.desk.master_db == 0

    rig.run(script)


def test_the_input_is_right_of_the_master() -> None:
    """Up and down turn its trim, whatever knob they turn elsewhere, and not beyond its ends."""
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "4", "right", "right", "right", "up", "up", "shift+down")
        assert rig.desk.trim_db == pytest.approx(1.9)
        await rig.see(pilot, "+1.9 dB")
        await rig.press(pilot, "t", *5 * ["pagedown"])
        assert rig.desk.trim_db == pytest.approx(-20)
        assert rig.desk.master_db == 0 and gains(rig.desk) == [0, 0, 0, 0]
        await rig.press(pilot, "m", "s")
        await rig.see(pilot, "the input has no solo; select a stem")
        await rig.press(pilot, "u")
        assert rig.desk.trim_db == 0
        await rig.press(pilot, "up", "0")
        assert rig.desk.trim_db == 0

    rig.run(script)


def test_loudness_is_measured_anew() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "L")
        assert rig.desk.loudness_resets == 1 and rig.desk.limiter
        await rig.see(pilot, "are measured anew")

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
        await rig.press(pilot, "b")
        assert desk.bypass
        await rig.press(pilot, "space")  # which is play and pause in every player
        assert desk.bypass and "a live input has no transport" in await rig.text(pilot)
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


def test_a_number_that_is_typed_before_the_menu_is_there_is_for_the_menu() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        rig.app.simulate_key("p")
        rig.app.simulate_key("2")
        await rig.see(pilot, "MUTE")
        assert switched(rig.desk, "mute") == "dbo" and rig.app.selected == 0

    rig.run(script)


SCENES = (
    ("shift+f2 home f2", "b"),  # terminals of the newest kind
    ("f14 home f2", "b"),  # and all others
    ("G 2 home g 2", "b"),
    ("G G enter home g g enter", "b"),
    ("G escape home g escape", ""),
    ("G 2 home g 3", ""),
    ("G 2 home g 9 escape", ""),
)


def test_scenes() -> None:
    for keys, mute in SCENES:
        rig = Rig()
        rig.desk.keep_scenes({}, lambda number, scene: None, 0)

        async def script(
            pilot: Pilot[None], rig: Rig = rig, keys: str = keys, mute: str = mute
        ) -> None:
            rig.desk.set_mute("bass", True)
            await rig.press(pilot, *keys.split())
            await rig.see(pilot, "scene", gone=keys.endswith("escape"))
            assert switched(rig.desk, "mute") == mute and not rig.app.query("Menu"), keys

        rig.run(script)


def test_what_scenes_say() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "f3")
        await rig.see(pilot, "scene 3 is empty; G 3 stores the faders there")
        await rig.press(pilot, "G", "3")
        await rig.see(pilot, "stored as scene 3")
        await rig.press(pilot, "g")
        await rig.see(pilot, "2  (empty)")
        assert "3  all stems at 0 dB" in await rig.text(pilot)
        await rig.press(pilot, "3")
        await rig.see(pilot, "scene 3")
        await rig.press(pilot, "G")
        await rig.see(pilot, "3  all stems")

    rig.run(script)


@pytest.mark.parametrize("key", ["u", "ctrl+z"])
def test_undo(key: str) -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "2", "up", "up", "up", "m", "p", "2", "M", key, key)
        await rig.see(pilot, "undone: preset acapella")
        assert switched(rig.desk, "mute") == "b"
        await rig.press(pilot, key, key)
        await rig.see(pilot, "undone: gain of bass")
        assert gains(rig.desk) == [0, 0, 0, 0]
        await rig.press(pilot, key)
        await rig.see(pilot, "there is nothing to undo")

    rig.run(script)


def test_ones_own_presets_are_in_the_menu() -> None:
    own = {"my [b]own": Preset(mute=("drums",))}
    rig = Rig(local_desk(["drums", "bass"], presets=own)[0])

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "p")
        await rig.see(pilot, "8  my [b]own")
        await rig.press(pilot, "8")
        assert switched(rig.desk, "mute") == "d"

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
        for word in (
            "shift",
            "page up",
            "home",
            "all solos",
            "silence",
            "quit",
            "drag a fader",
            "scene",
            "undo",
            "kill low, mid, high",
            "fader, high, mid, low, filter",
            "another input, another output",
            "left out by another's solo",  # the end of it
        ):
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
