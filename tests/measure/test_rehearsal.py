"""What stands in for a session's audio process while steps are tried."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from rtsep.measure import rehearsal
from rtsep.measure.rehearsal import audio_at_work

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@linux
def test_it_works_meanwhile_and_ends() -> None:
    """Of a process it takes what a callback takes; none is left behind."""
    with audio_at_work(4, 2, 44100):
        (pid,) = rehearsing()
        before = ticks(pid)
        time.sleep(2.0)
        assert 2 < ticks(pid) - before < 150  # of 200: some, and not all of a core
    assert not rehearsing()


@linux
def test_it_ends_with_an_error() -> None:
    with pytest.raises(RuntimeError, match="of a trial"), audio_at_work(4, 2, 44100):
        assert rehearsing()
        raise RuntimeError("of a trial")
    assert not rehearsing()


@linux
def test_ctrl_c_at_the_terminal_is_left_to_whoever_started_it() -> None:
    with audio_at_work(4, 2, 44100):
        (pid,) = rehearsing()
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        (ignored,) = (line.split()[1] for line in status if line.startswith("SigIgn"))
        assert int(ignored, 16) >> (signal.SIGINT - 1) & 1
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def rehearsing() -> list[int]:
    """The processes that rehearse as children of this one."""
    children = Path("/proc/self/task").glob("*/children")
    pids = {int(pid) for path in children for pid in path.read_text().split()}
    return [pid for pid in pids if rehearsal.__name__ in Path(f"/proc/{pid}/cmdline").read_text()]


def ticks(pid: int) -> int:
    """Processor time in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
