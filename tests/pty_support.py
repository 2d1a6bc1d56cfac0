"""A program in a terminal of its own, as a person has it: what it wrote, what is on the screen,
Ctrl-C, and what is left of it afterwards."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
CTRL_C = b"\x03"


class Terminal:
    """`python ARGUMENTS` at a terminal of 80 by 24, the leader of its session; `fakes` is a folder
    of modules that take the place of others."""

    def __init__(self, *arguments: object, fakes: Path, **environment: str) -> None:
        self.written = ""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.program = subprocess.Popen(
            # A terminal sends Ctrl-C to the group of whoever it belongs to.
            [sys.executable, "-c", LEADER, sys.executable, "-W", "error", *map(str, arguments)],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**os.environ, "PYTHONPATH": f"{fakes}{os.pathsep}{ROOT}", **environment},
        )  # fmt: skip
        os.close(theirs)
        self.children: list[psutil.Process] = []

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def read(self, seconds: float = 0.0) -> bool:
        """What has come, or comes within that time; false at the end."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return True
        try:
            came = os.read(self._ours, 65536)
        except OSError:  # of a terminal that nobody has any more
            return False
        self.written += came.decode("utf-8", "replace")
        return bool(came)

    def wait_for(self, happened: Callable[[], bool], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert self.read(0.02), self.written[-3000:]
            assert time.monotonic() < end, self.written[-3000:]

    def stop(self, how: Callable[[Terminal], None]) -> int:
        """Its exit code, after that was done to it."""
        self.children = psutil.Process(self.program.pid).children(recursive=True)
        how(self)
        end = time.monotonic() + 60
        while self.read(0.1):
            assert time.monotonic() < end, self.written[-3000:]
        return self.program.wait(60)

    @property
    def left(self) -> list[psutil.Process]:
        """Of the processes that it had when it was stopped; they have a moment to end."""
        _, alive = psutil.wait_procs(self.children, timeout=20)
        return alive

    @property
    def screen(self) -> list[str]:
        """Lines as they stand there, without empty ones."""
        rows: list[str] = []
        for line in self.written.replace("\r\n", "\n").split("\n"):
            row = ""
            for part in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).split("\r"):
                row = part + row[len(part) :]
            rows.append(row.rstrip())
        return [row for row in rows if row]

    def close(self) -> None:
        if self.program.poll() is None:
            for process in psutil.Process(self.program.pid).children(recursive=True):
                process.kill()
            self.program.kill()
        self.program.wait()
        os.close(self._ours)


LEADER = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
