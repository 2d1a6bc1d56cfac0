"""A fader beside a meter in the cells of a terminal, on one scale of decibels.

Drawn in two steps, because it changes twenty times a second: what is in a row, in few small numbers
that can be compared, and its characters, which are remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rtsep.mixer.levels import db_to_travel
from rtsep.tui import look
from rtsep.tui.canvas import Line, Piece
from rtsep.tui.meters import Reading

UPWARDS, RIGHTWARDS = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"
UPPER_EDGE, RIGHT_EDGE = "▔", "▕"
SCALE_DB, SHORT_SCALE_DB = (6, 0, -5, -10, -20, -40), (6, 0, -20)
METER_WIDTH, SCALE_WIDTH, FADER_WIDTH = 3, 4, 3
UNITY, LOUD = db_to_travel(0.0), db_to_travel(-6.0)

travel_of = lru_cache(256)(db_to_travel)


class Cell(NamedTuple):
    """One cell of a meter: how many eighths of it are RMS and peak, or that the held peak is there.

    `zone` is an index into `look.ZONES`.
    """

    rms: int
    peak: int
    hold: bool
    zone: int


EMPTY = Cell(0, 0, False, 0)


class BodyRow(NamedTuple):
    """One line of a fader and a meter; rows are counted from the bottom."""

    row: int
    rows: int
    knob: int | None  # half rows that the knob begins above this row, None where it is not
    kind: int  # of the knob, an index into `look.KNOBS`
    fader: bool
    cell: Cell


def body_rows(reading: Reading, gain_db: float | None, kind: int, rows: int) -> Iterator[BodyRow]:
    """All rows from the top. Without a gain there is a meter only."""
    knob = half_row(travel_of(gain_db or 0.0), rows)
    for row in reversed(range(rows)):
        above = knob - 2 * row
        yield BodyRow(
            row,
            rows,
            above if abs(above) < 2 else None,
            kind,
            gain_db is not None,
            cell_of(reading, row, rows),
        )


def draw_body(row: BodyRow, width: int) -> Line:
    """Meter, scale where there is room, fader: in the middle of `width`.

    The meter is on the left because a terminal is sent a line up to its last change.
    """
    right: list[Piece] = []
    if width > METER_WIDTH + SCALE_WIDTH + FADER_WIDTH:
        right.append((f"{_scale_mark(row.row, row.rows):>{SCALE_WIDTH}}", look.FAINT))
    elif row.fader:
        right.append((" ", look.FAINT))
    if row.fader:
        right.append(_fader(row))
    used = sum(len(text) for text, _ in right)
    meter = max(min(width - used, METER_WIDTH + max(width - 12, 0) // 4), 1)
    margin = " " * (max(width - used - meter, 0) // 2), look.FAINT
    glyph, style = _glyph(row.cell, UPWARDS, UPPER_EDGE)
    return (margin, (glyph * meter, style), *right)


def meter_row(reading: Reading, width: int) -> Iterator[Piece]:
    """A meter from left to right."""
    for column in range(width):
        yield _glyph(cell_of(reading, column, width), RIGHTWARDS, RIGHT_EDGE)


def cell_of(reading: Reading, cell: int, cells: int) -> Cell:
    """What is in a cell of a meter of so many cells, counted from the quiet end."""
    rms, peak = reading.rms * cells - cell, reading.peak * cells - cell
    if rms > 0 or peak > 0:
        height = min(reading.peak, (cell + 1) / cells)
        return Cell(_eighths(rms), _eighths(peak), False, zone(height))
    if reading.hold and min(int(reading.hold * cells), cells - 1) == cell:
        return Cell(0, 0, True, zone(reading.hold))
    return EMPTY


def _eighths(part: float) -> int:
    return 8 if part >= 1 else round(8 * part) if part > 0 else 0


def zone(height: float) -> int:
    """Index into `look.ZONES` of a level at that height of the scale."""
    return 2 if height > UNITY else 1 if height > LOUD else 0


def unity_row(rows: int) -> int:
    """The row with the mark of 0 dB."""
    return half_row(UNITY, rows) // 2


def half_row(travel: float, rows: int) -> int:
    """Where on a scale of half rows a knob one row high begins."""
    return round(travel * (2 * rows - 2))


def _glyph(cell: Cell, eighths: str, edge: str) -> Piece:
    style = look.ZONES[cell.zone]
    if cell.rms == 8:
        return "█", style.full
    if cell.rms:
        return eighths[cell.rms], style.tip_below_peak if cell.peak == 8 else style.tip
    if cell.peak == 8:
        return "█", style.peak
    if cell.peak:
        return eighths[cell.peak], style.peak_tip
    return (edge, style.tip) if cell.hold else (" ", look.FAINT)


def _fader(row: BodyRow) -> Piece:
    if row.knob is None:
        return ("─┼─" if row.row == unity_row(row.rows) else " │ "), look.TRACK
    if row.knob == 0:
        return "███", look.KNOBS[row.kind].whole
    return ("▀▀▀" if row.knob == 1 else "▄▄▄"), look.KNOBS[row.kind].half


def _scale_mark(row: int, rows: int) -> str:
    """The decibels beside a row, where a knob at so many would stand."""
    for db in SCALE_DB if rows >= 10 else SHORT_SCALE_DB:
        if half_row(db_to_travel(db), rows) // 2 == row:
            return f"{db:+d}" if db else "0"
    return "-∞" if row == 0 else ""
