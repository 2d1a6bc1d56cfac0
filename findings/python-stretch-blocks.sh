#!/usr/bin/env bash
# One would expect: a time-stretcher with `inputLatency`, `outputLatency` and `reset` is fed block
# after block, and what comes out of the blocks is what comes out of the whole.
# What happens: `process` of python-stretch begins anew in every call, as if `reset` had been called
# before. The same second of a steady sine gives the same samples twice, and at each joint the level
# falls by more than 3 dB.
# Why it matters: a player that slows songs down while they play hands over blocks. With this
# binding of Signalsmith Stretch it clicks at each of them, and nothing tells why.
# Needs Python 3.11.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 python-stretch==0.3.1

"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from python_stretch.Signalsmith import Stretch

RATE, SECONDS, WINDOW = 44_100, 4, 441


def stretcher():
    made = Stretch()
    made.preset(1, RATE)
    made.timeFactor = 1.25
    return made


def falls_by(sound):
    """In dB, of the quietest hundredth of a second of a steady tone, its ends left out."""
    windows = sound[0, : len(sound[0]) // WINDOW * WINDOW].reshape(-1, WINDOW)[20:-20]
    level = np.sqrt((windows.astype(np.float64) ** 2).mean(1))
    return 20 * np.log10(np.median(level) / level.min())


print(f"python-stretch {version('python-stretch')}, numpy {np.__version__}")
tone = 0.5 * np.sin(2 * np.pi * 220 * np.arange(SECONDS * RATE) / RATE, dtype=np.float32)[None]
blocks = np.split(tone, SECONDS, axis=1)
whole = stretcher().process(tone)
one = stretcher()
joined = np.concatenate([one.process(block) for block in blocks], axis=1)
again = stretcher()
twice = [again.process(blocks[0]) for _ in range(2)]
alike = bool(np.array_equal(*twice))
print(f"the same block twice gives the same samples: {alike}")
print(f"the level falls by {falls_by(whole):.1f} dB in the whole, {falls_by(joined):.1f} in blocks")
as_seen = alike and falls_by(whole) < 1 and falls_by(joined) > 3
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
