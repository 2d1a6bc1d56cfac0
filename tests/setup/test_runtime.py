"""Threads are shared with the audio process where that pays; what a process sets once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from rtsep.setup.runtime import share_cores


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("cores", "threads", "left"),
    [(1, 1, 1), (2, 2, 2), (4, 4, 3), (8, 8, 7), (16, 8, 8), (8, 1, 1), (None, 4, 2)],
)
def test_a_core_is_left_to_audio(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, threads: int, left: int
) -> None:
    """16 are 8 cores with two threads each, of which PyTorch takes one."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    torch.set_num_threads(threads)
    for _ in range(2):  # saying it twice changes nothing
        share_cores()
        assert torch.get_num_threads() == left


def test_numpy_does_not_wonder_at_the_machine() -> None:
    """Once denormals are flushed, NumPy 1 and 2.0 to 2.2 would warn where they meet a float."""
    code = (
        "from rtsep.setup.runtime import prepare_process; prepare_process(); "
        "import numpy as np; np.nan_to_num(np.zeros(1, np.float32)); np.nan_to_num(np.zeros(1))"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
