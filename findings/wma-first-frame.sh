#!/usr/bin/env bash
# One would expect: lossy or not, what an encoder takes its own decoder gives back, at its place or a
# little late.
# What happens: a WMA that FFmpeg writes begins, when FFmpeg reads it, with the 2049th sample. The
# first 46 ms are gone, and all else is 46 ms early. The time stamps do not say so: they begin late.
# Why it matters: a song that starts on its first beat loses that beat, and stems that came back
# from WMA lie before those that did not.
# Needs Python 3.11 or newer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 av==18.1.0

"$folder/venv/bin/python" - <<'PYTHON'
import io
from fractions import Fraction

import av
import numpy as np

RATE, FRAME = 44_100, 2048


def written(sound, codec, container):
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE, layout="stereo")
        stream.bit_rate = 192_000
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def decoded(data):
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(audio=0))
    return np.concatenate([frame.to_ndarray() for frame in frames], 1), frames[0].time


print(f"PyAV {av.__version__}, libavcodec {av.library_versions['libavcodec']}")
as_seen = True
for codec, container, shift in (
    ("aac", "ipod", 0),
    ("wmav1", "asf", -FRAME),
    ("wmav2", "asf", -FRAME),
):
    for place in (500, 20_000):
        click = np.zeros((2, 2 * RATE), np.float32)
        click[:, place] = 0.8
        sound, start = decoded(written(click, codec, container))
        peak, at = np.abs(sound[0]).max(), int(np.abs(sound[0]).argmax())
        print(
            f"{codec}: click of 0.80 at {place}, comes back as {peak:.2f} at {at}; "
            f"first time stamp {1000 * start:.0f} ms"
        )
        if place + shift < 0:
            as_seen = as_seen and peak < 0.1
        else:
            as_seen = as_seen and peak > 0.4 and abs(at - place - shift) <= 2
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
