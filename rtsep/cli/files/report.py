"""What is said of a library while `rtsep separate` goes through it, and at the end."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from rtsep.cli.common.figures import about, counted, say
from rtsep.cli.common.progress import WorkProgress
from rtsep.control.text import clock, printable
from rtsep.errors import RtsepError
from rtsep.library.identity import expected_length
from rtsep.library.result import COPIED, FAILED, OK, THERE, LibraryResult
from rtsep.library.run import LibraryRun

_WORDS = {OK: "separated", THERE: "there already", COPIED: "copied: same content"}
_LINE_SECONDS = 20.0  # between two lines of a log
_PASSED_SHOWN = 5  # kinds of other files
_TOLD = 20  # failures that --json lists; the log has all


class LibraryBar:
    """One bar for all files; in a log a line now and then."""

    def __init__(self, library: LibraryRun) -> None:
        items = library.tree.items
        lengths = {item.path: expected_length(item.path) for item in items}
        whole = sum(lengths.values()) or 1
        self._shares = {path: length / whole for path, length in lengths.items()}
        self._got = dict.fromkeys(lengths, 0.0)
        self._count, self._ended = len(items), 0
        self._began = self._said = time.monotonic()
        self._bar = WorkProgress(1.0)

    def __enter__(self) -> LibraryBar:
        self._bar.__enter__()
        self._name()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.__exit__(*error)

    def far(self, path: Path, done: int, total: int) -> None:
        self._at(path, min(done / total, 1.0) if total else 0.0)

    def ended(self, result: LibraryResult) -> None:
        self._ended += 1
        self._at(result.path, 1.0)
        self._name()
        if not result.ok:
            named = str(result.path) in result.message
            self.say(result.message if named else f"{result.path}: {result.message}")
        elif result.status == OK:
            for note in result.notes:
                self.say(f"note: {result.path.name}: {note}")

    def say(self, text: str) -> None:
        self._bar.say(printable(text))

    def _at(self, path: Path, share: float) -> None:
        if path in self._got:
            self._bar.advance(self._shares[path] * (share - self._got[path]))
            self._got[path] = share
        now = time.monotonic()
        if not self._bar.drawn and now - self._said >= _LINE_SECONDS:
            self._said = now
            done = sum(self._shares[each] * got for each, got in self._got.items())
            left = (now - self._began) * (1 - done) / done if done else 0.0
            files = counted(self._count, "file")
            say(f"{self._ended} of {files}, {done:.0%}, about {about(left)} left")

    def _name(self) -> None:
        self._bar.begin(f"{self._ended} of {counted(self._count, 'file')}")


class Report:
    """Counts what became of files."""

    def __init__(self, library: LibraryRun) -> None:
        self._library = library
        self._began = time.monotonic()
        self._count: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()  # of audio
        self._failures: list[LibraryResult] = []

    def add(self, result: LibraryResult) -> None:
        self._count[result.status] += 1
        self._seconds[result.status] += result.seconds  # type: ignore[assignment]
        if not result.ok:
            self._kinds[result.kind] += 1
            self._failures.append(result)

    def show(self) -> None:
        """A table, on standard error, if there is anything to be told."""
        if passed := self._library.tree.passed:
            most = ", ".join(
                f"{s or 'no suffix'} {n}" for s, n in passed.most_common(_PASSED_SHOWN)
            )
            say(
                f"no sound by their names and passed over: {counted(passed.total(), 'file')} "
                f"({most})"
            )
        if below := self._library.tree.below_out:
            say(
                f"passed over, as they lie where results go and are none: {counted(below, 'file')} "
                "of sound; with another --output they are separated"
            )
        if not self._count:
            say("no file was finished")
            return
        self._show_table()
        log = self._library.log
        say(
            f"{self._pace()}a line for each file in {log.path}"
            if log.whole
            else f"{self._pace()}not all lines could be written to {log.path}"
        )

    def _show_table(self) -> None:
        from rich.console import Console
        from rich.table import Table

        table = Table("", "files", "audio", box=None)
        for status, words in _WORDS.items():
            if self._count[status]:
                count = str(self._count[status])
                table.add_row(words, count, duration(self._seconds[status]))
        for kind, number in self._kinds.most_common():
            table.add_row(f"failed: {kind}", str(number), "")
        Console(stderr=True).print(table)

    def check(self) -> None:
        """Raises RtsepError if any file has failed."""
        if failed := self._count[FAILED]:
            total = sum(self._count.values())
            raise RtsepError(
                f"{failed} of {counted(total, 'file')} failed; {self._library.log.path} says why, "
                f"and the same command tries {'it' if failed == 1 else 'them'} again"
            )

    def as_dict(self) -> dict[str, Any]:
        took = time.monotonic() - self._began
        return {
            "files": sum(self._count.values()),
            "separated": self._count[OK],
            "there": self._count[THERE],
            "copied": self._count[COPIED],
            "failed": self._count[FAILED],
            "kinds": dict(self._kinds),
            "failures": [each.as_dict() for each in self._failures[:_TOLD]],
            "seconds": round(self._seconds[OK], 3),
            "wall_seconds": round(took, 3),
            "times_real_time": round(self._seconds[OK] / took, 3),
            "log": str(self._library.log.path),
        }

    def _pace(self) -> str:
        """Of what was separated, if anything was."""
        made = self._seconds[OK]
        took = time.monotonic() - self._began
        pace = f"{made / took:.2f} x real time"
        return f"{duration(took)} for {duration(made)} of audio ({pace}); " if made else ""


def duration(seconds: float) -> str:
    """As on a clock; of less than a minute the tenths."""
    return clock(seconds) if seconds >= 60 else f"{seconds:.1f} s"
