"""What is shown of tuning and compiling while it goes on: one line with a bar and the time left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rtsep.cli.common.status_line import LOG_SECONDS, StatusLine
from rtsep.control.text import clock

if TYPE_CHECKING:
    from rtsep.config import StreamSpec
    from rtsep.engine.tune import Doing

_BAR = 10  # characters


class TuningLine(StatusLine):
    """In a log, a line for what lasts longer than the distance between two of them."""

    def begin(self, doing: Doing) -> None:
        """A part of a tuning."""
        self.expect(_words(doing), doing.seconds, doing.after)

    def compiling(self, spec: StreamSpec, seconds: float, after: float) -> None:
        self.expect(_compiling(spec.hop / spec.sample_rate), seconds, after)

    def expect(self, words: str, seconds: float, after: float) -> None:
        """Something that takes so long, and what comes after it."""
        self.show(
            lambda elapsed: f"{words} {_progress(elapsed, seconds, after)}",
            log=seconds > LOG_SECONDS,
        )


def _words(doing: Doing) -> str:
    if doing.what == "compilation":
        return _compiling(doing.setting.hop)
    verb = "proving" if doing.what == "proof" else "trying"
    return f"{verb} {1000 * doing.setting.hop:.0f} ms, {doing.setting.mode}"


def _compiling(hop: float) -> str:
    return f"compiling a step for {1000 * hop:.0f} ms"


def _progress(elapsed: float, seconds: float, after: float) -> str:
    done = round(_BAR * min(elapsed / seconds, 1.0)) if seconds else _BAR
    bar = "#" * done + "." * (_BAR - done)
    return f"[{bar}] {clock(elapsed)}, {_left(max(seconds - elapsed, 0.0) + after)}"


def _left(seconds: float) -> str:
    if seconds <= 0:
        return "longer than usual"
    if seconds <= 90:
        return f"about {seconds:.0f} s left"
    return f"about {math.ceil(seconds / 60)} min left"
