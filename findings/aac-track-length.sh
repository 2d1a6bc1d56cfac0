#!/usr/bin/env bash
# One would expect: 100,000 samples that are written as AAC into an MP4 are 100,000 samples when the
# file is read, as they are with ALAC, MP3 and Opus through the same library: the file counts them.
# What happens: decoding gives whole frames, 100,352 samples, the last 352 of them made up. What
# reports the length of the file gives it in whole milliseconds, 2,267 ms, which are 99,975 samples.
# Neither is the length; the file has it, as the sum of its table stts without the media time of elst,
# and so has the duration of the stream.
# Why it matters: stems or loops in M4A get longer at each trip through a program, and a loop clicks.
# Five streams are compared with a WAV of another length.
# Needs Python 3.11 or newer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 av==18.1.0

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import struct
from pathlib import Path

import av
import numpy as np

RATE, SAMPLES = 44_100, 100_000


def write(path, codec):
    sound = np.random.default_rng(0).uniform(-0.3, 0.3, (2, SAMPLES)).astype(np.float32)
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(sound, "fltp", "stereo")
        frame.sample_rate, frame.pts = RATE, 0
        context = stream.codec_context
        context.format = context.codec.audio_formats[0]
        context.open()
        blocks = av.AudioResampler(
            context.format, "stereo", RATE, frame_size=context.frame_size or 1024
        )
        for part in [*blocks.resample(frame), *blocks.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def decoded(path):
    with av.open(path) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def counted(path):
    """sum(stts) - elst.media_time"""
    data = Path(path).read_bytes()
    stts, elst = data.index(b"stts") + 4, data.index(b"elst") + 4
    (rows,) = struct.unpack_from(">I", data, stts + 4)
    pairs = struct.unpack_from(f">{2 * rows}I", data, stts + 8)
    return sum(n * d for n, d in zip(pairs[::2], pairs[1::2])) - struct.unpack_from(
        ">i", data, elst + 12
    )[0]


results = {}
print(f"PyAV {av.__version__}, libavformat {av.library_versions['libavformat']}")
for name, codec in (("a.m4a", "aac"), ("b.m4a", "alac"), ("c.mp3", "libmp3lame")):
    write(name, codec)
    with av.open(name) as container:
        length = container.duration / av.time_base * RATE
    results[codec] = decoded(name), round(length)
    true = counted(name) if name.endswith("m4a") else "-"
    print(f"{codec}: decoded {results[codec][0]}, by the container {length:.1f}, by stts {true}")

as_seen = (
    results["aac"][0] == 100_352
    and results["aac"][1] != SAMPLES
    and results["alac"][0] == results["libmp3lame"][0] == SAMPLES
    and counted("a.m4a") == SAMPLES
)
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
