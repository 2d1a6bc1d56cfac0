#!/usr/bin/env bash
# One would expect: Ogg files that are joined end to end are one valid Ogg file, a chain (RFC 3533;
# Vorbis I, section A), so what plays each of them plays all of it.
# What happens: if the links differ in rate or channels, one reader plays the first and reports that
# this is all, the other does not play even that one.
# Why it matters: recordings of web radio are such chains, with a new link for each song. Half of an
# evening is lost without a word, or the file passes for broken, depending on the program.
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

SECONDS = 3


def song(rate, channels):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(SECONDS * rate) / rate)
    file = io.BytesIO()
    soundfile.write(file, np.stack([tone] * channels, 1), rate, format="OGG", subtype="VORBIS")
    return file.getvalue()


def by_libsndfile(data):
    sound, rate = soundfile.read(io.BytesIO(data))
    return len(sound) / rate


def by_ffmpeg(data):
    try:
        with av.open(io.BytesIO(data)) as container:
            frames = container.decode(audio=0)
            return round(sum(frame.samples / frame.sample_rate for frame in frames), 2)
    except av.FFmpegError as error:
        return type(error).__name__


print(
    f"soundfile {soundfile.__version__}, libsndfile {soundfile.__libsndfile_version__}, "
    f"PyAV {av.__version__}, libavformat {av.library_versions['libavformat']}"
)
first = song(44_100, 2)
chains = {
    "the first link alone": first,
    "+ another of the same kind": first + song(44_100, 2),
    "+ one of 48 kHz": first + song(48_000, 2),
    "+ one of one channel": first + song(44_100, 1),
}
heard = {name: (by_libsndfile(data), by_ffmpeg(data)) for name, data in chains.items()}
for name, (one, other) in heard.items():
    print(f"{name}: libsndfile reads {one:.2f} s; FFmpeg: {other}")

alone, same, rate, channels = heard.values()
as_seen = (
    alone == (SECONDS, SECONDS)
    and same[0] == SECONDS
    and abs(same[1] - 2 * SECONDS) < 0.1
    and rate == channels == (SECONDS, "PatchWelcomeError")
)
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
