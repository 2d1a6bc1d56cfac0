"""What C libraries print stays off the terminal, and only that."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtsep.audio.files import open_audio
from rtsep.audio.quiet import quiet

RATE = 44_100
C = ctypes.CDLL(None)


def printed_by_c(text: bytes) -> None:
    """As decoders do it: through the C library's standard error."""
    name = "__stderrp" if sys.platform == "darwin" else "stderr"
    C.fputs(text, ctypes.c_void_p.in_dll(C, name))


def damaged(path: Path, format: str, subtype: str, channels: int) -> Path:
    """A second and a half of noise, with garbage in its middle."""
    rng = np.random.default_rng(0)
    audio = rng.uniform(-0.3, 0.3, (3 * RATE // 2, channels))
    soundfile.write(path, audio, RATE, format=format, subtype=subtype)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = rng.integers(0, 256, 3000, dtype=np.uint8).tobytes()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("format", "subtype", "channels"), [("MP3", "MPEG_LAYER_III", 2), ("SDS", "PCM_16", 1)]
)
def test_decoders_say_it_through_us(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], format: str, subtype: str, channels: int
) -> None:
    path = damaged(tmp_path / "damaged", format, subtype, channels)
    with open_audio(path, sample_rate=RATE) as source:
        assert sum(block.shape[1] for block in source.blocks(10_000)) > 0
        complaints = [note for note in source.notes if "its decoder says" in note]
    C.fflush(None)  # what waits in the C library, as SDS files' printf does
    assert capfd.readouterr() == ("", "")
    assert len(complaints) == 1
    assert "[src" not in complaints[0] and "\n" not in complaints[0]


def test_a_sound_file_has_no_complaint(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.3, 0.3, (RATE, 2)), RATE)
    with open_audio(path, sample_rate=RATE) as source:
        for _ in source.blocks(10_000):
            pass
        assert source.notes == []


def test_other_prints_go_on(capfd: pytest.CaptureFixture[str]) -> None:
    """Of Python, on any thread, and of processes that are started meanwhile."""
    with quiet() as said:
        printed_by_c(b"ALSA lib: noise\n\n")
        thread = threading.Thread(target=os.write, args=(2, b"a thread\n"))
        thread.start()
        thread.join()
        subprocess.run(
            [sys.executable, "-c", "import os; os.write(2, b'a process\\n')"], check=True
        )
        assert C.fflush(None) == 0
    printed_by_c(b"after\n")
    assert capfd.readouterr().err == "a thread\na process\nafter\n"
    assert said.lines == ["ALSA lib: noise"]


def test_threads_may_be_quiet_at_the_same_time(capfd: pytest.CaptureFixture[str]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with quiet():
            inside.set()
            assert leave.wait(20)

    thread = threading.Thread(target=other)
    with quiet() as first:
        printed_by_c(b"first\n")
        thread.start()
        assert inside.wait(20)
    printed_by_c(b"still quiet\n")  # the other one is
    with quiet() as third:
        printed_by_c(b"third\n")
    leave.set()
    thread.join()
    printed_by_c(b"loud\n")
    assert capfd.readouterr().err == "loud\n"
    assert first.lines == ["first"] and third.lines == ["third"]
    with quiet() as later:
        pass
    assert later.lines == []


def test_it_ends_with_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="inside"), quiet() as said:
        printed_by_c(b"noise\n")
        raise ValueError("inside")
    printed_by_c(b"loud\n")
    assert capfd.readouterr().err == "loud\n" and said.lines == ["noise"]
