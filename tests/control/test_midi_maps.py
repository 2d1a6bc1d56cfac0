"""Map files: the shipped ones fit every model, users' win, and broken ones are clean errors."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtsep.config import STEMS_4, STEMS_6
from rtsep.control.actions import VERBS
from rtsep.control.midi.library import SHIPPED, Library, read_map_file
from rtsep.control.midi.mapping import map_tables, read_map
from rtsep.control.midi.maps import MODES, matches
from rtsep.control.midi.messages import TYPES
from rtsep.control.midi.surface import Surface
from rtsep.errors import ConfigError, RtsepError
from rtsep.mixer.desk import local_desk
from rtsep.mixer.presets import PRESETS as desk_presets
from rtsep.tables import parse_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PRESETS = sorted(path.stem for path in SHIPPED.glob("*.toml"))
GAIN = {"type": "cc", "number": 7, "action": "gain:1"}


def tables(*bindings: dict[str, Any], **device: Any) -> dict[str, Any]:
    return {"device": {"name": "Box", **device}, "bindings": [*bindings]}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Without any user's maps."""
    return Library(tmp_path_factory.mktemp("maps"))


# The machine may be busy: nothing here is about time.
_patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


# What is shipped


def test_what_is_shipped(library: Library) -> None:
    assert library.problems == []
    assert [entry.name for entry in library.entries] == PRESETS
    assert {"korg-nanokontrol2", "akai-midimix", "akai-apc40", "novation-launch-control-xl",
            "behringer-x-touch-mini", "generic"} <= set(PRESETS)  # fmt: skip


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("stems", [STEMS_4, STEMS_6, ("lead",)])
def test_a_preset_serves_any_model(library: Library, name: str, stems: tuple[str, ...]) -> None:
    device = library.find(name).map
    desk, _ = local_desk(stems)
    Surface(device, desk, pytest.fail, answers=True)
    served = {str(binding.action) for binding in device.bindings if binding.action.fits(desk)}
    wanted = {f"{verb}:{number + 1}" for verb in ("gain", "mute", "solo") for number in range(6)}
    for number in range(len(stems)):
        assert {f"gain:{number + 1}", f"mute:{number + 1}"} <= served
    assert served & wanted <= {
        f"{verb}:{number + 1}" for verb in ("gain", "mute", "solo") for number in range(len(stems))
    }
    assert {"master", "record"} <= served


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_where_its_numbers_come_from(name: str) -> None:
    comment = (SHIPPED / f"{name}.toml").read_text("utf-8").partition("device.name")[0]
    assert all(line.startswith("#") for line in comment.split("\n") if line)
    assert "Numbers" in comment or name == "generic"


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1 24:0", "korg-nanokontrol2"),  # ALSA
        ("nanoKONTROL2 SLIDER/KNOB", "korg-nanokontrol2"),  # macOS
        ("nanoKONTROL2 1", "korg-nanokontrol2"),  # Windows
        ("a2j:nanoKONTROL2 [24] (capture): nanoKONTROL2 MIDI 1", "korg-nanokontrol2"),  # JACK
        ("MIDI Mix:MIDI Mix MIDI 1 20:0", "akai-midimix"),
        ("Akai APC40 MIDI 1", "akai-apc40"),
        ("APC40 mkII", "akai-apc40"),
        ("Launch Control XL", "novation-launch-control-xl"),
        ("X-TOUCH MINI:X-TOUCH MINI MIDI 1 28:0", "behringer-x-touch-mini"),
        ("X-Touch", "mackie-control"),
        ("X-TOUCH-EXT:X-TOUCH-EXT MIDI 1 20:0", "mackie-control"),
        ("X-TOUCH COMPACT:X-TOUCH COMPACT MIDI 1 20:0", None),  # in a mode of its own
        ("X-TOUCH COMPACT 1", None),
        ("X-TOUCH MINI 1", "behringer-x-touch-mini"),
        ("USB MIDI Mixer", None),
        ("Launch Control XL MK3 MIDI 1", None),
        ("a2j:MIDI Mix [20] (capture): MIDI Mix MIDI 1", "akai-midimix"),
        ("Midi Through:Midi Through Port-0 14:0", None),
        ("nanoKONTROL Studio", None),
    ],
)
def test_ports_find_their_preset(library: Library, port: str, name: str | None) -> None:
    entry = library.best(port)
    assert (entry and entry.name) == name


