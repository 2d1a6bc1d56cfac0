"""A live session as lines of text, for terminals that cannot do more and for log files."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

from rtsep.control.text import clock, printable
from rtsep.mixer.desk import Desk, Fader
from rtsep.status import Level, LiveStatus

COLUMNS = 120
# Gaps, letters of a name, whether loudness is told.
LAYOUTS = (
    (" | ", 40, True), ("  ", 40, True), ("  ", 40, False), ("  ", 3, True), ("  ", 2, True),
    (" ", 2, True),
)  # fmt: skip
EVENT_SECONDS = 0.1  # how late an event may be told


def status_line(status: LiveStatus, desk: Desk) -> str:
    """One line of at most 120 columns; gaps and stems' names become short where it needs more, and
    before the names do, loudness goes.

    State and time, of the session or of a song, latency, with its path where there are two, step
    p99/hop, misses/concealed audio, xruns; then peaks in dB after the faders, or `mute`, or `off`
    for a stem that a solo leaves out; behind that of the mix its short-term loudness.
    """
    for gap, length, loud in LAYOUTS:
        line = gap.join([*_figures(status, desk), *_levels(status, desk, length, loud=loud)])
        if len(line) <= COLUMNS:
            break
    return line[:COLUMNS]


def run_plain(
    desk: Desk,
    status: Callable[[], LiveStatus],
    out: Callable[[str], object],
    stop: threading.Event,
    every: float = 1.0,
) -> None:
    """A line every so many seconds, and events at once, until `stop` is set or the session ends.

    `out` gets each line without an end of line.
    """
    told: tuple[str, ...] = ()
    due = time.monotonic()
    while True:
        now = status()
        for event in new_events(told, now.events):
            out(f"* {printable(event)}")
        told = now.events
        if time.monotonic() >= due:
            out(status_line(now, desk))
            due = max(due + every, time.monotonic())
        if now.state == "stopped" or stop.is_set():
            return
        stop.wait(min(EVENT_SECONDS, max(due - time.monotonic(), 0.0)))


def new_events(told: Sequence[str], events: Sequence[str]) -> Sequence[str]:
    """Those behind what was told already; the oldest of it may have been dropped meanwhile."""
    for start in range(len(told) + 1):
        known = len(told) - start
        if list(told[start:]) == list(events[:known]):
            return events[known:]
    return events


def _figures(status: LiveStatus, desk: Desk) -> list[str]:
    step = status.step_ms.get("p99")
    concealed_ms = 1000 * status.concealed / status.sample_rate
    return [
        _state(status),
        *([f"rec {clock(status.recorded_seconds)}"] if status.recording else []),
        *(["bypass"] if desk.bypass else []),
        f"{f'{status.path} ' if status.instant else ''}{status.latency_ms:.0f}ms",
        f"step {'-' if step is None else f'{step:.0f}'}/{status.hop_ms:.0f}ms",
        f"misses {status.misses}/{concealed_ms:.0f}ms",
        f"xruns {status.xruns}",
    ]


def _state(status: LiveStatus) -> str:
    """With the time of the session, or of the song that is played."""
    song = status.transport
    if song is None:
        return f"{status.state} {clock(status.seconds)}"
    paused = status.state == "running" and not song.playing
    state = "paused" if paused else status.state
    return f"{state} {clock(song.position)}/{clock(song.length)}"


def _levels(status: LiveStatus, desk: Desk, length: int, *, loud: bool) -> list[str]:
    stems = [
        f"{printable(fader.stem)[:length]} {_stem_level(fader, status.stem_levels[place:])}"
        for place, fader in enumerate(desk.faders)
    ]
    mix = f"mix {_db(status.mix_level)}"
    if loud and (loudness := status.loudness.short_term) > -math.inf:
        mix += f" {loudness:.0f}LUFS"
    return [f"in {_db(status.input_level)}", " ".join(stems), mix]


def _stem_level(fader: Fader, levels: Sequence[Level]) -> str:
    if not fader.audible:
        return "mute" if fader.mute else "off"
    return _db(levels[0]) if levels else "-"


def _db(level: Level) -> str:
    return f"{level.peak_db:.0f}"
