"""A song that is read once, from beginning to end, and kept: so a jump is true to the sample.

Decoders are not, in the middle of a file: some give other samples there, some guess where they are,
and a resampler would have to begin anew. What is kept here needs none of them again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from rtsep.closing import Closing
from rtsep.control.text import clock
from rtsep.errors import ConfigError
from rtsep.ring.ring import Audio

PIECE = 8192  # samples that are read and kept at once
_BYTES = 4  # of a sample


class OpenSong(Protocol):
    """A song at the session's rate. `samples` may be a guess until it has been read."""

    rows: int

    @property
    def samples(self) -> int: ...
    def pieces(self, size: int) -> Iterator[Audio]:
        """(rows, n) that follow each other, n up to `size`."""
        ...

    def close(self) -> None: ...


class KeptSong(Closing):
    """In a temporary file without a name, which takes 21 MB a minute for stereo at 44.1 kHz.

    Where the disk is full, the rest is played all the same, but only straight on. One thread only.
    """

    def __init__(
        self, song: OpenSong, title: str, rate: int, on_event: Callable[[str], object]
    ) -> None:
        self.title, self.rows = title, song.rows
        self.whole = False  # read to its end
        self._song, self._rate, self._on_event = song, rate, on_event
        self._pieces = song.pieces(PIECE)
        self._file = tempfile.TemporaryFile(prefix="rtsep-")  # noqa: SIM115  # closed by `close`
        self._read = 0  # samples that were
        self._kept = 0  # and those in the file, which are all unless the disk is full
        self._newest: list[Audio] = []  # the last of those that are not in the file

    @property
    def samples(self) -> int:
        return self._read if self.whole else max(self._song.samples, self._read)

    def is_ready(self, place: int) -> bool:
        """Whether nothing has to be read before it can go on there."""
        return self.whole or place + PIECE <= self._read

    def check(self, place: int) -> None:
        """Raises ConfigError for a place that was not kept."""
        if self._kept < place < self._read - PIECE:
            raise ConfigError(
                f"{self.title} is not kept from there on, since the disk for temporary files is "
                "full; go to an earlier place"
            )

    def read(self, start: int, count: int) -> Audio:
        """(rows, count), less where it ends."""
        while self._read < start + count and self.advance(start):
            pass
        count = max(min(count, self._read - start), 0)
        stored = max(min(count, self._kept - start), 0)
        frame = _BYTES * self.rows
        self._file.seek(start * frame)
        data = np.frombuffer(self._file.read(stored * frame), np.float32)
        block: Audio = data.reshape(-1, self.rows).T
        if stored == count:
            return block
        newest = np.concatenate(self._newest, 1)
        since = max(start + stored - (self._read - newest.shape[1]), 0)
        return np.concatenate((block, newest[:, since : since + count - stored]), 1)

    def advance(self, needed: int | None = None) -> bool:
        """Read another piece, of a song that is not kept only what is `needed`, a place in it."""
        if self.whole or (self._newest and needed is None):
            return False
        piece = next(self._pieces, None)
        if piece is None:
            self.whole = True
            self._song.close()
            return False
        self._keep(piece, needed)
        self._read += piece.shape[1]
        return True

    def close(self) -> None:
        self._song.close()
        self._file.close()

    def _keep(self, piece: Audio, needed: int | None) -> None:
        if not self._newest:
            try:
                self._file.seek(0, 2)
                self._file.write(np.ascontiguousarray(piece.T, np.float32).tobytes())
                self._file.flush()
            except OSError as error:
                self._on_event(
                    f"{self.title} can go back to its first {clock(self._kept / self._rate)} "
                    f"only: the rest could not be kept ({error.strerror}); free the disk, or set "
                    "TMPDIR"
                )
            else:
                self._kept += piece.shape[1]
                return
        first = self._read - sum(each.shape[1] for each in self._newest)
        while len(self._newest) > 1 and first + self._newest[0].shape[1] <= (needed or 0):
            first += self._newest.pop(0).shape[1]
        self._newest.append(piece)