@pytest.mark.parametrize(
    ("preset", "message", "action"),
    [
        ("korg-nanokontrol2", [0xB0, 0, 9], "gain:1"),
        ("korg-nanokontrol2", [0xB0, 37, 127], "solo:6"),
        ("korg-nanokontrol2", [0xB0, 48, 127], "mute:1"),
        ("korg-nanokontrol2", [0xB0, 71, 127], "record"),
        ("akai-midimix", [0xB0, 49, 9], "gain:5"),
        ("akai-midimix", [0x90, 16, 127], "mute:6"),
        ("akai-apc40", [0xB3, 7, 9], "gain:4"),
        ("akai-apc40", [0x95, 49, 127], "solo:6"),
        ("novation-launch-control-xl", [0xB8, 77, 9], "gain:1"),
        ("novation-launch-control-xl", [0x98, 57, 127], "mute:5"),
        ("behringer-x-touch-mini", [0xBA, 1, 9], "gain:1"),
        ("behringer-x-touch-mini", [0x90, 89, 127], "mute:1"),
        ("behringer-x-touch-mini", [0xE8, 0, 9], "master"),
        ("mackie-control", [0xE0, 0, 9], "gain:1"),
        ("generic", [0xB5, 7, 9], "gain:6"),
    ],
)
def test_the_numbers(library: Library, preset: str, message: list[int], action: str) -> None:
    from rtsep.control.midi.messages import parse

    event = parse(message)
    assert event is not None
    found = [str(one.action) for one in library.find(preset).map.bindings if one.means(event)]
    assert found == [action]


# Reading


