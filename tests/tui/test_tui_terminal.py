"""The terminal UI in a terminal: a real one as far as the program can tell."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

PROGRAM = """
import random, signal, sys, threading
sys.path.insert(0, sys.argv[1])
from live_status import a_desk, a_level, a_status
from rtsep.tui import run_tui
from rtsep.tui import terminal
from rtsep.errors import RtsepError

def calm():
    return a_status()

def lively():
    return a_status(stem_levels=[a_level(random.uniform(-40, 0)) for _ in range(4)])

def broken():
    raise ZeroDivisionError

terminal.PATIENCE_SECONDS = 0.2
desk, stop = a_desk(), threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
try:
    run_tui(desk, globals()[sys.argv[2]], stop)
    print("ended", stop.is_set(), desk.fader("bass").mute, desk.master_db)
except RtsepError as error:
    print("refused", error)
"""


class Terminal:
    """A program in a terminal of 80 by 24, and all that it wrote there."""

    def __init__(self, status: str) -> None:
        self.written = ""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.modes = termios.tcgetattr(theirs)
        self._theirs = theirs
        command = [sys.executable, "-W", "error", "-c", PROGRAM, str(Path(__file__).parents[1])]
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": ""}
        self.program = subprocess.Popen(
            [*command, status], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Read until the program has written this."""
        end = time.monotonic() + seconds
        while text not in self.written:
            ready, _, _ = select.select([self._ours], [], [], max(end - time.monotonic(), 0))
            assert ready, self.written[-3000:]
            self.written += os.read(self._ours, 65536).decode("utf-8", "replace")

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self._ours)
        os.close(self._theirs)

    @property
    def restored(self) -> bool:
        return bool(termios.tcgetattr(self._theirs) == self.modes)


@pytest.fixture
def terminal(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    opened = Terminal(getattr(request, "param", "calm"))
    yield opened
    opened.close()


def test_keys_reach_the_desk_and_the_terminal_is_left_as_it_was(terminal: Terminal) -> None:
    terminal.wait_for("when late")
    terminal.wait_for("q quit")
    assert not terminal.restored
    terminal.type(b"2m\x1b[C\x1b[C\x1b[C\x1b[5~")  # bass, mute; right to the master; page up
    terminal.wait_for("MUTE")
    terminal.wait_for("+6.0 dB")
    terminal.type(b"q")
    terminal.wait_for("ended True True 5.99")
    assert terminal.program.wait(30) == 0
    assert "\x1b[?1049l" in terminal.written and terminal.restored


@pytest.mark.parametrize("terminal", ["broken"], indirect=True)
def test_a_failure_is_an_error_of_ours_and_leaves_the_terminal_as_it_was(
    terminal: Terminal,
) -> None:
    terminal.wait_for("refused the terminal UI failed")
    assert terminal.program.wait(30) == 0 and terminal.restored


@pytest.mark.parametrize("terminal", ["lively"], indirect=True)
def test_a_terminal_that_takes_no_more_does_not_keep_the_session_from_ending(
    terminal: Terminal,
) -> None:
    terminal.wait_for("when late")
    time.sleep(3)  # unread, all that fits into the terminal and the queue before it is written
    assert terminal.program.poll() is None
    terminal.program.terminate()
    assert terminal.program.wait(30) == 0
