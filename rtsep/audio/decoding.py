"""One audio file, decoded from its first frame to its last. Knows of no rates and channels.

Decoders print what they think of damage. Nothing of that reaches the terminal: the first of it is
kept as a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtsep.audio.quiet import quiet
from rtsep.audio.wav import native

# The file is always decoded in chunks of this many frames, whatever the caller asks for: so the
# caller's block size cannot change a bit of the result, and a damaged chunk costs little audio.
CHUNK_FRAMES = 8192
LONGEST_COMPLAINT = 100  # letters
# What libmpg123 puts before its sentences: the place in its source, and how bad it is.
_PREFIX = re.compile(r"^(\[[^\]]*\])?\s*((error|warning|note):)?\s*", re.IGNORECASE)


class SequentialFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile ships no types
    """soundfile seeks after every read, which a truncated FLAC refuses and we do not need.

    `complaint` is the first that the decoder had to say, empty if it had nothing.
    """

    def __init__(self, path: Path) -> None:
        self.complaint = ""
        with self._heard():
            super().__init__(native(path))

    def seekable(self) -> bool:
        return False

    def chunk(self) -> NDArray[np.float32]:
        """The next frames, (frames, channels). Raises SoundFileError where damage starts."""
        with self._heard():
            frames: NDArray[np.float32] = self.read(CHUNK_FRAMES, dtype="float32", always_2d=True)
        return frames

    @contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            with quiet() as said:
                yield
        finally:
            if said.lines and not self.complaint:
                self.complaint = _PREFIX.sub("", said.lines[0])[:LONGEST_COMPLAINT]
