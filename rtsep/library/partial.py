"""A folder that is filled beside the one it becomes, and put in its place in one step.

What a killed process left is told from what another one is at by `liveness`.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rtsep.library.liveness import at_work, forget, has_ended
from rtsep.library.record import RECORD, Made, Origin, Record, record_of

_PREFIX = ".rtsep-part-"
_SOMEBODY_MADE_IT = (errno.EEXIST, errno.ENOTEMPTY)
_ABANDONED_SECONDS = 3600.0  # after which nobody on another machine is still writing


@contextmanager
def partial_folder(folder: Path) -> Iterator[Path]:
    """A new one beside `folder`, gone afterwards unless it was put in place. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.parent / f"{_PREFIX}{secrets.token_hex(8)}"
    cleared = False
    try:
        with at_work(partial.name):
            try:
                partial.mkdir()
                yield partial
            finally:
                shutil.rmtree(partial, ignore_errors=True)
                cleared = True
    finally:
        if cleared:  # else `tidy` does it
            forget(partial.name)


def seal(partial: Path, folder: Path, key: str, origin: Origin, made: Made) -> None:
    """Add the record to a partial folder whose files are whole, and put it in place: at once where
    there is no such folder yet."""
    record = Record(origin=origin, names=tuple(made.files))
    _flush_all(partial)
    if not folder.exists():
        _write_record(partial, record.with_made(key, made))
        try:
            os.rename(partial, folder)
            return
        except OSError as error:
            if error.errno not in _SOMEBODY_MADE_IT:
                raise
            (partial / RECORD).unlink()
    record = record.following(record_of(folder))
    _replace_files(partial, folder, record.without(made), record.with_made(key, made))


def _replace_files(partial: Path, folder: Path, meanwhile: Record, record: Record) -> None:
    """One by one, and the record last. What is named meanwhile is no song of anybody's, even if
    this goes no further."""
    files = list(partial.iterdir())
    _write_record(partial, meanwhile)
    os.replace(partial / RECORD, folder / RECORD)
    for file in files:
        os.replace(file, folder / file.name)
    _write_record(partial, record)
    os.replace(partial / RECORD, folder / RECORD)


def _write_record(folder: Path, record: Record) -> None:
    (folder / RECORD).write_text(record.text(), "utf-8", newline="")
    _flush(folder / RECORD)


def tidy(folders: Iterable[Path]) -> None:
    """Remove from these what nobody will finish."""
    for folder in folders:
        with suppress(OSError):
            for each in os.scandir(folder):
                if each.name.startswith(_PREFIX) and _abandoned(Path(each.path)):
                    shutil.rmtree(each.path, ignore_errors=True)
                    forget(each.name)


def _abandoned(partial: Path) -> bool:
    ended = has_ended(partial.name)
    if ended is not None:
        return ended
    newest = max((file.stat().st_mtime for file in (partial, *partial.iterdir())), default=0.0)
    return time.time() - newest > _ABANDONED_SECONDS


def _flush_all(partial: Path) -> None:
    for file in partial.iterdir():
        _flush(file)


def _flush(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
