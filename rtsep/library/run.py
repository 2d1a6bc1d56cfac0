"""A run through a library: which items are missing, who makes them, what became of each.

Nothing that one file does ends it. What ends it is a full disk, and whoever asks no further; then
what was put in place is whole, and the same run again makes what is missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rtsep.closing import Closing
from rtsep.errors import AudioFileError
from rtsep.library.cluster import Cluster
from rtsep.library.crew import Crew
from rtsep.library.foresight import check_writable, foreseen
from rtsep.library.formats import file_names
from rtsep.library.here import Here
from rtsep.library.identity import identified, in_order
from rtsep.library.kinds import DISK_FULL, UNREADABLE, ItemError, writing_error
from rtsep.library.messages import Hands, Outcome, Ready, Task
from rtsep.library.partial import partial_folder, seal, tidy
from rtsep.library.record import Made, Origin, key_of, record_of
from rtsep.library.result import COPIED, FAILED, OK, THERE, DiskFullError, LibraryResult, Log
from rtsep.library.settings import Making, ModelSpec, Running
from rtsep.library.tree import Item, tree_of
from rtsep.weights.observer import Observer

FileProgress = Callable[[Path, int, int], None]  # samples of a file done, of how many
Identity = tuple[Item, Origin]


class LibraryRun(Closing):
    """One way through files and folders; `progress` hears how far files are. `tree` and `log` are
    there from the beginning, `ready` after the start."""

    def __init__(
        self,
        paths: Sequence[Path],
        out: Path,
        *,
        model: ModelSpec,
        making: Making,
        running: Running,
        hands: Hands | None = None,
    ) -> None:
        """`hands` are those that `running` asks for, if none are given. Raises AudioFileError for
        a path that is not there, or nothing to separate; and as the start, where what is wrong is
        known without the model."""
        self.tree = tree_of(paths, out)
        if not self.tree.items and not self.tree.refused:
            raise AudioFileError(
                f"no audio files in {', '.join(map(str, paths))}; name files, or other folders"
            )
        self.log = Log(out, running.shard)
        self._out, self._making, self._running = out, making, running
        self._precision = model.precision
        self.progress: FileProgress = lambda path, done, total: None
        check_writable(out)
        foretold = foreseen(self.tree.items, model, making)
        if foretold:
            self._check_inputs(foretold.names)
        self._hands = hands or _hands(model, making, running, out, self._heard)
        self._tasks: dict[int, Task] = {}
        self._waiting: dict[str, list[Identity]] = {}  # for one with the same content, by key
        self._done: dict[str, tuple[Path, Made]] = {}
        self._full = ""

    def start(self, observer: Observer) -> None:
        """Load the model. Raises ModelError, DownloadError, ConfigError, and AudioFileError if a
        result would be written over a file that is read."""
        self.ready = self._hands.start(observer)
        self._check_inputs(self.ready.outputs)

    def results(self) -> Iterator[LibraryResult]:
        """One for every file of the shard, as they come; each has been logged. Raises
        DiskFullError, after all that was in work has ended."""
        tidy(self._places)
        for result in self._results(self.ready):
            self.log.write(result)
            yield result
        if self._full:
            raise DiskFullError(self._full)

    def close(self) -> None:
        self._hands.close()
        tidy(self._places)

    @property
    def _places(self) -> set[Path]:
        return {item.folder.parent for item in self.tree.items}

    def _results(self, ready: Ready) -> Iterator[LibraryResult]:
        for folder, message in self.tree.refused:
            if self._is_ours(_digest(folder)):
                yield _failed(Item(folder, self._out), ItemError(UNREADABLE, message))
        for item, found in identified(in_order(self.tree.items)):
            yield from self._met(item, found, ready)
            if self._full:
                break
        while self._hands.busy:
            yield from self._collected()

    def _met(self, item: Item, found: Origin | ItemError, ready: Ready) -> Iterator[LibraryResult]:
        """What there is to say of it at once; if it is missing, it is handed out."""
        if isinstance(found, ItemError):
            if self._is_ours(_digest(item.folder.relative_to(self._out))):
                yield _failed(item, found)
            return
        if not self._is_ours(found.sha256):
            return
        key = key_of(found.sha256, ready.weights, self._settings)
        record = None if self._running.force else record_of(item.folder)
        made = record.finished(key, item.folder) if record else None
        if made:
            self._done[key] = (item.folder, made)
            yield _whole(THERE, item, found, key, made)
        elif key in self._done:
            yield self._copied(item, found, key)
        elif key in self._waiting:
            self._waiting[key].append((item, found))
        else:
            yield from self._handed_out(item, found, key)

    def _handed_out(self, item: Item, origin: Origin, key: str) -> Iterator[LibraryResult]:
        while not self._hands.free:
            yield from self._collected()
        if self._full:
            return
        task = Task(
            number=len(self._tasks),
            path=item.path,
            folder=item.folder,
            key=key,
            origin=origin,
            time_limit=self._running.time_limit,
        )
        self._tasks[task.number] = task
        self._waiting[key] = []
        self._hands.give(task)

    def _collected(self) -> Iterator[LibraryResult]:
        for outcome in self._hands.collect():
            yield from self._ended(self._tasks[outcome.number], outcome)

    def _ended(self, task: Task, outcome: Outcome) -> Iterator[LibraryResult]:
        item, origin = Item(task.path, task.folder), task.origin
        copies = self._waiting.pop(task.key)
        seconds = outcome.wall_seconds
        if outcome.made:
            self._done[task.key] = (item.folder, outcome.made)
            yield _whole(OK, item, origin, task.key, outcome.made, seconds)
        else:
            error = self._noticed(ItemError(outcome.kind, outcome.message))
            yield _failed(item, error, origin, seconds)
        for copy, of in copies:
            if outcome.made:
                yield self._copied(copy, of, task.key)
            else:
                message = f"its content is that of {item.path}: {outcome.message}"
                yield _failed(copy, ItemError(outcome.kind, message), of)

    def _copied(self, item: Item, origin: Origin, key: str) -> LibraryResult:
        """Copies and no links: what somebody does to one must not happen to the other."""
        folder, made = self._done[key]
        names = list(zip(made.files, self._names(item), strict=True))
        made = replace(made, files={name: made.files[there] for there, name in names})
        try:
            with partial_folder(item.folder) as partial:
                for there, name in names:
                    shutil.copyfile(folder / there, partial / name)
                seal(partial, item.folder, key, origin, made)
        except OSError as error:
            return _failed(item, self._noticed(writing_error(error, item.folder)), origin)
        return _whole(COPIED, item, origin, key, made)

    def _noticed(self, error: ItemError) -> ItemError:
        if error.kind == DISK_FULL:
            self._full = error.message
        return error

    @property
    def _settings(self) -> dict[str, Any]:
        return {"precision": self._precision, **self._making.as_dict()}

    def _is_ours(self, digest: str) -> bool:
        part, parts = self._running.shard
        return int(digest, 16) % parts == part - 1

    def _names(self, item: Item) -> list[str]:
        return file_names(self.ready.outputs, self._making.encoding, item.path)

    def _check_inputs(self, outputs: Sequence[str]) -> None:
        """No result may be written over a file that is read."""
        inputs = {os.path.realpath(item.path) for item in self.tree.items}
        for item in self.tree.items:
            for name in file_names(outputs, self._making.encoding, item.path):
                target = item.folder / name
                if os.path.realpath(target) in inputs:
                    raise AudioFileError(
                        f"{target} is being read and would be overwritten; write elsewhere"
                    )

    def _heard(self, number: int, done: int, total: int) -> None:
        self.progress(self._tasks[number].path, done, total)


def _hands(
    model: ModelSpec,
    making: Making,
    running: Running,
    out: Path,
    heard: Callable[[int, int, int], None],
) -> Hands:
    if running.ray is not None:
        return Cluster(running.ray, running.jobs, model, making, out)
    if running.jobs:
        return Crew(running.jobs, model, making, heard)
    return Here(model, making, heard)


def _whole(
    status: str, item: Item, origin: Origin, key: str, made: Made, wall_seconds: float = 0.0
) -> LibraryResult:
    return LibraryResult(
        path=item.path,
        folder=item.folder,
        status=status,
        files=tuple(item.folder / name for name in made.files),
        notes=tuple(made.notes),
        seconds=made.seconds,
        wall_seconds=wall_seconds,
        sha256=origin.sha256,
        key=key,
    )


def _failed(
    item: Item, error: ItemError, origin: Origin | None = None, wall_seconds: float = 0.0
) -> LibraryResult:
    return LibraryResult(
        path=item.path,
        folder=item.folder,
        status=FAILED,
        kind=error.kind,
        message=error.message,
        wall_seconds=wall_seconds,
        sha256=origin.sha256 if origin else "",
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()
