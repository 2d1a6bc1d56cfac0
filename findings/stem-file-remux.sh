#!/usr/bin/env bash
# One would expect: a remux copies the packets of every stream into a new file of the same kind, and
# who hears one of five streams before hears the same one afterwards.
# What happens: a stem file of decks (Native Instruments' .stem.mp4) loses the atom that names its
# stems, moov/udta/stem, and all five tracks become tracks for presentation: their flags go from
# 1,0,0,0,0 to 3,2,2,2,2.
# Why it matters: a deck shows such a file as an ordinary song, without stems; and only the bit that
# says "enabled" is left to tell players which of the five to play. No tag editor or converter that is
# built on FFmpeg can be used on a collection of stem files.
# Needs Python 3.11 or newer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check av==18.1.0
# For its example, made by Native Instruments' own tool.
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps stempeg==0.2.6

cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import struct
import sysconfig
from pathlib import Path

import av

PARENTS = (b"moov", b"trak", b"udta")


def boxes(data, start, stop):
    while start < stop:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, data[start + 8 : start + size]
        if kind in PARENTS:
            yield from boxes(data, start + 8, start + size)
        start += size


def described(path):
    data = Path(path).read_bytes()
    found = list(boxes(data, 0, len(data)))
    sound = sum(stream.type == "audio" for stream in av.open(str(path)).streams)
    flags = [inside[3] for kind, inside in found if kind == b"tkhd"][:sound]
    return flags, [inside for kind, inside in found if kind == b"stem"]


def remux(source, target):
    with av.open(str(source)) as old, av.open(target, "w", format="mp4") as new:
        new.metadata.update(old.metadata)
        streams = {s.index: new.add_stream_from_template(s) for s in old.streams.audio}
        for packet in old.demux(*old.streams.audio):
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)


(example,) = Path(sysconfig.get_path("purelib")).glob("stempeg/data/*.stem.mp4")
remux(example, "copy.stem.mp4")
before, after = described(example), described("copy.stem.mp4")
print(f"PyAV {av.__version__}, libavformat {av.library_versions['libavformat']}")
for name, (flags, atoms) in (("before", before), ("after", after)):
    print(f"{name}: flags {flags}, stem atom {atoms[0][:60] if atoms else None}")

as_seen = (
    before[0] == [1, 0, 0, 0, 0]
    and len(before[1]) == 1
    and after == ([3, 2, 2, 2, 2], [])
)
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
