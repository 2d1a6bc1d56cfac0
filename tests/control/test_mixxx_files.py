"""Mixxx's files: read as Mixxx reads them, and refused in a line where they are none or hostile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mixxx_support import control, lamp, mapping, written

from rtsep.errors import ConfigError
from rtsep.mixxx.mapping import MOST_CONTROLS, read_mixxx_file
from rtsep.mixxx.xml import DEEPEST, LARGEST_FILE

VOLUME = control("[Channel1]", "volume", "0xB0", "0x07")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0x1F", 31),
        ("0X1f", 31),
        ("0x033", 51),
        ("31", 31),
        (" 31\n", 31),
        ("0", 0),
        ("017", 15),  # octal to Mixxx
        ("08", None),
        ("1F", None),
        ("-1", None),
        ("1_0", None),
        ("٣", None),
        ("0x", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_numbers(tmp_path: Path, text: str, number: int | None) -> None:
    file = mapping(control("[Channel1]", "volume", "0xB0", text))
    (one,) = read_mixxx_file(written(tmp_path / "a.midi.xml", file)).controls
    assert (one.status, one.number) == (0xB0, number)


def test_what_a_control_says(tmp_path: Path) -> None:
    controls = (
        control(" [Channel1]\n", "volume", 176, 7, "Normal"),
        control("[Channel2]", "rate", "0xe1", "", "Soft-Takeover", "INVERT"),
        control("[Master]", "<!-- which? -->Box.turn", "0xB0", "0x01", "Script-Binding"),
        "<control/>",
    )
    found = read_mixxx_file(written(tmp_path / "a.midi.xml", mapping(*controls, port="B MIDI 1")))
    assert (found.name, found.port) == ("Box 7", "B MIDI 1")
    volume, rate, script, nothing = found.controls
    assert volume.thing == ("[Channel1]", "volume")
    assert (volume.status, volume.number, volume.options) == (176, 7, {"normal"})
    assert (rate.status, rate.number, rate.options) == (0xE1, None, {"soft-takeover", "invert"})
    assert script.key == "Box.turn" and script.options == {"script-binding"}
    assert nothing.thing == ("", "") and nothing.status is None and not nothing.options


def test_lamps(tmp_path: Path) -> None:
    lamps = [
        lamp("[Channel1]", "mute", "0x90", "0x10", on="0x7F", off="1", minimum=0.5),
        lamp("[Channel1]", "mute", "0x90", "0x11", minimum="some", maximum="0.1"),
    ]
    text = mapping(VOLUME, lamps=lamps)
    lit, dark = read_mixxx_file(written(tmp_path / "a.midi.xml", text)).lamps
    assert [lit.shown(value) for value in (0, 0.5, 1)] == [1, 127, 127]
    assert [dark.shown(value) for value in (0, 0.5, 1)] == [127, 0, 0]


def test_a_file_without_a_name_has_its_own(tmp_path: Path) -> None:
    text = mapping(VOLUME, name="")
    assert read_mixxx_file(written(tmp_path / "My box.midi.xml", text)).name == "My box"
    text = mapping(VOLUME, name="Two\n   lines")
    assert read_mixxx_file(written(tmp_path / "My box.midi.xml", text)).name == "Two lines"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    head = "" if encoding.startswith("utf") else f'<?xml version="1.0" encoding="{encoding}"?>'
    text = mapping(VOLUME, name="Gerät", head=head)
    path = written(tmp_path / "a.midi.xml", text.encode(encoding))
    assert read_mixxx_file(path).name == "Gerät"


def test_entities_may_stand_for_words(tmp_path: Path) -> None:
    """Mixxx itself ships a mapping whose status bytes are entities."""
    head = '<!DOCTYPE a [<!ENTITY cc "0xB4"><!ENTITY number "0x1F">]>'
    text = mapping(control("[Channel1]", "volume", "&cc;", "&number;"), head=head)
    (one,) = read_mixxx_file(written(tmp_path / "a.midi.xml", text)).controls
    assert (one.status, one.number) == (0xB4, 31)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not XML (no element found: line 1, column 0)"),
        ("\0\0\0\0", "is not XML"),
        ("<a><b></a>", "is not XML (mismatched tag: line 1, column 8)"),
        ("{'json': 1}", "is not XML"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "is not XML (unknown encoding"),
        ('<?xml version="1.0" encoding="utf-7"?><a/>', "is not XML"),
        ("<a>&b;</a>", "is not XML (undefined entity"),
        ("<html><body/></html>", "is no mapping of Mixxx; give a file like NAME.midi.xml"),
        ("<MixxxControllerPreset/>", "has no MIDI controls"),
        (mapping(), "has no MIDI controls"),
        (mapping(VOLUME * (MOST_CONTROLS + 1)), "has more than 4096 controls"),
        ("<a>" * (DEEPEST + 1), "is nested deeper than 16 elements"),
        ("<a>" + " " * LARGEST_FILE, "is larger than 2097152 bytes"),
        (mapping(VOLUME, head='<!DOCTYPE a SYSTEM "x.dtd">'), "asks for another file"),
        (mapping(VOLUME, head='<!DOCTYPE a PUBLIC "x" "http://127.0.0.1/x">'), "asks for another"),
        (mapping(head='<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;">]>', name="&c;"), "has an"),
        (mapping(head=f'<!DOCTYPE a [<!ENTITY b "{"x" * 33}">]>', name="&b;"), "has an entity"),
        (mapping(head='<!DOCTYPE a [<!ENTITY b "&#60;c>">]>', name="&b;"), "has an entity"),
        (mapping(head='<!DOCTYPE a [<!ENTITY b "&#38;#38;">]>', name="&b;"), "has an entity"),
        (mapping(head='<!DOCTYPE a [<!ENTITY % b "c"> %b;]>'), "has an entity"),
        (mapping(head='<!DOCTYPE a [<!ENTITY b SYSTEM "secret">]>', name="&b;"), "has an entity"),
        (mapping(head='<!DOCTYPE a [<!ENTITY b PUBLIC "p" "s" NDATA n>]>'), "has an entity"),
    ],
)  # fmt: skip
def test_what_is_no_mapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "secret", "4711")
    path = written(tmp_path / "a.midi.xml", text)
    with pytest.raises(ConfigError) as caught:
        read_mixxx_file(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: {complaint}") and "4711" not in said
    assert said.isprintable() and len(said) < len(str(path)) + 200


def test_what_is_no_file(tmp_path: Path) -> None:
    for name, complaint in {
        "nobody": "cannot be read (No such file or directory); check the path",
        ".": "cannot be read (Is a directory); check the path",
    }.items():
        with pytest.raises(ConfigError) as caught:
            read_mixxx_file(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {complaint}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_would_wait_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a regular file; give a mapping's file"):
        read_mixxx_file(tmp_path / "pipe")
