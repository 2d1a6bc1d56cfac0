#!/usr/bin/env bash
# One would expect: PortAudio's flags tell where sound was lost. `input_overflow`: some of the input
# was dropped; `output_underflow`: a gap was heard.
# What happens: on JACK each xrun of the server sets both, in the same callback, also in a stream that
# only plays and has no input, or only records and has no output.
# Why it matters: counters of both are always equal, and a sum of them is twice the number of xruns.
# "Only input overflows, so what was heard is whole" cannot be concluded on JACK.
# Needs Linux, Python 3.11 or newer, jackd 1.9.21 with jack_wait (Debian 12: jackd2) and libportaudio2.
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
import os
import subprocess
import time
from collections import Counter

import sounddevice

PAUSES = 5
print(f"sounddevice {sounddevice.__version__}, {sounddevice.get_portaudio_version()[1]}")
api = next(api for api in sounddevice.query_hostapis() if "JACK" in api["name"])
into, out = api["default_input_device"], api["default_output_device"]
streams = {
    "plays and records": (sounddevice.Stream, (into, out)),
    "only plays": (sounddevice.OutputStream, out),
    "only records": (sounddevice.InputStream, into),
}
as_seen = True
for name, (kind, device) in streams.items():
    seen = []

    def callback(*arguments, seen=seen):
        seen.append(str(arguments[-1]))

    with kind(device=device, channels=2, callback=callback):
        for _ in range(PAUSES):
            time.sleep(0.3)
            subprocess.run(
                ["sh", "-c", f"kill -STOP {os.getpid()}; sleep 0.05; kill -CONT {os.getpid()}"]
            )
        time.sleep(0.3)
    flags = Counter(flag for flag in seen if flag)
    print(f"a stream that {name}, stopped {PAUSES} times for 50 ms: {dict(flags)}")
    as_seen = as_seen and set(flags) == {"input overflow, output underflow"}
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
echo "xruns that the server counted: $(grep -c XRun "$folder/log")"
