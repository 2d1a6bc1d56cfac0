"""Threads are shared with the audio process where that pays."""

from __future__ import annotations

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
