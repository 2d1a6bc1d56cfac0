"""Real music with true stems, from the example that the PyPI package `stempeg` ships.

Where that cannot be decoded, EXAMPLE_STEMS names a folder that has its stems as FLAC.
"""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

SAMPLE_RATE = 44100
STREAMS = {"drums": 1, "bass": 2, "other": 3, "vocals": 4}  # 0 is a mixture with other levels


@cache
def stempeg_stems() -> dict[str, np.ndarray]:
    """Stems of the whole track, (2, samples) each."""
    if decoded := os.environ.get("EXAMPLE_STEMS"):
        return {name: _read(Path(decoded) / f"{name}.flac") for name in STREAMS}
    spec = importlib.util.find_spec("stempeg")  # not imported: that would look for ffmpeg
    assert spec and spec.submodule_search_locations
    (path,) = Path(spec.submodule_search_locations[0]).glob("data/*.stem.mp4")
    stems = {name: _decode(path, index) for name, index in STREAMS.items()}
    samples = min(stem.shape[1] for stem in stems.values())
    return {name: stem[:, :samples] for name, stem in stems.items()}


def _read(path: Path) -> np.ndarray:
    audio, rate = soundfile.read(path, dtype="float32")
    assert rate == SAMPLE_RATE
    return np.ascontiguousarray(audio.T)


def _decode(path: Path, index: int) -> np.ndarray:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.audio[index]
        assert stream.rate == SAMPLE_RATE
        frames = [frame.to_ndarray() for frame in container.decode(stream)]
    return np.concatenate(frames, 1).astype(np.float32)


def mixture(start: float = 0.0, seconds: float | None = None) -> np.ndarray:
    """The sum of the stems, (2, samples)."""
    first = int(start * SAMPLE_RATE)
    stop = None if seconds is None else first + int(seconds * SAMPLE_RATE)
    return np.sum([stem[:, first:stop] for stem in stempeg_stems().values()], 0, np.float32)
