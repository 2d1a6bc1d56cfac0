"""A folder that is filled beside the one it becomes, and put in its place in one step.

Its name says which process fills it, so that what a killed one left can be told from what another
one is at.
"""

from __future__ import annotations

import itertools
import os
import platform
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from rtsep.library.record import RECORD, Made, Origin, Record, record_of

_NAME = re.compile(r"\.rtsep-part-(?P<host>.+)-(?P<pid>\d+)-\d+")
_ABANDONED_SECONDS = 3600.0  # after which nobody on another machine is still writing
_numbers = itertools.count()


@contextmanager
def partial_folder(folder: Path) -> Iterator[Path]:
    """A new one beside `folder`, gone afterwards unless it was put in place. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    name = f".rtsep-part-{_host()}-{os.getpid()}-{next(_numbers)}"
    partial = folder.parent / name
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def seal(partial: Path, folder: Path, key: str, origin: Origin, made: Made) -> None:
    """Add the record to a partial folder whose files are whole, and put it in place."""
    before = record_of(folder)
    same = before is not None and before.origin.sha256 == origin.sha256
    record = Record(origin=origin, made=before.made if before and same else {})
    text = record.with_made(key, made).text()
    (partial / RECORD).write_text(text, "utf-8", newline="")
    _put_in_place(partial, folder)


def _put_in_place(partial: Path, folder: Path) -> None:
    """All files, flushed to the disk before: at once where there is no such folder yet, else one by
    one, and the record last."""
    for file in partial.iterdir():
        _flush(file)
    if not folder.exists():
        try:
            os.rename(partial, folder)
            return
        except FileExistsError:  # somebody made it just now
            pass
    (folder / RECORD).unlink(missing_ok=True)
    for file in sorted(partial.iterdir(), key=lambda file: file.name == RECORD):
        os.replace(file, folder / file.name)


def tidy(folders: Iterable[Path]) -> None:
    """Remove from these what nobody will finish."""
    for folder in folders:
        with suppress(OSError):
            for each in os.scandir(folder):
                found = _NAME.fullmatch(each.name)
                if found and _abandoned(Path(each.path), found["host"], int(found["pid"])):
                    shutil.rmtree(each.path, ignore_errors=True)


def _abandoned(partial: Path, host: str, pid: int) -> bool:
    if host == _host():
        with suppress(psutil.Error):  # there is none, or none that may be looked at
            return psutil.Process(pid).create_time() > partial.stat().st_mtime + 1  # a later one
        return True
    newest = max((file.stat().st_mtime for file in (partial, *partial.iterdir())), default=0.0)
    return time.time() - newest > _ABANDONED_SECONDS


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.]", "-", platform.node())[:64]


def _flush(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
