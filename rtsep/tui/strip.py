"""One channel as a strip: name, gain, tone, meter and fader, peak, lamps; in little room, as a
row."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style

from rtsep.mixer.sweep import cutoff_hz
from rtsep.tui import look
from rtsep.tui.body import UNITY, BodyRow, body_rows, meter_row, unity_row
from rtsep.tui.canvas import Line, Piece, centre, fit
from rtsep.tui.meters import Reading
from rtsep.tui.tone import tone_line

HEAD_LINES, FOOT_LINES = 3, 2  # name, gain, tone; peak, lamps
# Of a row; below that width its lamps are initials.
WIDE_ROW, PEAK_WIDTH, LAMPS, LAMP_WIDTH = 50, 10, 2, 7


@dataclass(frozen=True)
class Lamp:
    """A switch under a strip. On it is written in capitals."""

    text: str
    on: bool
    style: Style = look.LAMP_ON

    def piece(self, width: int, length: int = 4) -> Piece:
        text = self.text[:length].upper() if self.on else self.text[:length]
        return centre(text, width), self.style if self.on else look.LAMP_OFF


@dataclass(frozen=True)
class StripView:
    """All that a strip shows."""

    name: str
    gain_db: float | None  # None where there is no fader
    reading: Reading
    lamps: tuple[Lamp, ...] = ()
    selected: bool = False
    audible: bool = True
    eq_db: tuple[float, ...] = ()  # none where there is no equalizer
    kill: tuple[bool, ...] = ()
    filter: float = 0.0
    turned: str = ""  # in place of the gain: the knob that keys turn
    notes: tuple[str, ...] = ()  # in place of a filter where there is none, the first that fits
    slots: int = LAMPS  # for lamps, as many in every strip


def paint_strip(view: StripView, width: int, height: int) -> Iterator[Line | BodyRow]:
    """From the top: name, gain, tone, meter beside fader, held peak, lamps. In little height, a
    row."""
    rows = height - HEAD_LINES - FOOT_LINES
    if rows < 1:
        yield paint_row(view, width)
        return
    yield (_name(view, width),)
    yield ((centre(view.turned or gain_text(view.gain_db), width), _ink(view)),)
    yield _note(view, width) or tone_line(view.eq_db, view.kill, view.filter, width)
    yield from body_rows(view.reading, view.gain_db, _knob_kind(view), rows)
    yield (_peak(view, width),)
    yield _lamps(view.lamps, width)


def paint_row(view: StripView, width: int) -> Line:
    """name gain meter peak lamps, of which the meter takes what room there is."""
    name = _name(view, min(12, max(width // 5, 7)))
    gain = (f"{view.turned or gain_text(view.gain_db):>9} ", _ink(view))
    lamp_width, length = (LAMP_WIDTH, 4) if width >= WIDE_ROW else (2, 1)
    lamps = [
        piece
        for lamp in view.lamps
        for piece in (lamp.piece(lamp_width - 1, length), (" ", look.QUIET))
    ]
    used = cell_len(name[0]) + len(gain[0]) + PEAK_WIDTH + view.slots * lamp_width
    return (
        name,
        gain,
        *meter_row(view.reading, max(width - used, 0)),
        _peak(view, PEAK_WIDTH),
        *lamps,
    )


def gain_text(db: float | None) -> str:
    """`-6.0 dB`"""
    if db is None:
        return ""
    if not math.isfinite(db):
        return "-∞ dB"
    return f"{db:+.1f} dB" if round(db, 1) else "0.0 dB"


def fader_place(y: int, height: int, *, beyond: bool = False) -> float | None:
    """The travel at a line of a strip; the whole line with the mark of 0 dB is 0 dB.

    Above and below the fader None, or with `beyond` the fader's ends.
    """
    rows = height - HEAD_LINES - FOOT_LINES
    row = rows - 1 - (y - HEAD_LINES)
    if rows < 2 or not (beyond or 0 <= row < rows):
        return None
    if row == unity_row(rows):
        return UNITY
    return min(max(row / (rows - 1), 0.0), 1.0)


def lamp_at(view: StripView, x: int, y: int, width: int, height: int) -> int | None:
    """Which lamp is drawn there, from 0."""
    if height <= HEAD_LINES + FOOT_LINES:
        lamp_width = LAMP_WIDTH if width >= WIDE_ROW else 2
        place = (x - (width - view.slots * lamp_width)) // lamp_width
    else:
        place = x * len(view.lamps) // width if y == height - 1 else -1
    return place if 0 <= place < len(view.lamps) else None


def _ink(view: StripView) -> Style:
    return look.STRONG if view.audible else look.QUIET


def _knob_kind(view: StripView) -> int:
    return 2 if not view.audible else int(view.selected)


def _name(view: StripView, width: int) -> Piece:
    mark = "►" if view.selected else " "
    style = look.SELECTED_NAME if view.selected else look.NAME
    return fit(mark + view.name, width), style


def _note(view: StripView, width: int) -> Line | None:
    fitting = [note for note in view.notes if len(note) <= width]
    if not fitting or cutoff_hz(view.filter) is not None:
        return None
    return ((centre(fitting[0], width), look.QUIET),)


def _peak(view: StripView, width: int) -> Piece:
    reading = view.reading
    if reading.over:
        return centre(f"OVER {reading.hold_db:+.1f}", width), look.LAMP_MUTE
    if not view.audible:
        return centre("silent", width), look.QUIET
    db = f"{reading.hold_db:.1f}" if math.isfinite(reading.hold_db) else "-∞"
    return centre(f"pk {db}", width), look.QUIET


def _lamps(lamps: tuple[Lamp, ...], width: int) -> Line:
    count = max(len(lamps), LAMPS)
    room = (width - count + 1) // count
    if count > LAMPS and room == 3 and width < 12:  # strips beside each other differ by a cell
        room = 2
    pieces: list[Piece] = [(" " * ((width - count * (room + 1) + 1) // 2), look.QUIET)]
    for lamp in lamps:
        pieces += [lamp.piece(room, min(room, 4)), (" ", look.QUIET)]
    return tuple(pieces)
