"""Notices and progress bars on standard error, so that standard output stays for results."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rtsep.cli.common.status_line import StatusLine
from rtsep.control.text import clock, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_SOMETHING = "loading"
_LONG_SECONDS = 3.0  # after which people count


class RichObserver:
    """Says what is being done, and draws bars once bytes arrive; is a `rtsep.weights.Observer`.

    To be entered before what is slow to import, rich included.
    """

    def __init__(self, phase: str = _SOMETHING, *, log: bool = True) -> None:
        """The first phase. A log hears of phases with a name, and without `log` of none."""
        self._line = StatusLine()
        self._log = log
        self._first = phase
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> RichObserver:
        self.phase(self._first)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end_bars()
        self._line.close()

    def phase(self, text: str) -> None:
        self._end_bars()
        log = self._log and text != _SOMETHING
        self._line.show(lambda elapsed: text + _so_far(elapsed), log=log)

    def notice(self, text: str) -> None:
        if self._bars:
            self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            self._line.say(text)

    def progress(self, label: str, done: int, total: int) -> None:
        if self._bars is None:
            self._line.clear()
            self._bars = _byte_bars()
            self._bars.start()
        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(label, total=total)
        self._bars.update(self._tasks[label], completed=done, total=total)

    def _end_bars(self) -> None:
        if self._bars:
            self._bars.stop()
        self._bars = None
        self._tasks.clear()


def _so_far(elapsed: float) -> str:
    return f"  {clock(elapsed)}" if elapsed >= _LONG_SECONDS else ""


def _byte_bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.progress import TransferSpeedColumn as Speed

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), Speed())
    console = Console(stderr=True)
    return Progress(  # which ends with an empty line where it cannot draw
        *columns, Remaining(), console=console, transient=True, disable=not console.is_terminal
    )


class Bar:
    """A bar for one file, with what is left in words; is a `file_progress.Shown`."""

    def __init__(self, name: str, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %  {task.fields[left]}"),
            console=console,
            transient=True,
        )
        self._task = self._bars.add_task(printable(name), total=1.0, left="")

    def __enter__(self) -> Bar:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def line(self, text: str) -> None:
        self._bars.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def update(self, share: float, left: str) -> None:
        self._bars.update(self._task, completed=share, left=left)


class WorkProgress:
    """A bar for work in parts of unlike cost, with lines of text above it."""

    def __init__(self, total: float) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn())
        console = Console(stderr=True)
        self.drawn = console.is_terminal
        self._bars = Progress(
            *columns,
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bars.add_task("", total=total)

    def __enter__(self) -> WorkProgress:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def begin(self, name: str) -> None:
        self._bars.update(self._task, description=name)

    def advance(self, cost: float) -> None:
        self._bars.advance(self._task, cost)

    def say(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
