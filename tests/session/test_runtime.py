"""Threads are shared with the audio process where that pays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from rtsep.session.runtime import share_cores


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("cores", "threads", "left"), [(2, 2, 1), (1, 1, 1), (8, 8, 7), (16, 8, 8), (None, 4, 1)]
)
def test_bf16_leaves_a_core(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, threads: int, left: int
) -> None:
    """16 are 8 cores with two threads each, of which PyTorch takes one."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    torch.set_num_threads(threads)
    share_cores(torch.float32)
    assert torch.get_num_threads() == threads
    for _ in range(2):  # saying it twice changes nothing
        share_cores(torch.bfloat16)
        assert torch.get_num_threads() == left
