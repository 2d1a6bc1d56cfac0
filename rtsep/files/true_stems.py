"""A stem file in the place of a network: its stems are true, and nothing has to be computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rtsep.files.ways import BLOCK, Audio, Source
from rtsep.stem_files.reading import StemFile, StemSource


@dataclass(frozen=True, kw_only=True)
class TrueStems:
    """What a session asks of a separator, and how its stems are read."""

    file: StemFile
    channels: int = 2

    @property
    def name(self) -> str:
        return self.file.path.name

    @property
    def stems(self) -> tuple[str, ...]:
        return self.file.stems

    @property
    def sample_rate(self) -> int:
        return self.file.rate

    def pieces(self, source: Source) -> Iterator[Audio]:
        """As every `Way`: stems that sum to the master."""
        assert isinstance(source, StemSource), source
        for stems, _ in source.summing(BLOCK):
            yield stems