def test_everything_a_file_can_say() -> None:
    device = read_map(
        tables(
            {"type": "cc", "number": 0, "channel": 3, "action": "gain:vocals", "mode": "14bit",
             "takeover": False, "feedback": True},
            {"type": "cc", "number": 40, "channel": "any", "action": "gain:2", "mode": "relative2c",
             "step": 0.02, "feedback": {"channel": 1, "off": 33, "on": 43}},
            {"type": "note", "number": 1, "action": "mute:1", "mode": "momentary",
             "feedback": {"type": "cc", "channel": 2, "number": 9, "on": 15, "off": 12}},
            {"type": "pitch", "channel": 9, "action": "master", "feedback": True},
            {"type": "program", "number": 3, "action": "preset:no drums"},
            {"type": "note", "number": 5, "action": "gain:1"},
            {"type": "cc", "number": 6, "action": "record", "feedback": False},
            {"type": "cc", "number": 70, "channel": 1, "action": "gain:3", "mode": "14bit",
             "fine": 9, "feedback": True},
            {"type": "cc", "number": 41, "action": "gain:4", "mode": "relativebo", "centre": 16},
            {"type": "cc", "number": 64, "action": "gain:5", "mode": "14bit", "fine": 96},
            {"type": "cc", "number": 42, "channel": 1, "action": "gain:5", "invert": True,
             "feedback": True},
            match=["box", "B?X 2*"],
            not_for=["boxer", "box [2]"],
            on_connect=["F0 00 20 F7", "f07f7ff7"],
        ),
        "a.toml",
    )  # fmt: skip
    fine, encoder, button, master, program, zero, record, apart, around, *rest = device.bindings
    high, upside_down = rest
    assert high.numbers == (64, 96) and upside_down.travel(0) == 1
    assert upside_down.feedback and (upside_down.feedback.off, upside_down.feedback.on) == (127, 0)
    assert apart.numbers == (70, 9) and apart.feedback and not apart.feedback.fine
    assert [around.clicks(value) for value in (15, 17, 20)] == [-1, 1, 4]
    assert fine.numbers == (0, 32) and fine.takeover is False
    assert fine.feedback and fine.feedback.fine and fine.feedback.on == 16383
    assert encoder.channel == 0 and encoder.step == 0.02
    assert encoder.feedback and [
        event.value for travel in (0.0, 0.5, 1.0) for event in encoder.feedback.events(travel)
    ] == [33, 38, 43]
    assert button.feedback and (button.feedback.type, button.feedback.on) == ("cc", 15)
    assert master.feedback and master.feedback.on == 16383 and master.top == 16383
    assert program.mode == "trigger" and zero.mode == "trigger" and record.feedback is None
    assert device.on_connect == (b"\xf0\x00\x20\xf7", b"\xf0\x7f\x7f\xf7")
    assert device.fit("my BOX") < device.fit("bax 2 of 9") and not device.fit("cube")
    assert device.not_for == ("boxer", "box [2]")
    assert not device.fit("my boxer") and device.excludes("my boxer") and not device.fit("box [2]")
    assert not device.excludes("a cube [2]")
    assert read_map(map_tables(device), "b") == device


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "m: must be a table, got []"),
        ({}, "m: device is missing; write device = ..."),
        ({"device": 3, "bindings": []}, "m: device must be a table, got 3"),
        ({"device": {"name": "x"}}, "m: bindings is missing; write bindings = ..."),
        ({"device": {"name": "x"}, "binding": [GAIN]}, "bindings is missing; is 'binding' meant"),
        (tables(), "m: bindings must be 1 to 512, got 0"),
        (tables(*[GAIN] * 513), "m: bindings must be 1 to 512, got 513"),
        (tables(GAIN) | {"x": 1}, "m: unknown key 'x'; there are device, bindings"),
        (tables(GAIN, name=" "), "m: [device]: name must be 1 to 80 letters, got ' '"),
        (tables(GAIN, name="a\x1b[2J"), "name must be 1 to 80 letters, got 'a\\x1b[2J'"),
        (tables(GAIN, match="box"), "m: [device]: match must be a list, got 'box'"),
        (tables(GAIN, match=["box", ""]), "match must be 1 to 80 letters, got ''"),
        (tables(GAIN, not_for=[""]), "not_for must be 1 to 80 letters, got ''"),
        (tables(GAIN, mach=["b"]), "m: [device]: unknown key 'mach'; did you mean match?"),
        (tables(GAIN, on_connect=["90 1 2"]), "on_connect must be like 'F0 00 20 29 F7'"),
        (tables(GAIN, on_connect=["F0 90 F7"]), "on_connect must be like"),
        (tables(GAIN, on_connect=["F0 F7"]), "on_connect must be like"),
        (tables(GAIN, on_connect=["F0 0x F7"]), "on_connect must be like"),
        (tables(GAIN, 5), "m: binding 2: must be a table, got 5"),
        (tables(GAIN, GAIN), "m: binding 2: is the same as binding 1; remove one"),
        (tables(GAIN | {"action": "gian:1"}), "binding 1: no action 'gian:1'; did you mean gain?"),
        (tables(GAIN | {"action": 5}), "m: binding 1: action must be a text, got 5"),
        (tables({"type": "cc", "number": 7}), "m: binding 1: action is missing"),
        (tables({"number": 7, "action": "gain:1"}), "m: binding 1: type is missing"),
        (tables({"type": "cc", "action": "gain:1"}), "m: binding 1: number is missing"),
        (tables(GAIN | {"type": "key"}), "type must be one of cc, note, pitch, program, got 'key'"),
        (tables(GAIN | {"number": 128}), "m: binding 1: number must be 0 to 127, got 128"),
        (tables(GAIN | {"number": True}), "number must be a whole number, got True"),
        (tables(GAIN | {"number": 7.0}), "number must be a whole number, got 7.0"),
        (tables(GAIN | {"channel": 17}), "m: binding 1: channel must be 1 to 16, got 17"),
        (tables(GAIN | {"channel": "all"}), "channel must be a whole number, got 'all'"),
        (tables(GAIN | {"chanel": 1}), "m: binding 1: unknown key 'chanel'; did you mean channel?"),
        (tables(GAIN | {"mode": "toggle"}), "mode 'toggle' does not go with gain:1 and type 'cc'"),
        (tables(GAIN | {"mode": "7bit"}), "mode must be one of absolute, 14bit, relative2c"),
        (tables(GAIN | {"mode": "14bit", "number": 32}), "number must be 0 to 31, got 32"),
        (tables(GAIN | {"mode": "14bit", "fine": 7}), "fine must be another controller than numb"),
        (tables(GAIN | {"mode": "14bit", "fine": 128}), "fine must be 0 to 127, got 128"),
        (tables(GAIN | {"fine": 9}), "unknown key 'fine'"),
        (tables(GAIN | {"mode": "relative2c", "centre": 9}), "unknown key 'centre'"),
        (tables(GAIN | {"mode": "relativebo", "centre": 200}), "centre must be 0 to 127, got 200"),
        (tables(GAIN | {"takeover": 1}), "takeover must be true or false, got 1"),
        (tables(GAIN | {"mode": "relativebo", "takeover": True}), "unknown key 'takeover'"),
        (tables(GAIN | {"step": 0.1}), "unknown key 'step'"),
        (tables(GAIN | {"invert": 1}), "invert must be true or false, got 1"),
        (tables(GAIN | {"action": "mute:1", "invert": True}), "unknown key 'invert'"),
        (tables(GAIN | {"mode": "relativebo", "step": 0.0}), "step must be 0.0001 to 1.0, got 0.0"),
        (tables({"type": "pitch", "action": "mute:1"}), "mute:1 cannot be done by type 'pitch'"),
        (tables({"type": "pitch", "number": 0, "action": "gain:1"}), "unknown key 'number'"),
        (tables({"type": "program", "number": 1, "action": "mute:1", "mode": "momentary"}),
         "mode 'momentary' does not go with mute:1 and type 'program'; use toggle"),
        (tables(GAIN | {"feedback": True}), "feedback: a control of any channel needs a channel"),
        (tables(GAIN | {"feedback": 1}), "m: binding 1: feedback must be a table, got 1"),
        (tables(GAIN | {"channel": 1, "feedback": {"of": 1}}),
         "m: binding 1: feedback: unknown key 'of'; did you mean off?"),
        (tables(GAIN | {"channel": 1, "feedback": {"on": 128}}), "on must be 0 to 127, got 128"),
        (tables(GAIN | {"channel": 1, "feedback": {"fine": True, "number": 40}}),
         "number of a fine controller must be 0 to 31, got 40"),
        (tables({"type": "note", "number": 1, "channel": 1, "action": "reset", "feedback": True}),
         "feedback: reset has no state to show; remove it"),
        (tables({"type": "program", "number": 1, "channel": 1, "action": "bypass",
                 "feedback": True}), "type must be one of cc, note, pitch, got 'program'"),
    ],
)  # fmt: skip
def test_what_a_file_must_not_say(given: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_map(given, "m")
    text = str(caught.value)
    assert message in text and text.startswith("m: ") and "\n" not in text


_names = st.sampled_from(
    ["device", "bindings", "name", "match", "on_connect", "type", "number", "channel", "action",
     "mode", "feedback", "takeover", "step", "off", "on", "fine", "invert"]
)  # fmt: skip
_values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.integers(0, 127),
        st.floats(),
        st.text(max_size=6),
        st.sampled_from([*TYPES, *MODES, "any", "gain:1", "mute:vocals", "reset", "F0 01 F7"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=6),
    max_leaves=30,
)


def _reads_or_refuses(given: object) -> None:
    try:
        device = read_map(given, "m")
    except ConfigError as error:
        assert str(error).startswith("m: ") and str(error).isprintable()
    else:
        assert read_map(map_tables(device), "again") == device


@_patient
@given(_values)
def test_any_tables_are_read_or_refused(given: object) -> None:
    _reads_or_refuses(given)


@_patient
@given(st.dictionaries(_names, _values, max_size=6), st.dictionaries(_names, _values, max_size=4))
def test_any_binding_is_read_or_refused(binding: dict[str, Any], device: dict[str, Any]) -> None:
    _reads_or_refuses(tables(GAIN | binding, **device))


def test_the_documentation(library: Library) -> None:
    text = (Path(__file__).parents[2] / "docs" / "midi.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(read_map(tomllib.loads(example), "docs/midi.md").bindings) == 2
    for word in (*PRESETS, *MODES, *TYPES, *desk_presets):
        assert f"`{word}`" in text, word
    assert {verb for verb in VERBS if f"`{verb}" not in text} == set()


# Files


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "device is missing"),
        (b"device.name = ", "is not TOML"),
        (b"\xff\xfe", "is not TOML ('utf-8' codec can't decode"),
        (b"a = " + b"[" * 20000, "is not TOML"),
        (b"a = " + b"9" * 9000, "is not TOML"),
        (b"#" * (1 << 19), "is larger than 262144 bytes"),
        (b"bindings = 1979-05-27\ndevice.name = 'x'", "bindings must be a list, got datetime.date"),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_map_file(path)
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)
    assert "\n" not in str(caught.value)
    found = Library(tmp_path)
    assert found.problems == [str(caught.value)] and len(found.entries) == len(PRESETS)


