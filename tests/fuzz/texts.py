"""What people edit and pass on: maps of quality, maps of MIDI controllers, mappings of Mixxx."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from zlib import crc32

import matplotlib.font_manager  # noqa: F401  # it asks the system for fonts, once

from rtsep.config import STEMS_4
from rtsep.control.midi.library import SHIPPED, Library, read_map_file
from rtsep.control.midi.mapping import map_tables, read_map
from rtsep.control.midi.surface import Surface
from rtsep.errors import ConfigError
from rtsep.mixer.desk import local_desk
from rtsep.mixxx.importing import device_map, import_mapping
from rtsep.mixxx.layouts import LAYOUTS
from rtsep.mixxx.mapping import read_mixxx_file
from rtsep.report import map_plot, map_table
from rtsep.report.map_chart import chart_of
from tests.fuzz.kinds import Kind
from tests.fuzz.mutate import mutated

ROWS = [
    ",".join(map_table.COLUMNS),
    "one,htdemucs,fp32,offline,,,,,0.0,4.0,mean,7.5,,cpu",
    "one,htdemucs,fp32,exact,2.0,93.0,46.0,139.0,0.0,4.0,drums,6.5,400.0,cpu",
    "one,htdemucs,fp32,exact,2.0,93.0,46.0,139.0,0.0,4.0,mean,6.0,400.0,cpu",
    "one,htdemucs,fp32,exact,2.0,186.0,46.0,232.0,0.0,4.0,mean,6.2,400.0,cpu",
    "one,htdemucs,fp32,incremental,2.0,93.0,46.0,139.0,0.0,4.0,mean,5.9,150.0,cpu",
]
CELLS = (
    "", "0", "-1", "1e308", "1e-308", "nan", "inf", "-inf", "x" * 140_000, "$x^$", "\x1b[2J", '"',
    "mean", "offline", "exact", "bf16", "two", "٣", "1_0", " 1 ", "\x00", "9" * 5000, "1e9", "é",
)  # fmt: skip


def make_map(random: Random) -> bytes:
    if random.random() < 0.3:
        return mutated(["\n".join([*ROWS, ""]).encode()], random, (b",", b"\n", b'"', b"\r"))
    rows = [row.split(",") for row in ROWS]
    for _ in range(random.choice((1, 1, 2, 4))):
        row = random.choice(rows[random.random() < 0.95 :])
        row[random.randrange(len(row))] = random.choice(CELLS)
    rows += random.choices(rows, k=random.choice((0, 0, 3)))
    return ("\n".join(map(",".join, rows)) + "\n").encode("utf-8", "surrogatepass")


def one_in_eight(path: Path) -> bool:
    return crc32(path.read_bytes()) % 8 == 0


def check_map(path: Path) -> None:
    measured = map_table.read_map(path)
    try:
        chart = chart_of(measured)
    except ConfigError as error:
        assert str(error)  # there is nothing to draw; it is about the rows, whatever their file
        return
    if one_in_eight(path):  # drawing takes a quarter of a second
        map_plot.draw(chart, [path.with_suffix(".svg")])
        assert path.with_suffix(".svg").stat().st_size > 1000


@cache
def shipped() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(SHIPPED.glob("*.toml")))


TOML_WORDS = (
    b"device.name = 'x'\n", b"[device]\n", b"[[bindings]]\n", b"bindings = [\n", b"type = 'cc'\n",
    b"number = 0x" + b"f" * 4000 + b"\n", b"step = 1" + b"0" * 400 + b"\n", b"a" + b".a" * 3000,
    b"[" * 3000, b"{a=" * 2000, b"nan", b"inf", b"-inf", b"1e999", b"1979-05-27", b"true", b"'''",
    b'"""', b"\\uD800", b"\x00", b"\xff", b"\r", b"# ....\n", b"action = 'gain:1'\n", b"= ", b", ",
    b"match = ['" + b"*a" * 39 + b"']\n", b"on_connect = ['F0 00 F7']\n", b"feedback = true\n",
)  # fmt: skip


def make_toml(random: Random) -> bytes:
    if random.random() < 0.2:
        return b"".join(random.choice(TOML_WORDS) for _ in range(random.randrange(1, 30)))
    return mutated(shipped(), random, TOML_WORDS)


