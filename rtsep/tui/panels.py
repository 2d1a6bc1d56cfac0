"""The lines around the strips, each made from one status: state, latency, step, counts, ..."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style

from rtsep.control.text import clock, printable
from rtsep.status import LatencyPart, LiveStatus, Loudness
from rtsep.tui import look
from rtsep.tui.canvas import Line, Piece, fit, wrap

LABEL_WIDTH = 9
TIGHT, LATE = 0.8, 1.0  # parts of the hop that the 99th percentile of the step takes
SAFE_PEAK = -1.0  # dBTP, the most that EBU R 128 allows
BAR_HOPS = 1.25  # what the whole bar stands for
KEYS = (
    "←→ stem  ↑↓ gain  t tone  zxc kill  m mute  s solo  b A/B  r record  p preset  ? help  q quit",
    "←→ stem  ↑↓ gain  m mute  s solo  b A/B  r record  p preset  e events  ? help  q quit",
    "←→ stem  ↑↓ gain  t tone  m mute  s solo  b A/B  r record  ? help  q quit",
    "m mute  s solo  b A/B  r record  ? help  q quit",
    "? help  q quit",
)


@dataclass(frozen=True)
class Switches:
    """What the desk says that belongs to no strip."""

    bypass: bool
    limiter: bool
    limiting: bool
    policy: str
    record_asked: bool
    path: str = ""  # that is heard; nothing where there is but one


def header(status: LiveStatus, width: int, height: int) -> Iterator[Line]:
    """State and time first, for a small terminal; then what runs where."""
    marks = {"running": "►", "loading": "…", "engine restarting": "…", "stopped": "■"}
    mark = marks.get(status.state, "!")
    badge = look.BADGES.get(status.state, look.LAMP_MUTE)
    way = f"{status.input} → {status.output}"
    model = f"{status.model} on {status.compute}"
    block = f"/{status.blocksize}" if status.blocksize else ""  # 0 is the device's own choice
    rate = f"{status.sample_rate / 1000:g} kHz{block}"
    left: list[Piece] = [
        (f" {mark} {status.state.upper()} ", badge),
        (f" {clock(status.seconds)}  ", look.STRONG),
    ]
    room = width - sum(cell_len(text) for text, _ in left)
    facts = printable(f"{rate} · {model} · {way}")
    yield (*left, (fit(facts, room), look.QUIET))


def figures(shown: tuple[LiveStatus, Switches], width: int, height: int) -> Iterator[Line]:
    """Four lines: switches and loudness, latency, step, counts."""
    status, desk = shown
    yield switches(status, desk, width)
    yield latency(status, width)
    yield step(status, width)
    yield counts(status, width)


def switches(status: LiveStatus, desk: Switches, width: int) -> Line:
    """Recording, A/B, limiter, what is heard when the engine is late, and the loudness of the mix;
    if need be in fewer words, of which those of the loudness are the first to go."""
    full, short = _loudness(status.loudness)
    many, few = (_switches(status, desk, few_words=less) for less in (False, True))
    for line in ((*many, *full), (*many, *short), (*few, *short), many):
        if sum(cell_len(text) for text, _ in line) <= width:
            return line
    return few


def _loudness(mix: Loudness) -> tuple[Line, Line]:
    """With all of its time scales, and only the last seconds; with the true peak both. Nothing
    where there was only silence."""
    if mix.true_peak == -math.inf:
        return (), ()
    short, now, whole = map(level_text, (mix.short_term, mix.momentary, mix.integrated))
    style = look.BAD if mix.true_peak > 0 else look.WARN if mix.true_peak > SAFE_PEAK else look.INK
    peak = f"{level_text(mix.true_peak)} dBTP", style
    full, brief = f"  S {short} M {now} I {whole} LUFS  ", f"  {short} LUFS  "
    return ((full, look.INK), peak), ((brief, look.INK), peak)


def _switches(status: LiveStatus, desk: Switches, *, few_words: bool) -> Line:
    gap: Piece = ("  ", look.QUIET)
    heard, when = ("", "") if few_words else ("hearing ", "when ")
    return (
        (" ", look.QUIET),
        _record(status, desk),
        gap,
        (f" {heard}the INPUT ", look.LAMP_BYPASS) if desk.bypass else (f"{heard}the mix", look.INK),
        gap,
        _limiter(desk),
        gap,
        (f"{when}late: ", look.QUIET),
        (desk.policy, look.INK),
        *((gap, ("path: ", look.QUIET), (desk.path, look.INK)) if desk.path else ()),
    )


def _record(status: LiveStatus, desk: Switches) -> Piece:
    if status.recording:
        return f" ● REC {clock(status.recorded_seconds)} ", look.LAMP_RECORD
    return (" ● REC starts ", look.LAMP_SOLO) if desk.record_asked else ("○ rec", look.QUIET)


def _limiter(desk: Switches) -> Piece:
    if desk.limiting:
        return " LIMITING ", look.LAMP_SOLO
    return ("limiter on", look.INK) if desk.limiter else ("limiter off", look.WARN)


def level_text(level: float) -> str:
    """`-14.2`"""
    return f"{level:.1f}" if math.isfinite(level) else "-∞"


def latency(status: LiveStatus, width: int) -> Line:
    """The sum, and the parts as stretches of a bar, as long as they last."""
    total = f"{status.latency_ms:.1f} ms "
    room = width - LABEL_WIDTH - len(total)
    shown = _told_parts(status, room)
    sizes = _stretches([cell_len(text) for text, _ in shown], [n for _, n in shown], room)
    bar = [
        (fit(text, size), look.BUDGET[index % 2])
        for index, ((text, _), size) in enumerate(zip(shown, sizes, strict=True))
    ]
    return (_label("latency"), (total, look.STRONG), *bar)


def _told_parts(status: LiveStatus, room: int) -> list[tuple[str, int]]:
    """Parts in words and in samples: with tenths of a millisecond where there is room; where there
    is little, only the longest ones, and the rest as one."""
    parts = [part for part in status.latency if part.samples]
    for told in _ways_to_tell(parts, status.sample_rate):
        if sum(cell_len(text) for text, _ in told) <= room:
            return told
    return [("", status.latency_samples)]


def _ways_to_tell(parts: list[LatencyPart], rate: int) -> Iterator[list[tuple[str, int]]]:
    """From the longest to the shortest."""

    def told(part: LatencyPart, name: str, digits: int) -> tuple[str, int]:
        return f" {printable(name)} {1000 * part.samples / rate:.{digits}f}", part.samples

    yield [told(part, part.name, 1) for part in parts]
    for digits in (1, 0):
        yield [told(part, part.name.removeprefix("device "), digits) for part in parts]
    for count in reversed(range(1, len(parts))):
        longest = sorted(parts, key=lambda part: part.samples)[-count:]
        rest = sum(part.samples for part in parts if part not in longest)
        shown = [
            *(part for part in parts if part in longest),
            LatencyPart(name="rest", samples=rest),
        ]
        yield [told(part, part.name.removeprefix("device "), 0) for part in shown]


def _stretches(least: list[int], samples: list[int], room: int) -> list[int]:
    """Share `room` in proportion to the parts, none less than its text needs."""
    total = sum(samples) or 1
    spare = max(room - sum(least), 0)
    wished = [max(room * n / total - text, 0) for n, text in zip(samples, least, strict=True)]
    scale = min(spare / (sum(wished) or 1), 1)
    sizes = [text + int(wish * scale) for text, wish in zip(least, wished, strict=True)]
    return [*sizes[:-1], room - sum(sizes[:-1])] if sizes else []


def step(status: LiveStatus, width: int) -> Line:
    """The time of a step against the hop: the median, the slowest hundredth, the limit."""
    if "p99" not in status.step_ms:
        return _label("step"), (f"none yet; the hop is {status.hop_ms:.1f} ms", look.QUIET)
    p50, p99 = status.step_ms["p50"], status.step_ms["p99"]
    word, style = _verdict(p99 / status.hop_ms)
    room = width - LABEL_WIDTH - len(word)
    ways = (
        f" p50 {p50:.1f}  p99 {p99:.1f} of {status.hop_ms:.1f} ms  ",
        f" p99 {p99:.1f} of {status.hop_ms:.1f} ms  ",
        f" {p99:.0f} of {status.hop_ms:.0f} ms  ",
    )
    figures = next((way for way in ways if len(way) <= room), ways[-1])
    bar = _bar(p50 / status.hop_ms, p99 / status.hop_ms, room - len(figures) - 3, style)
    return (_label("step"), *bar, (figures, look.INK), (word, style))


def _verdict(part_of_hop: float) -> tuple[str, Style]:
    if part_of_hop > LATE:
        return "LATE", look.BAD
    return ("tight", look.WARN) if part_of_hop > TIGHT else ("in time", look.GOOD)


def _bar(p50: float, p99: float, width: int, style: Style) -> Iterator[Piece]:
    """Filled to the median, shaded to the 99th percentile, a mark where the hop ends."""
    limit = int(width / BAR_HOPS)
    for cell in range(width):
        at = cell * BAR_HOPS / width
        if cell == limit:
            yield "│", look.STRONG
        elif at < p50:
            yield "█", style + Style(bgcolor=style.color)  # no gaps in any font
        else:
            yield ("▒", style) if at < p99 else ("·", look.FAINT)


def counts(status: LiveStatus, width: int) -> Line:
    """What went wrong so far; numbers that are not 0 stand out. The last ones need most room."""
    concealed_ms = 1000 * status.concealed / status.sample_rate
    figures = (
        ("misses", f"{status.misses}"),
        ("concealed", f"{concealed_ms:.0f} ms"),
        ("xruns", f"{status.xruns}"),
        ("restarts", f"{status.engine_restarts}"),
        ("lost", f"{status.device_losses}"),
        ("NaN", f"{status.sanitized}"),
        ("limited", f"{status.limited}"),
        ("callback p99.9", f"{status.callback_ms.get('p99.9', 0.0):.2f} ms"),
    )
    pieces: list[Piece] = []
    room = width
    for name, number in figures:
        room -= len(name) + len(number) + 3
        if room < -1:
            break
        style = look.QUIET if number[0] == "0" else look.WARN
        pieces += [(f" {name} ", look.QUIET), (f"{number} ", style)]
    return tuple(pieces)


def events(told: tuple[str, ...], width: int, height: int) -> Iterator[Line]:
    """The newest events, the last one brightest and as long as it is; older ones as there is room.

    What is cut ends with a mark; the box that the key `e` opens has all of it.
    """
    lines: list[Line] = []
    for text in reversed(told):
        style = look.QUIET if lines else look.INK
        wrapped = wrap(printable(text), width - 3, height - len(lines))
        lines = [
            *(
                ((" · " if at == 0 else "   ", look.FAINT), (part, style))
                for at, part in enumerate(wrapped)
            ),
            *lines,
        ]
        if len(lines) >= height:
            break
    yield from lines


def keys(notice: str, width: int, height: int, rows: Sequence[str] = KEYS) -> Iterator[Line]:
    """What the keys do, or for a while what one of them could not do."""
    told = next((keys for keys in rows if len(keys) < width), rows[-1])
    yield ((fit(f" {notice}", width), look.WARN) if notice else (f" {told}", look.FAINT),)


def _label(text: str) -> Piece:
    return f" {text:<{LABEL_WIDTH - 1}}", look.QUIET