@_patient
@given(st.binary(max_size=200))
def test_any_bytes_are_a_map_or_a_clean_error(content: bytes) -> None:
    try:
        read_map(parse_toml(content, Path("m"), "map"), "m")
    except ConfigError as error:
        assert str(error).startswith("m: ") and "\n" not in str(error)


def test_a_users_map_wins(tmp_path: Path, library: Library) -> None:
    mine = read_map(tables(GAIN, match=["nano"]), "m")
    folder = tmp_path / "deep" / "folder"
    path = Library(folder).store("mine", mine)
    found = Library(folder)
    assert path == folder / "mine.toml" and found.problems == []
    best = found.best("nanoKONTROL2 MIDI 1")
    assert best is not None and best.name == "mine" and not best.shipped and best.map == mine
    assert [file.name for file in folder.iterdir()] == ["mine.toml"]  # nothing temporary is left


@pytest.mark.parametrize(
    ("port", "best"),
    [
        ("Super Box Mini:out", "mini"),  # the longest
        ("Super Box:out", "box"),
        ("Super Boxer:out", "boxer"),
        ("Superbox 2", "superbox"),
        ("Super Box Maxi:out", None),  # not for it
    ],
)
def test_the_longest_and_most_exact_name_wins(tmp_path: Path, port: str, best: str | None) -> None:
    for name, device in {
        "any": {"match": ["S???r?B*x*M*i"], "not_for": ["Maxi", "Mini"]},
        "box": {"match": ["Super Box"], "not_for": ["maxi", "boxer"]},
        "boxer": {"match": ["Super*r"]},
        "mini": {"match": ["uper Box Mini"]},
        "superbox": {"match": ["uperbox", "Superbox"]},
        "superb": {"match": ["Superb"]},
    }.items():
        Library(tmp_path).store(name, read_map(tables(GAIN, **device), name))
    entry = Library(tmp_path).best(port)
    assert (entry and entry.name) == best
    refusing = Library(tmp_path).refusing(port)
    assert (refusing and refusing.name) == (None if best else "any")


