"""What only FFmpeg reads: compressed formats, videos; and what it must not open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from encoded import encode, encode_video, heard, noise

from rtsep.audio.files import open_audio

RATE = 44_100


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.m4a", "aac"), ("a.mp4", "alac"), ("a.mka", "aac"), ("a.webm", "libopus"), ("a.ac3", "ac3"),
     ("a.aac", "aac"), ("a.mkv", "ac3"), ("a.ts", "mp2"), ("a.wv", "wavpack")],
)  # fmt: skip
def test_formats_that_only_ffmpeg_reads(tmp_path: Path, name: str, codec: str) -> None:
    time = np.arange(2 * 48_000) / 48_000
    audio = np.stack([np.sin(2764 * time), np.sin(5528 * time)]).astype(np.float32) * 0.3
    path = encode(tmp_path / name, audio, 48_000, codec)
    read, notes = heard(path, path.read_bytes(), 48_000)
    assert notes == [] and 0 <= read.shape[1] - 96_000 < 3000
    for row, hertz in zip(read[:, 24_000:72_000], (440, 880), strict=True):
        assert int(np.argmax(np.abs(np.fft.rfft(row)))) == hertz


def test_the_sound_of_a_video(tmp_path: Path) -> None:
    one, two = noise(2, RATE), np.zeros((2, RATE), np.float32)
    path = encode_video(tmp_path / "film.mp4", [one], RATE)
    _, notes = heard(path, path.read_bytes())
    assert notes == ["a video: its sound is used"]
    path = encode_video(tmp_path / "film.mkv", [one, two], RATE)
    read, notes = heard(path, path.read_bytes())
    assert np.abs(read).max() > 0.1 and notes == ["2 audio streams: number 1 is used"]


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    """FFmpeg would read what it names, from this machine or the net."""
    encode(tmp_path / "a.ts", noise(2, RATE), RATE, "aac")
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(Exception, match=r"it is text.*give another one") as caught:
        open_audio(playlist, sample_rate=RATE)
    assert "\n" not in str(caught.value)


def test_a_long_file_costs_the_memory_of_a_chunk(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.m4a", noise(2, 60 * RATE), RATE, "aac")
    with open_audio(path, sample_rate=RATE) as source:
        sizes = [source._ready.shape[1] for _ in source.blocks(1000)]
    assert max(sizes) < 20_000
