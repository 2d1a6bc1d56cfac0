"""Equalizers and filters as a strip writes them, in few letters."""

from __future__ import annotations

import math

from rtsep.mixer.levels import db_to_turn
from rtsep.mixer.sweep import cutoff_hz
from rtsep.tui import look
from rtsep.tui.canvas import Line, Piece, fit

HEIGHTS, KILLED = "▁▂▃▄▅▆▇█", "x"
_MIDDLE = HEIGHTS.index("▄")
FILTER_WIDTH = 5


def tone_line(eq_db: tuple[float, ...], kill: tuple[bool, ...], knob: float, width: int) -> Line:
    """A bar for each band, half as high where it is at 0 dB, and the cutoff of the filter."""
    bands = [_band(db, killed) for db, killed in zip(eq_db, kill, strict=True)]
    text = filter_text(knob)
    sweep = (f" {text:<{FILTER_WIDTH}}" if bands else text, look.WARN)
    room = max(width - len(bands) - len(sweep[0]), 0)
    return ((fit("", (room + 1) // 2), look.QUIET), *bands, sweep)


def _band(db: float, killed: bool) -> Piece:
    if killed or db == -math.inf:
        return KILLED, look.BAD
    step = _MIDDLE + round(2 * (db_to_turn(db) - 0.5) * (len(HEIGHTS) - 1 - _MIDDLE))
    glyph = HEIGHTS[max(step, 0)]
    return glyph, look.FAINT if step == _MIDDLE else look.STRONG


def filter_text(knob: float) -> str:
    """As the slope looks: `\\1.2k` is a low-pass, `/240` a high-pass; nothing without a filter."""
    hertz = cutoff_hz(knob)
    if hertz is None:
        return ""
    slope = "/" if knob > 0 else "\\"
    if hertz < 1000:
        return f"{slope}{hertz:.0f}"
    return f"{slope}{hertz / 1000:.1f}k" if hertz < 9950 else f"{slope}{hertz / 1000:.0f}k"
