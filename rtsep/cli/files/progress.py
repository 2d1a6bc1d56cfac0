"""How far a file is: a bar on a terminal, elsewhere a line now and then.

Either way a line says beforehand roughly how long it will take, once the first piece has shown it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rtsep.cli.common.figures import about, say
from rtsep.control.text import clock

WORTH_SAYING = 5.0  # seconds; less is over before it is read
# What says something about the rest: so much audio, or so much time.
ENOUGH_AUDIO, ENOUGH_TIME = 1.0, 10.0
# Between two lines of a log: what is short gets few, and so does what is long.
LINE_SECONDS, LINE_SHARE = 20.0, 0.1


class Shown(Protocol):
    """What a person sees of the progress."""

    def line(self, text: str) -> None: ...
    def update(self, share: float, left: str) -> None: ...


class Estimate:
    """Of one file: is told samples done, of how many, and tells `shown`."""

    def __init__(
        self,
        name: str,
        sample_rate: int,
        shown: Shown,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._rate, self._shown, self._now = name, sample_rate, shown, now
        self._began = now()
        self._announced = False

    def __call__(self, done: int, total: int) -> None:
        """First with nothing done, when the work begins."""
        if not done:
            self._began = self._now()
            return
        took = self._now() - self._began
        left = took * max(total - done, 0) / done
        enough = done >= ENOUGH_AUDIO * self._rate or took >= ENOUGH_TIME
        if not self._announced and enough:
            self._announced = True
            if left >= WORTH_SAYING:
                music = clock(round(total / self._rate))
                self._shown.line(f"{self._name}: {music} of music, about {about(took + left)}")
        share = min(done / total, 1.0) if total else 1.0
        self._shown.update(share, f"about {about(left)} left" if self._announced and left else "")


class Lines:
    """For a log."""

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self._name, self._now = name, now
        self._last, self._share = now(), 0.0

    def line(self, text: str) -> None:
        say(text)

    def update(self, share: float, left: str) -> None:
        due = self._now() - self._last >= LINE_SECONDS and share - self._share >= LINE_SHARE
        if due and share < 1:
            self._last, self._share = self._now(), share
            say(f"{self._name}: {share:.0%}, {left}")


@contextmanager
def file_progress(name: str, sample_rate: int) -> Iterator[Callable[[int, int], None]]:
    """Yields what to tell: samples done, of how many, first of none."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Estimate(name, sample_rate, Lines(name))
        return
    from rtsep.cli.common.progress import Bar

    with Bar(name, console) as bar:
        yield Estimate(name, sample_rate, bar)
