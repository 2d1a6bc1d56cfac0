"""Garbage is not looked for while much is imported, and is as before."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from rtsep.garbage import importing


def test_nothing_is_looked_for_meanwhile() -> None:
    with importing():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError), importing():
        raise ImportError
    assert gc.isenabled()


def test_who_never_looks_does_not_begin_to() -> None:
    gc.disable()
    try:
        with importing():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is given back elsewhere")
def test_memory_goes_back() -> None:
    """Many small pieces under one that stays, which the allocator would keep."""
    code = """
from rtsep.garbage import give_back_memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

before = resident()
pieces = [bytes(1000) for _ in range(100_000)]
last = bytes(1000)
held = resident() - before
del pieces
kept = resident() - before
give_back_memory()
assert resident() - before < 0.3 * held, (held, kept, resident() - before)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_garbage_at_the_end_of_the_program_is_told() -> None:
    code = """
import rtsep.cli.main
from rtsep.__main__ import run

class Device:
    def __init__(self):
        self.itself = self

    def __del__(self):
        print("closed")

def leave_garbage():
    Device()
    return 0

rtsep.cli.main.main = leave_garbage
assert run() == 0
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "closed\n"