def test_whole_words_are_more_exact_than_parts_of_them() -> None:
    words = read_map(tables(GAIN, match=["Box"]), "m")
    assert words.fit("My Box 2") > words.fit("My Boxer") > 0


def test_a_users_map_replaces_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    mine = read_map(tables(GAIN, match=["nanoKONTROL2"]), "m")
    Library(tmp_path).store("korg-nanokontrol2", mine)
    found = Library(tmp_path)
    assert found.find("korg-nanokontrol2").map == mine
    assert [entry.name for entry in found.entries].count("korg-nanokontrol2") == 1


def test_what_is_written_is_what_was_meant(tmp_path: Path, library: Library) -> None:
    for name in PRESETS:
        device = library.find(name).map
        path = Library(tmp_path).store(name, device)
        assert read_map_file(path) == device
        assert tomllib.loads(path.read_text("utf-8"))["device"]["name"] == device.name


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 65, "a\nb", "a\\b"])
def test_names_that_are_no_file(tmp_path: Path, name: str, library: Library) -> None:
    with pytest.raises(ConfigError, match="a map's name is letters, digits"):
        Library(tmp_path).store(name, library.find("generic").map)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file(tmp_path: Path, library: Library) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RtsepError, match=r"cannot write .*mine\.toml"):
        Library(tmp_path / "file").store("mine", library.find("generic").map)


def test_an_unknown_map(library: Library) -> None:
    with pytest.raises(ConfigError, match=r"no map 'korgnano'; there are korg-nanokontrol2$"):
        library.find("korgnano")


@pytest.mark.parametrize(
    ("part", "port", "found"),
    [
        ("nano", "The NANO box", True),
        ("a*b", "xa--Bx", True),
        ("a?b", "a-b", True),
        ("a?b", "ab", False),
        ("box [24]", "box [24] (capture)", True),
        ("box [24]", "box 2", False),
        ("*", "anything", True),
    ],
)
def test_parts_of_names(part: str, port: str, found: bool) -> None:
    assert matches(part, port) is found
