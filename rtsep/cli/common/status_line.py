"""One line on standard error that says what takes its time, and moves.

Needs no library that would itself have to be loaded first. It keeps the cursor at the beginning of
its line, so that whatever else is printed there begins where a line begins. In a log, which nobody
watches, there are whole lines instead, and few of them.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import click

from rtsep.cli.common.figures import say
from rtsep.control.text import printable

LOG_SECONDS = 60.0  # between two lines of a log
_TURN_SECONDS = 0.2
_WHEEL = "|/-\\"  # which every terminal has
_FALLBACK_COLUMNS = 80

# From the seconds since it began to what is shown.
Telling = Callable[[float], str]


class StatusLine:
    """Nothing is there before `show`, nor after `clear`."""

    def __init__(self) -> None:
        self._drawn = sys.stderr.isatty()
        self._lock = threading.Lock()
        self._tell: Telling | None = None
        self._began = self._logged = time.monotonic()
        self._columns = self._turns = 0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def show(self, tell: Telling, *, log: bool) -> None:
        """From now on, instead of what was shown. With `log`, a log has it at once; without, only
        if there was nothing else in it for a while."""
        with self._lock:
            self._tell, self._began = tell, time.monotonic()
            if self._drawn:
                self._draw()
            elif log:
                self._write_to_log()
        if self._thread is None:
            self._thread = threading.Thread(target=self._turn, daemon=True)
            self._thread.start()

    def say(self, text: str) -> None:
        """A line that stays, above this one."""
        with self._lock:
            self._wipe()
            say(text)
            self._logged = time.monotonic()
            if self._drawn and self._tell:
                self._draw()

    def clear(self) -> None:
        with self._lock:
            self._tell = None
            self._wipe()

    def close(self) -> None:
        self.clear()
        self._over.set()
        if self._thread:
            self._thread.join()

    def _turn(self) -> None:
        while not self._over.wait(_TURN_SECONDS):
            with self._lock, suppress(OSError, ValueError):  # the terminal may be gone
                if self._tell and self._drawn:
                    self._turns += 1
                    self._draw()
                elif self._tell and time.monotonic() - self._logged >= LOG_SECONDS:
                    self._write_to_log()

    def _draw(self) -> None:
        assert self._tell
        most = _width() - 1
        text = f"{_WHEEL[self._turns % len(_WHEEL)]} {self._told(self._tell)}"[:most]
        over = min(self._columns, most)
        self._columns = max(over, len(text))  # what is to be wiped if this is interrupted
        click.echo(f"\r{text:{over}}\r", err=True, nl=False)
        self._columns = len(text)

    def _wipe(self) -> None:
        """Also what the terminal shows of a Ctrl-C, at the beginning of the line."""
        if self._columns:
            click.echo(f"\r{'':{self._columns}}\r", err=True, nl=False)
            self._columns = 0

    def _write_to_log(self) -> None:
        assert self._tell
        self._logged = time.monotonic()
        say(f"{self._told(self._tell)} ...")

    def _told(self, tell: Telling) -> str:
        return printable(tell(time.monotonic() - self._began))


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _FALLBACK_COLUMNS
    except (OSError, ValueError):
        return _FALLBACK_COLUMNS
