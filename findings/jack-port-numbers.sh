#!/usr/bin/env bash
# One would expect: a program that closes its PortAudio stream and opens it again has the same JACK
# ports as before: `in_0`, `in_1`.
# What happens: PortAudio counts its ports for as long as the process lives. The second stream has
# `in_2` and `in_3`, the third `in_4`; and of a stream with other channels the outputs begin elsewhere
# than the inputs.
# Why it matters: patchbays and session managers that put connections back by the names of ports find
# none of them after a program has changed its device, its rate or its block size.
# Needs Linux, Python 3.11 or newer, jackd 1.9.21 with jack_wait and jack_lsp (Debian 12: jackd2) and
# libportaudio2.
set -euo pipefail

if [ -z "${FINDING_INSIDE:-}" ]; then  # a server that nobody else sees, gone with this script
    export FINDING_INSIDE=1
    exec unshare --map-root-user --mount --pid --fork --kill-child --mount-proc bash "$0"
fi
mount -t tmpfs tmpfs /dev/shm
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 sounddevice==0.5.6

export JACK_DEFAULT_SERVER=finding JACK_NO_START_SERVER=1 JACK_NO_AUDIO_RESERVATION=1
jackd --version | head -1
jackd --name finding -r --sync -d dummy -r 48000 -p 1024 >"$folder/log" 2>&1 &
jack_wait -s finding -w -t 20 >"$folder/wait" 2>&1 || { cat "$folder/log"; exit 2; }

"$folder/venv/bin/python" - <<'PYTHON'
import subprocess

import sounddevice


def ports(channels):
    """Those of a stream that is opened and closed again."""
    with sounddevice.Stream(device=devices, channels=channels):
        listed = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=True).stdout
    names = [line.split(":")[1] for line in listed.split() if not line.startswith("system:")]
    return sorted(names)


print(f"sounddevice {sounddevice.__version__}, {sounddevice.get_portaudio_version()[1]}")
api = next(api for api in sounddevice.query_hostapis() if "JACK" in api["name"])
devices = api["default_input_device"], api["default_output_device"]
found = [ports(channels) for channels in ((2, 2), (2, 2), (1, 2), (2, 2))]
for names in found:
    print("ports of a stream:", " ".join(names))
as_seen = found[0] == ["in_0", "in_1", "out_0", "out_1"] and found[1] == [
    "in_2", "in_3", "out_2", "out_3"
]  # fmt: skip
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
