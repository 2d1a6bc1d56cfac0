"""A part of a file behind another beginning, as a file for libsndfile. Knows no formats."""

from __future__ import annotations

import io
import os
from pathlib import Path


class Excerpt(io.RawIOBase):
    """`head`, then the bytes `start` up to `stop` of a file."""

    def __init__(
        self, path: Path, start: int, stop: int | None = None, *, head: bytes = b""
    ) -> None:
        self._file = path.open("rb")
        self._head = head
        self._shift = start - len(head)  # from a place here to one in the file
        end = os.fstat(self._file.fileno()).st_size if stop is None else stop
        self._size = end - self._shift
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        """Nothing where the disk fails: a callback of libsndfile must not raise."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # typeshed's Buffer is 3.12's
        head = self._head[self._at : self._at + len(view)]
        view[: len(head)] = head
        place = self._at + len(head)
        count = max(0, min(len(view) - len(head), self._size - place))
        try:
            self._file.seek(max(0, place + self._shift))
            got = len(head) + self._file.readinto(view[len(head) : len(head) + count])
        except OSError:
            got = len(head)
        self._at += got
        return got

    def close(self) -> None:
        self._file.close()
        super().close()
