#!/usr/bin/env bash
# One would expect: an Opus file of 5.1 at some 320 kbit/s sounds at least as good as one of stereo
# at 125 kbit/s; both made by the same call.
# What happens: unless a compression level is named, everything above 4 kHz is missing from all
# channels as soon as there are more than two of them, at no lower bit rate. Asking for a higher
# level, *fewer* bits, brings it back.
# Why it matters: stems or a surround mix that were stored like that sound like a telephone, in every
# player, and nothing was said. Whoever separates them looks for the fault in the network.
# Needs Python 3.11 or newer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 soundfile==0.14.0 av==18.1.0

"$folder/venv/bin/python" - <<'PYTHON'
import io
import re

import av
import numpy as np
import soundfile

RATE = 48_000


def high_db(sound):
    """Above 5 kHz against 0.5 to 3 kHz, of the channel in the middle: the LFE is low anyway."""
    power = np.abs(np.fft.rfft(sound, axis=0)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    high = power[(hz > 5000) & (hz < 18000)].mean(0)
    low = power[(hz > 500) & (hz < 3000)].mean(0)
    return float(np.median(10 * np.log10(high / low)))


def by_ffmpeg(data):
    with av.open(io.BytesIO(data)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], 1).T


def written(channels, **level):
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (2 * RATE, channels))
    file = io.BytesIO()
    soundfile.write(file, noise, RATE, format="OGG", subtype="OPUS", **level)
    return file.getvalue()


results = {}
for channels, level in ((2, None), (3, None), (6, None), (6, 0.5), (6, 0.9)):
    data = written(channels, **({} if level is None else {"compression_level": level}))
    own = high_db(soundfile.read(io.BytesIO(data))[0])
    other = high_db(by_ffmpeg(data))
    results[channels, level] = max(own, other), len(data) * 4 / 1000
    print(
        f"{channels} channels, compression level {level}: {len(data) * 4 / 1000:.0f} kbit/s; "
        f"above 5 kHz {own:+.0f} dB (read by libsndfile), {other:+.0f} dB (by FFmpeg)"
    )
opus = re.search(rb"libopus [\w.]+", data)[0].decode()
print(f"soundfile {soundfile.__version__}, libsndfile {soundfile.__libsndfile_version__}, {opus}")

whole = all(results[key][0] > -3 for key in ((2, None), (6, 0.5), (6, 0.9)))
missing = all(results[key][0] < -40 for key in ((3, None), (6, None)))
fewer = results[6, 0.9][1] < results[6, None][1]
raise SystemExit(0 if whole and missing and fewer else "the behaviour has changed")
PYTHON
