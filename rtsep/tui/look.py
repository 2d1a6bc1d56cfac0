"""Colours and marks of the terminal UI.

Every colour has a clear nearest neighbour among the 16 that old terminals know, and whatever a
colour says is also said by a word, a mark or capital letters.
"""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style

GROUND = "#0b0e12"
CARD = "#161b22"
BOX, EDGE = "#1b222b", "#58d0ff"

_INK, _QUIET, _FAINT = "#e8edf2", "#9aa5b1", "#7d8894"
_GREEN, _YELLOW, _RED, _CYAN, _VIOLET = "#3fdc7a", "#ffd047", "#ff5a52", "#58d0ff", "#e58bff"
_BLACK = "#000000"

INK = Style(color=_INK)
STRONG = Style(color=_INK, bold=True)
QUIET = Style(color=_QUIET)
FAINT = Style(color=_FAINT)

NAME = Style(color=_INK, bgcolor="#2a323c", bold=True)
SELECTED_NAME = Style(color=_BLACK, bgcolor=_CYAN, bold=True)
TRACK = Style(color="#4d5864")

GOOD = Style(color=_GREEN)
WARN = Style(color=_YELLOW, bold=True)
BAD = Style(color=_RED, bold=True)

LAMP_MUTE = Style(color=_BLACK, bgcolor=_RED, bold=True)
LAMP_SOLO = Style(color=_BLACK, bgcolor=_YELLOW, bold=True)
LAMP_ON = Style(color=_BLACK, bgcolor=_GREEN, bold=True)
LAMP_BYPASS = Style(color=_BLACK, bgcolor=_VIOLET, bold=True)
LAMP_PFL = Style(color=_BLACK, bgcolor=_CYAN, bold=True)
LAMP_RECORD = LAMP_MUTE
LAMP_OFF = QUIET

BADGES = {
    "running": LAMP_ON,
    "loading": LAMP_SOLO,
    "engine restarting": LAMP_SOLO,
    "device lost": LAMP_MUTE,
    "stopped": LAMP_MUTE,
}
BUDGET = (
    Style(color=_INK, bgcolor="#24455c"),
    Style(color=_INK, bgcolor="#28397f"),
)


class Knob(NamedTuple):
    """A fader's knob, where it fills a cell and where half of one."""

    whole: Style
    half: Style


def _knob(color: str) -> Knob:
    return Knob(Style(color=color, bgcolor=color), Style(color=color))


KNOBS = (_knob(_INK), _knob(_CYAN), _knob(_QUIET))  # as it is, selected, of a silent stem


class Zone(NamedTuple):
    """How a stretch of a meter is drawn: RMS bright, the peak above it dark."""

    full: Style
    tip: Style
    tip_below_peak: Style
    peak: Style
    peak_tip: Style


def _zone(bright: str, dark: str) -> Zone:
    # A full block has its own colour behind it too: no gaps between the lines of any font.
    return Zone(
        Style(color=bright, bgcolor=bright),
        Style(color=bright),
        Style(color=bright, bgcolor=dark),
        Style(color=dark, bgcolor=dark),
        Style(color=dark),
    )


# Up to -6 dB, up to full scale, over.
ZONES = (
    _zone(_GREEN, "#128f45"),
    _zone(_YELLOW, "#a07c1e"),
    _zone(_RED, "#b01e1e"),
)

# Two layouts: strips side by side, and with the class "rows" one below the other.
CSS = f"""
Screen {{ layout: vertical; overflow: hidden; background: {GROUND}; layers: base over; }}
#header, #transport, #keys {{ height: 1; }}
#figures {{ height: 4; }}
#mixer {{ height: 1fr; layout: horizontal; }}
#mixer ChannelStrip {{ width: 1fr; height: 100%; margin-right: 1; }}
#mixer ChannelStrip.last {{ margin-right: 0; }}
#mixer.rows {{ height: auto; layout: vertical; }}
#mixer.rows ChannelStrip {{ width: 100%; height: 1; margin-right: 0; }}
#events {{ height: 3; }}
Box, Menu {{
    layer: over; dock: bottom; width: 100%; height: auto; max-height: 100%;
    min-width: 20; min-height: 3;
    border: round {EDGE}; background: {BOX}; padding: 0 1; scrollbar-size-vertical: 1;
}}
Box > Static {{ width: 100%; height: auto; }}
Menu > .option-list--option-highlighted {{
    color: black; background: {EDGE}; text-style: bold;
}}
"""
