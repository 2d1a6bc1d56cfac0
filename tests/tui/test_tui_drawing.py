"""Meters move and are drawn as they should; colours are readable with 16 of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_status import a_level
from rich.color import ColorSystem
from rich.style import Style

from rtsep.mixer.desk import local_desk
from rtsep.mixer.levels import db_to_travel
from rtsep.status import Level
from rtsep.tui import look
from rtsep.tui.body import EMPTY, UNITY, body_rows, cell_of, draw_body, meter_row, zone
from rtsep.tui.canvas import centre, fit
from rtsep.tui.channels import Channel, stem_channel
from rtsep.tui.meters import FALL_DB, HOLD_SECONDS, Ballistics, Reading
from rtsep.tui.strip import fader_place, gain_text
from rtsep.tui.tone import filter_text, tone_line

HEIGHTS = st.floats(0, 1)
SILENT = Reading(0.0, 0.0, 0.0, -math.inf)


def reading(peak_db: float, rms_db: float = -math.inf) -> Reading:
    height = db_to_travel(peak_db)
    return Reading(db_to_travel(rms_db), height, height, peak_db)


def test_a_meter_rises_at_once_and_falls_slowly() -> None:
    meter = Ballistics()
    loud = meter.move(a_level(-6), 10.0)
    assert loud.peak == pytest.approx(db_to_travel(-6), abs=0.005) and loud.hold_db == -6
    later = meter.move(a_level(-math.inf), 10.5)
    assert later.peak == pytest.approx(db_to_travel(-6 - FALL_DB / 2), abs=0.005)
    assert meter.move(a_level(-math.inf), 60.0) == SILENT


def test_the_highest_peak_is_held_and_then_falls() -> None:
    meter = Ballistics()
    meter.move(a_level(1.26), 0.0)
    held = meter.move(a_level(-30), HOLD_SECONDS - 0.1)
    assert held.hold_db == 1.3 and held.over and held.hold > held.peak
    falling = meter.move(a_level(-30), HOLD_SECONDS + 0.1)
    assert -30 < falling.hold_db < 1 and not falling.over
    assert meter.move(a_level(-3), HOLD_SECONDS + 0.2).hold_db == -3


def test_broken_levels_are_silence() -> None:
    meter = Ballistics()
    assert meter.move(Level(peak_db=math.nan, rms_db=math.nan), 1.0) == SILENT


@given(HEIGHTS, HEIGHTS, HEIGHTS, st.integers(1, 60))
def test_a_meter_is_filled_from_the_quiet_end(a: float, b: float, c: float, cells: int) -> None:
    rms, peak, hold = sorted((a, b, c))
    drawn = [cell_of(Reading(rms, peak, hold, 0.0), cell, cells) for cell in range(cells)]
    for heights, height in (([c.rms for c in drawn], rms), ([c.peak for c in drawn], peak)):
        assert heights == sorted(heights, reverse=True)
        assert sum(heights) == pytest.approx(8 * cells * height, abs=0.51)
    assert sum(cell.hold for cell in drawn) <= 1
    assert [cell.zone for cell in drawn if cell != EMPTY] == sorted(
        cell.zone for cell in drawn if cell != EMPTY
    )


@pytest.mark.parametrize(("db", "colour"), [(-6.1, 0), (-5.9, 1), (-0.1, 1), (0.1, 2)])
@pytest.mark.parametrize("cells", [3, 8, 12, 40])
def test_the_zone_is_that_of_the_level_however_coarse_the_cells(
    db: float, colour: int, cells: int
) -> None:
    drawn = [cell_of(reading(db), cell, cells).zone for cell in range(cells)]
    assert max(drawn) == colour == zone(db_to_travel(db))


@given(st.floats(-70, 6), st.integers(2, 50), st.integers(6, 30))
def test_there_is_one_knob_and_it_moves_with_the_gain(db: float, rows: int, width: int) -> None:
    text = ["".join(t for t, _ in draw_body(r, width)) for r in body_rows(SILENT, db, 0, rows)]
    halves = sum(line.count("███") * 2 + line.count("▀▀▀") + line.count("▄▄▄") for line in text)
    assert halves == 2 and {len(line) <= width for line in text} == {True}
    top = next(y for y, line in enumerate(text) if "██" in line or "▄▄" in line)
    assert top == pytest.approx((1 - db_to_travel(db)) * (rows - 1), abs=1)


def test_the_scale_stands_where_the_knob_would() -> None:
    for db, mark in ((6, "+6"), (0, "0"), (-10, "-10"), (-20, "-20")):
        rows = body_rows(SILENT, db, 0, 13)
        text = ["".join(t for t, _ in draw_body(row, 12)) for row in rows]
        assert mark in [line.split("█")[0].strip(" ▀▄") for line in text if set("█▀▄") & set(line)]


def test_a_row_is_as_wide_as_it_should_be() -> None:
    for width in (0, 1, 7, 30):
        assert len([*meter_row(reading(0.5, -20), width)]) == width


@pytest.mark.parametrize(
    ("db", "text"),
    [
        (0.0, "0.0 dB"),
        (-0.01, "0.0 dB"),
        (-12.34, "-12.3 dB"),
        (6, "+6.0 dB"),
        (-math.inf, "-∞ dB"),
    ],
)
def test_gains_are_written_with_a_sign(db: float, text: str) -> None:
    assert gain_text(db) == text


@pytest.mark.parametrize(
    ("knob", "text"),
    [(0, ""), (0.01, ""), (-1, "\\60"), (1, "/10k"), (-0.03, "\\19k"), (0.03, "/21"),
     (-0.5, "\\1.2k"), (0.5, "/420")],
)  # fmt: skip
def test_filters_are_written_as_their_slopes_look(knob: float, text: str) -> None:
    assert filter_text(knob) == text


def drawn(*tone: Any, width: int = 9) -> str:
    return "".join(text for text, _ in tone_line(*tone, width))


def test_an_equalizer_is_drawn_as_bars() -> None:
    off = (False, False, False)
    assert drawn((0.0, 0.0, 0.0), off, 0.0).strip() == "▄▄▄"
    assert drawn((6.0, 3.0, -10.0), off, 1.0).strip() == "█▆▂ /10k"
    assert drawn((-math.inf, -60.0, -3.0), (False, False, True), -1.0).strip() == "x▁x \\60"
    assert drawn((), (), 0.5).strip() == "/420" and drawn((), (), 0.0).strip() == ""


@given(st.floats(-70, 6), st.floats(-1, 1), st.integers(9, 30))
def test_a_tone_fits_its_strip(db: float, knob: float, width: int) -> None:
    assert len(drawn((db, -db / 20, 0.0), (False, True, False), knob, width=width)) <= width


@pytest.mark.parametrize(
    "text", ["", "short", "exactly ten", "far too long to be shown", "モニター"]
)
@pytest.mark.parametrize("width", [0, 1, 5, 11, 20])
def test_texts_fit(text: str, width: int) -> None:
    from rich.cells import cell_len

    assert cell_len(fit(text, width)) == cell_len(centre(text, width)) == width


def a_channel() -> Channel:
    return stem_channel(local_desk(["vocals"])[0], "vocals")


@given(st.lists(st.sampled_from([-6.0, -1.0, -0.1, 0.1, 1.0, 6.0]), max_size=60))
def test_steps_stay_on_the_fader(steps: list[float]) -> None:
    channel = a_channel()
    for step in steps:
        before = channel.gain()
        channel.nudge(step)
        after = channel.gain()
        assert after == -math.inf or -60.01 <= after <= 6.000001
        assert after >= before if step > 0 else after <= before


@given(st.integers(-5, 40), st.integers(0, 40), st.booleans())
def test_the_mouse_finds_the_fader(y: int, height: int, beyond: bool) -> None:
    travel = fader_place(y, height, beyond=beyond)
    assert travel is None or 0 <= travel <= 1
    if height >= 10:
        rows = [fader_place(line, height) for line in range(height)]
        travels = [row for row in rows if row is not None]
        assert travels == sorted(travels, reverse=True) and len(travels) == height - 5
        assert travels[0] == 1 and travels[-1] == 0 and UNITY in travels


def styles() -> dict[str, Style]:
    """All of them but those of whole blocks, which are as bright as their ground on purpose."""
    named = {name: value for name, value in vars(look).items() if isinstance(value, Style)}
    badges = {f"badge {name}": style for name, style in look.BADGES.items()}
    zones = {f"{zone} {n}": s for n, z in enumerate(look.ZONES) for zone, s in z._asdict().items()
             if zone not in ("full", "peak")}  # fmt: skip
    knobs = {f"knob {n}": knob.half for n, knob in enumerate(look.KNOBS)}
    return named | badges | zones | knobs | {f"budget {n}": s for n, s in enumerate(look.BUDGET)}


@pytest.mark.parametrize("system", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT])
@pytest.mark.parametrize("ground", [look.GROUND, look.CARD, look.BOX])
def test_every_colour_can_be_told_from_its_ground(system: ColorSystem, ground: str) -> None:
    for name, style in styles().items():
        whole = Style(bgcolor=ground) + style
        assert whole.color is not None and whole.bgcolor is not None
        ink, paper = whole.color.downgrade(system), whole.bgcolor.downgrade(system)
        assert ink.number != paper.number, name


def test_the_zones_differ_with_16_colours() -> None:
    for parts in zip(*look.ZONES, strict=True):
        inks = {
            style.color.downgrade(ColorSystem.STANDARD).number for style in parts if style.color
        }
        assert len(inks) == len(look.ZONES)
    for z in look.ZONES:
        assert z.full.color and z.peak.color
        shades = {
            s.color.downgrade(ColorSystem.STANDARD).number for s in (z.full, z.peak) if s.color
        }
        assert len(shades) == 2
