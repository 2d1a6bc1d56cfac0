"""Stem files for tests: a short song, written by us, and the one that PyPI's stempeg ships."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import av
import numpy as np

from rtsep.stem_files.writing import write_stem_file

RATE = 44_100
LEVELS = {"drums": 0.2, "bass": 0.1, "other": 0.05, "vocals": 0.15}


def example() -> Path:
    """Made by Native Instruments' tool."""
    spec = importlib.util.find_spec("stempeg")  # not imported: that would look for ffmpeg
    assert spec and spec.submodule_search_locations
    (path,) = Path(spec.submodule_search_locations[0]).glob("data/*.stem.mp4")
    return path


def song(samples: int, names: tuple[str, ...] = tuple(LEVELS)) -> np.ndarray:
    """(stems, 2, samples) of noise without the highs, which encoders would take away."""
    rng = np.random.default_rng(3)
    stems = []
    for name in names:
        wide = rng.uniform(-1, 1, (2, samples + 31)) * LEVELS.get(name, 0.04)
        stems.append([np.convolve(one, np.ones(32) / 12, "valid") for one in wide])
    return np.array(stems, np.float32)


def write_song(path: Path, stems: np.ndarray, *, piece: int = 5000, **options: object) -> list[str]:
    names = options.pop("names", tuple(LEVELS))
    pieces = (
        (stems[..., at : at + piece], stems[..., at : at + piece].sum(0))
        for at in range(0, stems.shape[-1], piece)
    )
    return write_stem_file(path, pieces, names, RATE, **options)  # type: ignore[arg-type]


def decoded(path: Path, count: int = 5) -> list[np.ndarray]:
    """All streams as PyAV decodes them, (2, samples) each."""
    streams = []
    for number in range(count):
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray() for frame in container.decode(audio=number)]
        sound = np.concatenate(frames, 1)
        streams.append(sound if sound.dtype.kind == "f" else sound / 2.0**31)
    return streams


def remuxed(source: Path, target: Path) -> Path:
    """As PyAV copies all streams and tags."""
    with av.open(str(source)) as old, av.open(str(target), "w", format="mp4") as new:
        new.metadata.update(old.metadata)
        streams = {s.index: new.add_stream_from_template(s) for s in old.streams.audio}
        for packet in old.demux(*old.streams.audio):
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    return target
