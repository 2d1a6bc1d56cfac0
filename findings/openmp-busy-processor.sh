#!/usr/bin/env bash
# One would expect: on two processors that other programs keep busy, two threads get at least as much
# done as one; the system shares out the time.
# What happens: they take several times as long as one thread. After each small piece of work
# the threads of GNU OpenMP wait for each other, and they wait by spinning: the one that is done uses
# up the time that the other one needs. Told to sleep instead, two threads are about as quick as one.
# Why it matters: a network that keeps up with live music stops doing so when a browser or another
# program gets busy, and more threads make it worse.
# Needs Linux, Python 3.11 or newer and two processors. How bad it is depends on how the system happens
# to place the threads: 2 to 50 times were seen. Checked is only that two threads that spin are slower
# than one, and than two that sleep, by half.
set -euo pipefail

[ "$(nproc)" -ge 2 ] || { echo "needs two processors" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 torch==2.13.0

cat >"$folder/chain.py" <<'PYTHON'
"""Prints the mean milliseconds that a chain of small layers takes: with one thread, with two."""

import time

import torch

weights = [torch.randn(192, 192) / 192**0.5 for _ in range(50)]


def chain():
    begin = time.perf_counter()
    sound = torch.ones(192, 192)
    for weight in weights:
        sound = torch.relu(sound @ weight)
    return 1000 * (time.perf_counter() - begin)


def mean(threads, seconds=5):
    torch.set_num_threads(threads)
    chain()
    end = time.monotonic() + seconds
    took = []
    while time.monotonic() < end:
        took.append(chain())
    return sum(took) / len(took)


print(mean(1), mean(2))
PYTHON

"$folder/venv/bin/python" - "$folder/chain.py" <<'PYTHON'
import os
import subprocess
import sys
from importlib.metadata import version

BUSY = "import time\nend = time.time() + 60\nwhile time.time() < end: pass"
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
inherited = {name: value for name, value in os.environ.items() if name[:4] not in ("OMP_", "GOMP")}
print(f"torch {version('torch')}, on two processors")


def measured(name, **environment):
    """How much longer two threads take than one, and how long."""
    done = subprocess.run(
        [sys.executable, sys.argv[1]],
        env=inherited | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    one, two = map(float, done.stdout.split())
    print(f"{name}: one thread {one:.0f} ms, two threads {two:.0f} ms", flush=True)
    return two / one, two


measured("alone")
programs = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
try:
    ratio, spinning = measured("beside two busy programs")
    _, sleeping = measured("beside them, OMP_WAIT_POLICY=passive", OMP_WAIT_POLICY="passive")
finally:
    for program in programs:
        program.kill()
raise SystemExit(0 if ratio > 1.5 and spinning > 1.5 * sleeping else "the behaviour has changed")
PYTHON
