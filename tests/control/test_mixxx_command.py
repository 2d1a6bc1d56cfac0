"""`rtsep midi import`: what it says, what it writes, and that a real port then drives the desk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_support import Done, Rtsep
from midi_rig import eventually, plugged_in, sweep
from mixxx_support import control, lamp, mapping, written

from rtsep.cli.main import main
from rtsep.config import STEMS_4
from rtsep.control.actions import parse_action
from rtsep.control.midi import MidiSpec, open_controllers
from rtsep.control.midi.library import Library, read_map_file
from rtsep.mixer.desk import local_desk

CC, ON = 0xB0, 0x90
FOUR = [
    *(control(f"[Channel{n}]", "volume", hex(CC + n), 7, "normal") for n in range(1, 4)),
    control("[Channel4]", "volume", "0xB4", 8, "fourteen-bit-msb"),
    control("[Channel4]", "volume", "0xB4", 50, "fourteen-bit-lsb"),
    control("[Channel1]", "mute", "0x91", 1, "button"),
    control("[Channel1]", "mute", "0x81", 1, "button"),
    control("[Master]", "gain", "0xE8"),
    control("[Channel1]", "play", "0x91", 2),
    control("[Channel2]", "play", "0x92", 2),
    control("[Channel2]", "beat\u202esync", "0x92", 3),
    control("[Channel2]", "Box.jog", "0xB2", 3, "Script-Binding"),
]
MANY = "+".join(map(str, range(1, 100)))
LAMP = lamp("[Channel1]", "mute", "0x91", 1, minimum=0.5, on=5)


@pytest.fixture
def bring(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rtsep:
    """`rtsep midi import` of a mapping, into an empty folder."""

    def bring(text: str | bytes, *arguments: str) -> Done:
        file = written(tmp_path / "box.midi.xml", text)
        code = main(["midi", "import", str(file), "--config", str(tmp_path / "maps"), *arguments])
        return Done(code, *capsys.readouterr())

    return bring


def test_what_it_says_and_writes(bring: Rtsep, tmp_path: Path) -> None:
    done = bring(mapping(*FOUR, lamps=[LAMP], name="Maker Box 7"))
    path = tmp_path / "maps" / "maker-box-7.toml"
    assert done == Done(
        0,
        "8 of 12 controls taken, as 6 bindings\n"
        "layout decks: Channel1 = stem 1; Channel2 = stem 2; Channel3 = stem 3; "
        "Channel4 = stem 4\n"
        "bound: gain:1, gain:2, gain:3, gain:4, mute:1, master\n"
        "left out: 3 nothing that rtsep's desk has (play, beat sync)\n"
        "left out: 1 done by a script (Box.jog)\n"
        f"written to {path}, for ports with 'Maker Box 7' or 'Box 7' in their name "
        "(else say --match)\n",
        "",
    )
    device = read_map_file(path)
    assert device.name == "Maker Box 7" and device.match == ("Maker Box 7", "Box 7")
    assert [str(one.action) for one in device.bindings] == [
        "gain:1", "gain:2", "gain:3", "gain:4", "mute:1", "master",
    ]  # fmt: skip


def test_a_controller_drives_the_desk(bring: Rtsep, tmp_path: Path, jack_server: object) -> None:
    assert bring(mapping(*FOUR, lamps=[LAMP]), "--match", "Loud Thing").code == 0
    desk, _ = local_desk(STEMS_4)
    events: list[str] = []
    spec = MidiSpec(api="jack", folder=tmp_path / "maps")
    with (
        plugged_in("Loud Thing", "Loud Thing MIDI 1") as box,
        open_controllers(desk, spec, events.append),
    ):
        assert events == ["MIDI controller: Loud Thing:Loud Thing MIDI 1 (map box-7)"]
        eventually(lambda: box.last(0x91, 1) == 0)
        for channel, stem in enumerate(STEMS_4[:3], 1):
            sweep(box, (CC | channel, 7), [110, 60, channel])
            there = parse_action(f"gain:{stem}")
            eventually(lambda: there.value(desk) == pytest.approx(channel / 127))  # noqa: B023
        for value in (14000, 9000, 5000):
            box.send(0xB4, 8, value >> 7)
            box.send(0xB4, 50, value & 127)
        there = parse_action("gain:vocals")
        eventually(lambda: there.value(desk) == pytest.approx(5000 / 16383))
        box.send(0x91, 1, 127)
        box.send(0x81, 1, 0)
        eventually(lambda: desk.fader("drums").mute)
        eventually(lambda: box.last(0x91, 1) == 5)
        sweep(box, (0xE8, 0), [120, 50])
        eventually(lambda: parse_action("master").value(desk) == pytest.approx(6400 / 16383))


def test_stems_that_are_chosen(bring: Rtsep, tmp_path: Path) -> None:
    wishes = ("--stem", "Channel1=drums+bass", "--stem", "[Channel4]=vocals", "--map", "two")
    done = bring(mapping(*FOUR), *wishes)
    assert "layout chosen: Channel1 = drums + bass; Channel4 = vocals\n" in done.out
    assert "left out: 2 a strip or pad that is not used in this layout (volume)" in done.out
    device = read_map_file(tmp_path / "maps" / "two.toml")
    assert {str(one.action) for one in device.bindings} == {
        "gain:drums", "gain:bass", "mute:drums", "mute:bass", "gain:vocals", "master",
    }  # fmt: skip


def test_a_map_of_yours_is_kept(bring: Rtsep, tmp_path: Path) -> None:
    assert bring(mapping(*FOUR)).code == 0
    path = tmp_path / "maps" / "box-7.toml"
    before = path.read_bytes()
    done = bring(mapping(*FOUR), "--layout", "eq")
    assert done.code == 2
    assert done.complaint == (
        "rtsep: there is a map 'box-7' already; --replace it, or --map another NAME\n"
    )
    assert path.read_bytes() == before
    assert bring(mapping(*FOUR), "--layout", "eq", "--map", "other").code == 0
    assert bring(mapping(*FOUR), "--layout", "eq", "--replace").code == 0
    assert path.read_bytes() != before


def test_a_map_that_rtsep_has_itself(bring: Rtsep, tmp_path: Path) -> None:
    done = bring(mapping(*FOUR, name="Korg nanoKONTROL2"), "--map", "nano")
    said = "rtsep has a map of its own for this device, korg-nanokontrol2; yours goes before it\n"
    assert done.code == 0 and said in done.out
    found = Library(tmp_path / "maps").best("nanoKONTROL2:nanoKONTROL2 MIDI 1")
    assert found is not None and found.name == "nano"


@pytest.mark.parametrize(
    ("text", "arguments", "complaint"),
    [
        ("<a", (), "box.midi.xml: is not XML (unclosed token: line 1, column 0); give a mapping's"),
        (mapping(FOUR[-1], *FOUR[8:10]), (),
         "has nothing to take: 2 nothing that rtsep's desk has; 1 done by a script\n"),
        (mapping(*FOUR), ("--layout", "mixer"),
         "no layout 'mixer'; there are auto, stems, decks, eq\n"),
        (mapping(*FOUR), ("--layout", "eq", "--stem", "Channel1=1"),
         "--stem says it all: leave out --layout eq\n"),
        (mapping(*FOUR), ("--stem", "one=1"), "--stem must be like Channel1=drums, "),
        (mapping(*FOUR), ("--stem", "Channel1=0"), "stems are counted from 1 to 99, got '0'\n"),
        (mapping(*FOUR), ("--stem", "Channel1=\x1b[2J"), "action must be 1 to 80 letters, got"),
        (mapping(*FOUR), ("--map", "../x"), "a map's name is letters, digits"),
        (mapping(*FOUR), ("--match", ""), "the imported map: [device]: match must be 1 to 80 lett"),
        (mapping(*FOUR, control("[Channel1]", "pfl", "0x91", 9)),
         [word for n in range(1, 5) for word in ("--stem", f"Channel{n}={MANY}")],
         "the imported map: bindings must be 1 to 512, got 595\n"),
    ],
)  # fmt: skip
def test_mistakes(
    bring: Rtsep, tmp_path: Path, text: str, arguments: Sequence[str], complaint: str
) -> None:
    done = bring(text, *arguments)
    assert done.code == 2 and complaint in done.complaint and done.err.count("\n") == 1
    assert not (tmp_path / "maps").exists()


def test_a_folder_that_nobody_can_write(bring: Rtsep, tmp_path: Path) -> None:
    (tmp_path / "maps").write_text("a file", "utf-8")
    done = bring(mapping(*FOUR))
    assert done.code in (1, 2) and os.fspath(tmp_path / "maps") in done.err
