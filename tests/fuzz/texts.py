"""Tables that people edit and pass on: maps of quality, maps of MIDI controllers."""

from __future__ import annotations

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


KINDS = (
    Kind(name="map", file="map.csv", make=make_map, check=check_map),
    Kind(name="toml", file="own.toml", make=make_toml, check=check_toml),
)
