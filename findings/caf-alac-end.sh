#!/usr/bin/env bash
# One would expect: a lossless format gives back every sample, whoever reads it.
# What happens: FFmpeg cuts the end off ALAC in a CAF, by as much as the last packet lacks to a whole
# one: up to 4095 samples. It does so with files of its own and with those of libsndfile, though it
# knows the true length, and reads the same packets from an M4A to the last sample.
# Why it matters: loops and stems that must be of one length no longer are, by up to 93 ms. That it
# depends on the length makes it look like a fault of one's own.
# Needs Python 3.11 or newer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 soundfile==0.14.0 av==18.1.0

"$folder/venv/bin/python" - <<'PYTHON'
import io
from fractions import Fraction

import av
import numpy as np
import soundfile

RATE, PACKET = 44_100, 4096


def by_libsndfile(sound):
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="CAF", subtype="ALAC_16")
    return file.getvalue()


def by_ffmpeg(sound, container):
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream("alac", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(sound.T.copy(), format="s16p", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def decoded(data):
    """Frames that FFmpeg reads, and those that it says there are."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        promised = round(stream.duration * stream.time_base * RATE)
        return sum(frame.samples for frame in container.decode(stream)), promised


print(
    f"soundfile {soundfile.__version__}, libsndfile {soundfile.__libsndfile_version__}, "
    f"PyAV {av.__version__}, libavformat {av.library_versions['libavformat']}"
)
as_seen = True
for count in (20_000, 20_479, 88_200):
    tone = (3000 * np.sin(0.05 * np.arange(count))).astype(np.int16)
    sound = np.stack([tone, tone], 1)
    ours = by_libsndfile(sound)
    files = {
        "CAF of libsndfile": ours,
        "CAF of FFmpeg": by_ffmpeg(sound, "caf"),
        "M4A of FFmpeg": by_ffmpeg(sound, "ipod"),
    }
    whole = len(soundfile.read(io.BytesIO(ours))[0])
    read = {name: decoded(data) for name, data in files.items()}
    print(f"{count} samples; the CAF of libsndfile by libsndfile: {whole}; by FFmpeg:")
    for name, (got, promised) in read.items():
        print(f"    {name}: {got} ({got - count:+d}), said to be {promised}")
    short = (count - -count % PACKET, count)
    expected = [short, short, (count, count)]
    as_seen = as_seen and whole == count and list(read.values()) == expected
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
