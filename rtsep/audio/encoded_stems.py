"""Write stems into a folder in a compressed format, as `StemWriter` writes them plain.

Knows which files belong together; `encoding` knows the formats.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rtsep.audio.encoding import Audio, EncodedWriter
from rtsep.audio.formats import FORMATS, checked_bitrate
from rtsep.audio.tags import Tags
from rtsep.audio.writer import MIX, check_names, check_target, clipped_notes, make_folder
from rtsep.closing import ClosingOrDiscarding
from rtsep.errors import AudioFileError


class EncodedStemWriter(ClosingOrDiscarding):
    """One file per stem, and one for the mix if it is wanted. They get their names when all are
    whole: `close` finishes them, `discard` leaves nothing, and so does `with` where an error comes
    out. `inputs` are files being read meanwhile: they are never overwritten."""

    def __init__(
        self,
        folder: str | Path,
        stems: Sequence[str],
        sample_rate: int,
        *,
        format: str,
        bitrate: int | None = None,
        channels: int = 2,
        tags: Tags | None = None,
        mix: bool = False,
        inputs: Iterable[str | Path] = (),
    ) -> None:
        """`format` is one of FORMATS, `bitrate` in kb/s. Each file has the `tags` of the song, and
        its stem behind the title. Raises AudioFileError."""
        if format not in FORMATS:
            raise AudioFileError(f"no format {format!r}; choose from {', '.join(FORMATS)}")
        self.folder = Path(folder)
        self.samples = 0
        names = [*stems, MIX] if mix else list(stems)
        check_names(names)
        checked_bitrate(FORMATS[format], bitrate)
        self.files = [self.folder / f"{name}{FORMATS[format].suffix}" for name in names]
        make_folder(self.folder)
        for path in self.files:
            check_target(path, inputs)
        self._shape = (len(stems), channels)
        self._writers: list[EncodedWriter] = []
        with ExitStack() as begun:  # leaves nothing if a later one cannot be begun
            begun.callback(self.discard)
            for name, path in zip(names, self.files, strict=True):
                self._writers.append(
                    EncodedWriter(
                        path,
                        format=format,
                        sample_rate=sample_rate,
                        channels=channels,
                        bitrate=bitrate,
                        tags=_of_stem(tags or Tags(), name),
                    )
                )
            begun.pop_all()

    @property
    def notes(self) -> list[str]:
        """What the listener should be told about what was written."""
        return clipped_notes(self.files, [writer.clipped for writer in self._writers])

    def write(self, stems: Audio, mix: Audio | None = None) -> None:
        """Append (stems, channels, n) and, if there is a file for it, the mix (channels, n)."""
        assert stems.shape[:2] == self._shape, stems.shape
        blocks = [*stems] if mix is None else [*stems, mix]
        for writer, block in zip(self._writers, blocks, strict=True):
            writer.write(block)
        self.samples += stems.shape[2]

    def close(self) -> None:
        """Finish all, then name all."""
        try:
            for writer in self._writers:
                writer.finish()
            for writer in self._writers:
                writer.close()
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Leave nothing of what has no name yet."""
        for writer in self._writers:
            writer.discard()


def _of_stem(tags: Tags, stem: str) -> Tags:
    """So that a player's list tells the stems apart."""
    if stem == MIX or "title" not in tags.texts:
        return tags
    titled = {**tags.texts, "title": f"{tags.texts['title']} ({stem})"}
    return dataclasses.replace(tags, texts=titled)
