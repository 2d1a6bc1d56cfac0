"""Where the faders are drawn: only on a terminal that is one for reading, writing and errors."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from live_rig import wait_until
from small_models import write_band

ESCAPE = b"\x1b["
INPUT, OUTPUT, ERRORS = 0, 1, 2


@pytest.mark.parametrize(
    ("elsewhere", "ui"), [(ERRORS, "auto"), (ERRORS, "tui"), (OUTPUT, "tui"), (INPUT, "tui")]
)
def test_without_a_whole_terminal_it_is_a_line_a_second(
    elsewhere: int, ui: str, live_model: Path, tmp_path: Path
) -> None:
    """Standard error in a log is the usual case; keys come from a terminal or from nowhere."""
    source = write_band(tmp_path / "song.wav", 60)
    terminal, other_end = pty.openpty()
    keys, typed = os.pipe()
    os.write(typed, b"qqq")
    with (tmp_path / "log").open("wb") as log:
        streams = [other_end] * 3
        streams[elsewhere] = keys if elsewhere == INPUT else log.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "rtsep", "--input", source, "--output", "null",
             "--pace", "realtime", "--model", live_model, "--window", "0.2", "--hop", "140",
             "--lookahead", "0", "--midi", "off", "--duration", "2", "--ui", ui],
            stdin=streams[INPUT], stdout=streams[OUTPUT], stderr=streams[ERRORS],
        )  # fmt: skip
    os.close(other_end)
    os.set_blocking(terminal, False)
    shown = b""

    def over() -> bool:
        nonlocal shown
        with suppress(OSError):  # nothing now, or nobody there any more
            shown += os.read(terminal, 1 << 16)
        return process.poll() is not None

    wait_until(over)
    said = (tmp_path / "log").read_bytes() if elsewhere == ERRORS else shown
    assert process.returncode == 0, said
    assert said.count(b"latency") >= 1 and b"vocals" in said  # the lines of the plain display
    assert b"\x1b[?1049h" not in said  # no other screen
    assert elsewhere != ERRORS or ESCAPE not in said
    assert (b"no faders" in said) == (ui == "tui")
    os.close(typed)
    assert os.read(keys, 9) == b"qqq"  # nobody took them
    os.close(keys)
    os.close(terminal)
