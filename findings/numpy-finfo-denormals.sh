#!/usr/bin/env bash
# One would expect: to ask NumPy for the limits of a type says the same whenever one asks.
# What happens: once torch has switched denormals off for the thread, as programs for real-time sound
# do, the first `numpy.finfo` of float32 and of float64 in NumPy up to 2.2 warns that the smallest
# subnormal is zero: NumPy computes it with the processor's mode of that moment. A program that has
# asked once before the switch hears nothing of it afterwards.
# Why it matters: the warning comes from wherever finfo happens to be asked for first, a library, a
# test, a plot, and looks like a fault there; with warnings as errors it ends the program.
# Needs Python 3.10 to 3.13.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 numpy==2.2.6

"$folder/venv/bin/python" - <<'PYTHON'
import subprocess
import sys

PROGRAM = """
import sys, warnings
import numpy, torch
asked_before = sys.argv[1] == "before"
if asked_before:
    numpy.finfo(numpy.float32)
print("NumPy", numpy.__version__, "torch", torch.__version__)
assert torch.set_flush_denormal(True)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    smallest = numpy.finfo(numpy.float32).smallest_subnormal
print(f"asked {sys.argv[1]} denormals were off: smallest subnormal {smallest}, "
      f"{len(told)} warnings")
for each in told:
    print("   ", str(each.message).splitlines()[0])
"""


def said(when):
    done = subprocess.run([sys.executable, "-c", PROGRAM, when], capture_output=True, text=True)
    print(done.stdout, end="")
    done.check_returncode()
    return done.stdout


first, later = said("before"), said("after")
as_seen = " 0 warnings" in first and " 0 warnings" not in later and "subnormal 0.0" in later
raise SystemExit(0 if as_seen else "the behaviour has changed")
PYTHON
