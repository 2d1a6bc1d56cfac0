"""Audio that is here already, read like a file."""

from __future__ import annotations

from collections.abc import Iterator

from rtsep.audio.wav import Audio


class MemorySource:
    """As `AudioSource`, for an array (channels, samples) at the right rate."""

    sanitized = 0
    notes: tuple[str, ...] = ()

    def __init__(self, audio: Audio) -> None:
        self._audio = audio
        self.samples: int = audio.shape[1]

    def blocks(self, size: int) -> Iterator[Audio]:
        """The signal in blocks of `size` samples; the last one may be shorter."""
        for start in range(0, self.samples, size):
            yield self._audio[:, start : start + size]
