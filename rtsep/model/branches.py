"""The two branches of the network, which know nothing of each other between two meetings.

A step of a stream is thousands of small kernels, and a card waits longer for the next one than it
takes. In a CUDA graph the branches are therefore recorded in two streams, which a replay runs at
the same time. Everywhere else, and where gradients are wanted, they run one after the other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import torch

Freq = TypeVar("Freq")
Time = TypeVar("Time")


def side_by_side(freq: Callable[[], Freq], time: Callable[[], Time]) -> tuple[Freq, Time]:
    """What both return. Neither may write to what the other reads.

    The allocator hands memory out again within one stream only, in the order of calls. So nothing
    that one branch reads of the other may be let go before they met: callers hold it.
    """
    if torch.is_grad_enabled() or not _recording():
        return freq(), time()
    here = torch.cuda.current_stream()
    side = _side_of(here.device)
    side.wait_stream(here)
    of_freq = freq()
    with torch.cuda.stream(side):
        of_time = time()
    here.wait_stream(side)
    return of_freq, of_time


def _recording() -> bool:
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()


@functools.cache
def _side_of(device: torch.device) -> torch.cuda.Stream:
    """Always the same one, so that a branch gets back the memory that it let go."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
