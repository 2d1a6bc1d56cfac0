"""Sound files for tests, in formats that libsndfile and FFmpeg write."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from rtsep.audio.files import open_audio

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def noise(channels: int, samples: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.3, 0.3, (channels, samples)).astype(np.float32)


def click(samples: int, at: int) -> np.ndarray:
    audio = np.zeros((2, samples), np.float32)
    audio[:, at] = 0.9
    return audio


def packed(
    audio: np.ndarray, rate: int, format: str, subtype: str | None = None, **more: Any
) -> bytes:
    """(channels, samples) as libsndfile writes them."""
    file = io.BytesIO()
    soundfile.write(file, audio.T, rate, format=format, subtype=subtype, **more)
    return file.getvalue()


def encode(path: Path, audio: np.ndarray, rate: int, codec: str, **options: str) -> Path:
    """As FFmpeg writes it; the container follows from the name. `options` are the container's."""
    layout = LAYOUTS[len(audio)]
    with av.open(str(path), "w", options=options) as container:
        _add_sound(container, audio, rate, codec, layout)
    return path


def encode_video(path: Path, sounds: list[np.ndarray], rate: int) -> Path:
    """A few black pictures with a stream of sound for each of `sounds`."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        streams = [container.add_stream("aac", rate=rate, layout="stereo") for _ in sounds]
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for stream, sound in zip(streams, sounds, strict=True):
            _mux_sound(container, stream, sound, rate, "stereo")
    return path


def _add_sound(container: Any, audio: np.ndarray, rate: int, codec: str, layout: str) -> None:
    stream = container.add_stream(codec, rate=rate, layout=layout)
    _mux_sound(container, stream, audio, rate, layout)


def _mux_sound(container: Any, stream: Any, audio: np.ndarray, rate: int, layout: str) -> None:
    context = stream.codec_context
    if not context.is_open:
        formats = [one.name for one in context.codec.audio_formats]
        context.format = "fltp" if "fltp" in formats else formats[0]
        context.open()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio), "fltp", layout)
    frame.sample_rate, frame.pts = rate, 0
    blocks = av.AudioResampler(context.format, layout, rate, frame_size=context.frame_size or 1024)
    for part in [*blocks.resample(frame), *blocks.resample(None)]:
        container.mux(stream.encode(part))
    container.mux(stream.encode(None))


def heard(path: Path, data: bytes, rate: int = 44_100) -> tuple[np.ndarray, list[str]]:
    """What is read of such a file, and what is said about it."""
    path.write_bytes(data)
    with open_audio(path, sample_rate=rate) as source:
        blocks = []
        for block in source.blocks(5000):
            blocks.append(block)
            assert source.samples >= sum(one.shape[1] for one in blocks)
        audio = np.concatenate(blocks, axis=1)
        assert source.samples == audio.shape[1]  # exact, once all was read
        return audio, source.notes
