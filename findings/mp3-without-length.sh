#!/usr/bin/env bash
# One would expect: a reader that decodes an MP3 frame by frame stops where the frames stop.
# What happens: without the Xing frame, which is optional, libsndfile guesses the length from the
# bit rate at the beginning, and then stops at its guess. 20 s of sound end after 3 s when the
# beginning is loud and the rest is quiet. No error, no warning.
# Why it matters: encoders that write into a pipe, recorders and streams cannot go back to write that
# frame. Training data, or a song to be separated, is cut off in the middle.
# Needs Python 3.11 or newer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 soundfile==0.14.0 av==18.1.0

"$folder/venv/bin/python" - <<'PYTHON'
import io

import av
import numpy as np
import soundfile

RATE, SECONDS = 44_100, 20


def is_header(at):
    """The first four bytes of a frame: MPEG 1, layer III, 44.1 kHz, with a bit rate."""
    return len(at) == 4 and at[:2] == b"\xff\xfb" and not at[2] & 0x0C and 0 < at[2] >> 4 < 15


def without_first_frame(data):
    """As an encoder leaves it that cannot seek."""
    assert is_header(data[:4]) and b"Xing" in data[:64]
    following = next(at for at in range(4, len(data)) if is_header(data[at : at + 4]))
    return data[following:]


def mp3(sound):
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    return file.getvalue()


def by_libsndfile(data):
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        return sum(len(block) for block in file.blocks(RATE)) / RATE


def by_ffmpeg(data):
    with av.open(io.BytesIO(data)) as container:
        return sum(frame.samples for frame in container.decode(audio=0)) / RATE


print(
    f"soundfile {soundfile.__version__}, libsndfile {soundfile.__libsndfile_version__}, "
    f"PyAV {av.__version__}, libavcodec {av.library_versions['libavcodec']}"
)
count = SECONDS * RATE
loud = np.random.default_rng(0).uniform(-0.5, 0.5, (count, 2))
quiet = np.stack([0.01 * np.sin(0.05 * np.arange(count))] * 2, 1)
fifth = count // 5
songs = {
    "loud, then quiet": np.concatenate([loud[:fifth], quiet[fifth:]]),
    "quiet, then loud": np.concatenate([quiet[:fifth], loud[fifth:]]),
}
as_seen = True
for name, sound in songs.items():
    data = mp3(sound)
    bare = without_first_frame(data)
    before, after, other = by_libsndfile(data), by_libsndfile(bare), by_ffmpeg(bare)
    print(
        f"{name}: libsndfile reads {before:.1f} s with the Xing frame, {after:.1f} s without; "
        f"FFmpeg {other:.1f} s without"
    )
    as_seen = as_seen and before == SECONDS <= other and after < 0.7 * SECONDS
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
