"""Devices are the same when the numbers in their names are others: MIDI ports and sound cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rtsep.audio import devices as devices_module
from rtsep.audio.choose import choose
from rtsep.audio.devices import Device, find_again
from rtsep.control.midi import naming
from rtsep.control.midi.maps import matches
from rtsep.control.midi.scout import MidiSpec, Scout, chosen
from rtsep.errors import ConfigError
from rtsep.names import fitting, found_again

# System, and a name before and after.
MIDI = [
    ("alsa", "nanoKONTROL2:nanoKONTROL2 CTRL 20:0", "nanoKONTROL2:nanoKONTROL2 CTRL 128:0"),
    ("jack", "a2j:APC40 [20] (capture): APC40 MIDI 1", "a2j:APC40 [7] (capture): APC40 MIDI 1"),
    ("jack", "nanoKONTROL2:out", "nanoKONTROL2-01:out"),
    ("jack", "nanoKONTROL2-01:out", "nanoKONTROL2-02:out"),
    ("winmm", "nanoKONTROL2 3", "nanoKONTROL2 0"),
    ("winmm", "2- UM-ONE 1", "13- UM-ONE 4"),
    ("winmm", "UM-ONE 1", "2- UM-ONE 1"),
    ("winmm", "MIDIIN2 (2- Launchkey) 1", "MIDIIN2 (3- Launchkey) 4"),
    ("winmm", "MIDIIN2 (Launchkey) 1", "MIDIIN2 (3- Launchkey) 4"),
    ("coremidi", "nanoKONTROL2 SLIDER/KNOB", "nanoKONTROL2 SLIDER/KNOB"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def opened(scout: Scout, *present: str, taken: tuple[str, ...] = ()) -> list[str]:
    return [port for port, _ in scout.wanted(present, taken)]


@pytest.mark.parametrize(("api", "before", "after"), MIDI)
@pytest.mark.parametrize("known", [True, False])
def test_a_port_after_replugging(
    folder: Path, api: str, before: str, after: str, known: bool
) -> None:
    if api == "coremidi" and not known:
        return
    system = api if known else ""
    others = ("Midi Through:Midi Through Port-0 14:0",) if ":" in before else ("Synth 7",)
    for wish in (before, before.upper(), before.strip("0123456789- ")[:8]):
        scout = Scout(MidiSpec(port=wish, folder=folder), [*others, before], system)
        assert opened(scout, *others, before) == [before]
        assert opened(scout, *others) == []
        assert opened(scout, *others, after) == [after]
        assert opened(scout, after, *others) == [after]
    assert chosen(before, [*others, after], system) == after
    assert matches(naming.pattern(before, system), before)
    assert matches(naming.pattern(before, system), after)


@pytest.mark.parametrize(
    ("api", "wish", "wrong"),
    [
        ("coremidi", "IAC Driver Bus 2", "IAC Driver Bus 1"),
        ("coremidi", "Oxygen 49", "Oxygen 25"),
        ("alsa", "MIDI Mix:MIDI Mix MIDI 2 20:1", "MIDI Mix:MIDI Mix MIDI 1 20:0"),
        ("jack", "Oxygen-49:out", "Oxygen-25:out"),
        ("jack", "a2j:One [20] (capture): x", "a2j:Two [20] (capture): x"),
        ("winmm", "Oxygen 49 1", "Oxygen 25 1"),
        ("winmm", "MIDIIN2 (Launchkey) 1", "Launchkey 0"),
    ],
)
def test_numbers_of_makers_count(folder: Path, api: str, wish: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match="no MIDI input"):
        chosen(wish, [wrong], api)
    scout = Scout(MidiSpec(port=wish, folder=folder), [wish], api)
    assert opened(scout, wrong) == []
    assert not matches(naming.pattern(wish, api), wrong)


def test_numbers_alone_are_no_name() -> None:
    for wish in ("[20]", "20:0", "(hw:1,0)", "2-", "#2"):
        assert fitting(wish, ["a2j:nano [24] (capture): x", "nano:nano 24:0", "USB (hw:2,0)"]) == []
    assert fitting("nano [20]", ["a2j:nano [24] (capture): x", "a2j:mix [20] (capture): x"]) == [0]


A, B = "X:X MIDI 1 20:0", "X:X MIDI 1 24:0"


@pytest.mark.parametrize(
    ("wish", "present", "found"),
    [
        (A, ["X:X MIDI 1 28:0", "X:X MIDI 1 32:0"], "X:X MIDI 1 28:0"),  # both, in their order
        (B, ["X:X MIDI 1 28:0", "X:X MIDI 1 32:0"], "X:X MIDI 1 32:0"),
        (A, [B], None),  # its twin is not it
        (B, [A], None),
        (A, [B, "X:X MIDI 1 28:0"], "X:X MIDI 1 28:0"),
        (B, [A, "X:X MIDI 1 28:0"], "X:X MIDI 1 28:0"),
        (A, [A, B], A),
    ],
)
def test_twins(folder: Path, wish: str, present: list[str], found: str | None) -> None:
    scout = Scout(MidiSpec(port=wish, folder=folder), ["Y:Y 14:0", A, B], "alsa")
    assert opened(scout, "Y:Y 14:0", *present) == ([found] if found else [])


def test_a_twin_that_came_later_is_known_too(folder: Path) -> None:
    scout = Scout(MidiSpec(port="x midi", folder=folder), [B], "alsa")
    assert opened(scout, A, B, taken=(B,)) == []
    assert opened(scout, A) == []
    assert opened(scout, A, "X:X MIDI 1 32:0") == ["X:X MIDI 1 32:0"]


def test_twins_of_windows_keep_their_own_number() -> None:
    keys = naming.keys("winmm", "UM-ONE 0")
    twins = ["UM-ONE 0", "2- UM-ONE 1"]
    assert found_again(twins, 1, ["2- UM-ONE 0"], keys) == 0  # the first is gone
    assert found_again(twins, 0, ["2- UM-ONE 0"], keys) is None
    assert found_again(twins, 0, ["Synth 0", "2- UM-ONE 1", "3- UM-ONE 2"], keys) == 2


def test_devices_behind_a_bridge_are_not_all_one() -> None:
    for port, name in [
        ("a2j:nanoKONTROL2 [20] (capture): nanoKONTROL2 MIDI 1", "nanoKONTROL2"),
        ("a2j:nanoKONTROL2 (capture): nanoKONTROL2 MIDI 1", "nanoKONTROL2"),
        ("Midi-Bridge:MIDI Mix:(capture_0) MIDI Mix MIDI 1", "MIDI Mix"),
        ("nanoKONTROL2:nanoKONTROL2 CTRL 20:0", "nanoKONTROL2"),
        ("system:midi_capture_1", "midi_capture_1"),
        ("a2j:", "a2j"),
    ]:
        assert naming.device(port) == name


# Sound cards


def card(index: int, name: str, host_api: str = "ALSA", **more: object) -> Device:
    known = Device(
        index=index, name=name, host_api=host_api, inputs=2, outputs=2, default_rate=48_000
    )
    return replace(known, **more)  # type: ignore[arg-type]


SOUND = [
    ("ALSA", "USB Audio: - (hw:1,0)", "USB Audio: - (hw:3,0)", "usb audio"),
    ("WASAPI", "Microphone (2- USB Audio)", "Microphone (3- USB Audio)", "microphone"),
    ("WASAPI", "Microphone (USB Audio)", "Microphone (2- USB Audio)", "(usb audio"),
    ("DirectSound", "2- USB Audio", "USB Audio", "2- usb"),
    ("MME", "Speakers (2- Focusrite USB Audi", "Speakers (Focusrite USB Audio D", "2- focus"),
]


@pytest.mark.parametrize(("host", "before", "after", "part"), SOUND)
def test_a_card_after_replugging(
    monkeypatch: pytest.MonkeyPatch, host: str, before: str, after: str, part: str
) -> None:
    others = [card(0, "HDA Intel PCH: ALC257 (hw:0,0)"), card(1, "USB Audio (hw:1,1)", "OSS")]
    now = [*others, card(5, after, host)]
    monkeypatch.setattr(devices_module, "list_devices", lambda: now)
    assert find_again(card(2, before, host)) is now[-1]
    for wish in (before, f"{host}: {before}", part):
        if host != "MME" or wish == part:
            assert choose(wish, kind="input", devices=[others[0], now[-1]]) is now[-1]
    monkeypatch.setattr(devices_module, "list_devices", lambda: others)
    with pytest.raises(ConfigError, match="is gone; plug it in again"):
        find_again(card(2, before, host))


def test_another_end_of_a_card_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [card(3, "USB Audio (hw:2,0)"), card(4, "USB Audio (hw:2,1)")]
    monkeypatch.setattr(devices_module, "list_devices", lambda: ends)
    assert find_again(card(1, "USB Audio (hw:1,1)")) is ends[1]
    assert choose("usb audio (hw:1,1)", kind="input", devices=ends) is ends[1]
    with pytest.raises(ConfigError, match="no input device"):
        choose("(hw:1,1)", kind="input", devices=ends)


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (["hw:1,0", "hw:2,0"], [0, 1]),
        (["hw:4,0", "hw:5,0"], [0, 1]),
        (["hw:2,0"], [None, 0]),
        (["hw:1,0", "hw:3,0"], [0, 1]),
        (["hw:2,0", "hw:3,0"], [1, 0]),
    ],
)
def test_twins_of_one_card(
    monkeypatch: pytest.MonkeyPatch, now: list[str], found: list[int | None]
) -> None:
    twins = ("Box (hw:1,0)", "Box (hw:2,0)")
    listed = [card(7 + place, f"Box ({address})") for place, address in enumerate(now)]
    monkeypatch.setattr(devices_module, "list_devices", lambda: listed)
    for place, wanted in enumerate(found):
        device = card(3 + place, twins[place], twins=twins, place=place)
        if wanted is None:
            with pytest.raises(ConfigError, match="is gone"):
                find_again(device)
        else:
            assert find_again(device) is listed[wanted]