def check_toml(path: Path) -> None:
    """By itself and in a folder; what is read can be written, used, and found for any port."""
    if one_in_eight(path):  # it reads the shipped maps too
        library = Library(path.parent)
        assert len(library.entries) + len(library.problems) >= len(shipped())
    device = read_map_file(path)
    assert read_map(map_tables(device), "again") == device
    assert device.fit("a" * 200 + "b") >= 0
    desk, _ = local_desk(STEMS_4)
    events: list[str] = []
    surface = Surface(device, desk, events.append, answers=True)
    surface.receive([[0xB0, 7, 100], [0x90, 1, 127]], 0.0)
    assert all(all(0 <= byte <= 255 for byte in message) for message in surface.feedback(9.0))


MIXXX_ROWS = (
    ("[Channel1]", "volume", "&cc;", "0x07", "fourteen-bit-msb"),
    ("[Channel1]", "volume", "&cc;", "0x27", "fourteen-bit-lsb"),
    ("[Channel2_Stem3]", "mute", "0x90", "12", "button"),
    ("[Channel2_Stem3]", "mute", "0x80", "12", "switch"),
    ("[EqualizerRack1_[Channel3]_Effect1]", "parameter2", "0xB0", "0x07", "diff"),
    ("[QuickEffectRack1_[Channel2]]", "super1", "0xE1", "", "invert"),
    ("[Channel2]", "filterLowKill", "0x91", "127", "normal"),
    ("[Channel4]", "hotcue_2_activate", "0x92", "0x20", "soft-takeover"),
    ("[Master]", "gain", "0xBF", "0x40", "rot64inv"),
    ("[Channel3]", "Box.turn", "0xB0", "017", "script-binding"),
)
MIXXX_TAGS = ("group", "key", "status", "midino")
MIXXX_CELLS = ("", "-1", "128", "0x190", "9" * 5000, "0x" + "f" * 5000, "08", "٣", "x" * 9000, "é")


def mixxx(rows: Iterable[Sequence[str]]) -> bytes:
    """A mapping of these controls, each with a lamp."""
    controls, lamps = "", ""
    for *texts, option in rows:
        pairs = zip(MIXXX_TAGS, texts, strict=True)
        inner = "".join(f"<{tag}>{text}</{tag}>" for tag, text in pairs)
        controls += f"<control>{inner}<options><{option}/></options></control>"
        lamps += f"<output>{inner}<minimum>0.5</minimum></output>"
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY cc "0xB0">]>\n<MixxxControllerPreset>'
        f"<info><name>Box 7</name></info><controller id='Box'><controls>{controls}</controls>"
        f"<outputs>{lamps}</outputs></controller></MixxxControllerPreset>\n"
    ).encode()


MIXXX = mixxx(MIXXX_ROWS)
XML_WORDS = (
    b"<a>" * 20, b"&a;" * 3, b'<!ENTITY a "b">', b'<!ENTITY % a "b">%a;', b"]>", b"<![CDATA[",
    b"<!--", b"-->",
    b'<!DOCTYPE a SYSTEM "http://127.0.0.1/">', b"&#0;", b"&#x10FFFF;", b"<?xml?>", b"\xff\xfe",
    b"</control>", b"<control>", b"<options>", b"0x" + b"f" * 4000, b"9" * 5000, b"\x00", b"nan",
    b"1e999", b"<a b='c' b='d'/>", b" encoding='utf-7'", b"&cc;", b"\xd9\xa3", b"volume", b"0xC0",
)  # fmt: skip


def make_mixxx(random: Random) -> bytes:
    if random.random() < 0.3:
        return mutated([MIXXX], random, XML_WORDS)
    rows = [list(random.choice(MIXXX_ROWS)) for _ in range(random.randrange(1, 40))]
    for _ in range(random.choice((0, 1, 1, 9))):
        column = random.randrange(len(MIXXX_TAGS) + 1)
        other = random.choice(MIXXX_ROWS)[column]
        wrong = other if column == len(MIXXX_TAGS) else random.choice((other, *MIXXX_CELLS))
        random.choice(rows)[column] = wrong
    return mixxx(rows)


def check_mixxx(path: Path) -> None:
    """In every layout: each control is taken or left out, and the map is one of ours."""
    mapping = read_mixxx_file(path)
    for layout in LAYOUTS:
        imported = import_mapping(mapping, layout)
        assert imported.taken + len(imported.left) == len(mapping.controls)
        if imported.bindings:
            device = device_map(mapping, imported)
            assert read_map(map_tables(device), "again") == device


KINDS = (
    Kind(name="mixxx", file="box.midi.xml", make=make_mixxx, check=check_mixxx),
    Kind(name="map", file="map.csv", make=make_map, check=check_map),
    Kind(name="toml", file="own.toml", make=make_toml, check=check_toml),
)
