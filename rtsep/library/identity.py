"""What files are, by their content, looked at ahead of those who ask."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from rtsep.atomic import endless, sha256_of
from rtsep.library.kinds import UNREADABLE, ItemError
from rtsep.library.record import RECORD, Origin, known_origin, record_of
from rtsep.library.tree import Item

_THREADS, _AHEAD = 2, 16
_PLAIN = (".wav", ".wave", ".aif", ".aiff", ".aifc", ".au", ".caf", ".rf64", ".snd", ".w64")
_PACKED = 8  # so many times as long, about, is what lies in as many bytes of an MP3


def in_order(items: Sequence[Item]) -> list[Item]:
    """Those that may be there come first, so that others with the same content find them; then
    the longest, by what their size and kind let expect, as opening all would take too long."""

    def rank(item: Item) -> tuple[bool, int, Path]:
        there = os.path.exists(item.folder / RECORD)  # whatever the length of its name
        return not there, -expected_length(item.path), item.path

    return sorted(items, key=rank)


def expected_length(path: Path) -> int:
    """In no unit, to be compared."""
    try:
        size = os.stat(path).st_size
    except (OSError, ValueError):
        return 0
    return size if path.suffix.lower() in _PLAIN else _PACKED * size


def identified(items: Sequence[Item]) -> Iterator[tuple[Item, Origin | ItemError]]:
    """In this order. A file that is as its record knows it is not read again."""
    pool = ThreadPoolExecutor(_THREADS)
    ahead: deque[tuple[Item, Future[Origin | ItemError]]] = deque()
    try:
        for item in items:
            ahead.append((item, pool.submit(_origin, item)))
            if len(ahead) > _AHEAD:
                first, future = ahead.popleft()
                yield first, future.result()
        for item, future in ahead:
            yield item, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _origin(item: Item) -> Origin | ItemError:
    path = item.path
    try:
        if endless(path):
            return ItemError(UNREADABLE, f"{path} is not a regular file; give an audio file")
        known = known_origin(record_of(item.folder), path)
        if known:
            return known
        found = path.stat()
        digest = sha256_of(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return ItemError(UNREADABLE, f"cannot read {path}: {reason}; check the path")
    return Origin(name=path.name, bytes=found.st_size, mtime_ns=found.st_mtime_ns, sha256=digest)
