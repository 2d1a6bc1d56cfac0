"""The lines around the strips say whole words and true sums, however narrow the terminal is."""

from __future__ import annotations

import re

import pytest
from live_status import a_status
from rich.cells import cell_len
from rich.style import Style

from rtsep.status import LatencyPart, LiveStatus, Loudness
from rtsep.tui import look, panels
from rtsep.tui.canvas import Line, wrap
from rtsep.tui.panels import Switches

PARTS = {
    "device in": 0, "clocks": 96, "hop": 32768, "lookahead": 2048, "rate conversion": 1900,
    "compute": 32768, "queue": 256, "device out": 256,
}  # fmt: skip
WORDS = {*PARTS, "in", "out", "rest"}
WIDTHS = [*range(20, 130, 7), 60, 80]


def text(line: Line) -> str:
    return "".join(piece for piece, _ in line)


def slow(**changes: object) -> LiveStatus:
    """All parts there are, and long ones: what needs most room."""
    latency = tuple(LatencyPart(name=name, samples=n) for name, n in PARTS.items())
    facts = {"latency": latency, "hop_ms": 743.0, "step_ms": {"p50": 323.0, "p99": 1392.0}}
    return a_status(**(facts | changes))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_parts_of_the_latency_are_whole_words_that_add_up(width: int) -> None:
    line = text(panels.latency(slow(), width))
    assert len(line) <= max(width, 30)
    told = re.findall(r"([a-z][a-z ]*) ([0-9.]+)", line.partition(" ms ")[2])
    assert {name for name, _ in told} <= WORDS
    if told:
        assert sum(float(ms) for _, ms in told) == pytest.approx(slow().latency_ms, abs=4)
    else:
        assert width < 40


def test_there_is_room_for_every_part_on_80_columns() -> None:
    parts = {"hop": 32768, "lookahead": 2048, "compute": 32768, "queue": 256, "device out": 256}
    latency = tuple(LatencyPart(name=name, samples=n) for name, n in parts.items())
    line = " ".join(text(panels.latency(slow(latency=latency), 80)).split())
    assert line == ("latency 1544.1 ms hop 743.0 lookahead 46.4 compute 743.0 queue 5.8 out 5.8")


@pytest.mark.parametrize(("blocksize", "rate"), [(256, "44.1 kHz/256 ·"), (0, "44.1 kHz ·")])
def test_a_block_size_that_nobody_chose_is_left_out(blocksize: int, rate: str) -> None:
    (line,) = panels.header(a_status(blocksize=blocksize), 80, 1)
    assert rate in text(line)


@pytest.mark.parametrize("width", [48, 60, 80, 112])
def test_step_and_switches_are_not_cut(width: int) -> None:
    desk = Switches(bypass=True, limiter=False, limiting=False, policy="hold", record_asked=False)
    for line in (panels.step(slow(), width), panels.switches(slow(), desk, width)):
        assert cell_len(text(line)) <= width
        assert text(line).rstrip().endswith(("LATE", "hold"))
    assert "1392" in text(panels.step(slow(), width))


@pytest.mark.parametrize("width", [1, 2, 7, 30])
def test_wrapped_lines_are_as_wide_as_they_should_be(width: int) -> None:
    sentence = "a few words, モニター and averyveryverylongname"
    for height in (1, 3, 50):
        lines = wrap(sentence, width, height)
        assert 0 < len(lines) <= height and {cell_len(line) for line in lines} == {width}
    if width > 1:
        assert "".join("".join(lines).split()) == "".join(sentence.split())
        assert wrap(sentence, width, 1)[0].rstrip().endswith("…") or width == 30
    assert wrap(sentence, 0, 3) == () and wrap(sentence, 9, 0) == ()


LOUD = Loudness(momentary=-13.5, short_term=-14.25, integrated=-15.0, true_peak=-0.5)
RESTING = Switches(bypass=False, limiter=True, limiting=False, policy="hold", record_asked=False)


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (112, "late: hold  S -14.2 M -13.5 I -15.0 LUFS  -0.5 dBTP"),
        (80, "hearing the mix  limiter on  when late: hold  -14.2 LUFS  -0.5 dBTP"),
        (66, "the mix  limiter on  late: hold  -14.2 LUFS  -0.5 dBTP"),
        (56, "hearing the mix  limiter on  when late: hold"),
        (40, "the mix  limiter on  late: hold"),
    ],
)
def test_loudness_is_told_where_there_is_room(width: int, told: str) -> None:
    line = text(panels.switches(a_status(loudness=LOUD), RESTING, width))
    assert line.endswith(told) and len(line) <= width


def test_silence_has_no_loudness_and_less_than_all_of_it_is_infinite() -> None:
    assert text(panels.switches(a_status(), RESTING, 112)).endswith("late: hold")
    begun = Loudness(momentary=-40, short_term=-48.8, true_peak=-20)
    line = text(panels.switches(a_status(loudness=begun), RESTING, 112))
    assert line.endswith("S -48.8 M -40.0 I -∞ LUFS  -20.0 dBTP")


@pytest.mark.parametrize(("peak", "style"), [(-1.1, look.INK), (-0.9, look.WARN), (0.1, look.BAD)])
def test_a_true_peak_above_what_ebu_allows_stands_out(peak: float, style: Style) -> None:
    status = a_status(loudness=Loudness(true_peak=peak))
    assert panels.switches(status, RESTING, 112)[-1] == (f"{peak:.1f} dBTP", style)
