"""What a process of ours sets once for itself, before it separates anything."""

from __future__ import annotations

import ctypes
import os
import sys

import numpy as np
import torch

_FEWEST_SHARED = 2
# Numbers of mallopt(3) in glibc.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEEP_BYTES = 1 << 30
_KEEP_BYTES_OLD_GLIBC = 1 << 25  # the most that older versions accept


def share_cores() -> None:
    """For live use, and what is found out or compiled for it: a core for audio, where more than two
    are there.

    Of two cores both are used. The audio process then interrupts the step for half a millisecond
    at a time, which costs less than a second core gains. OMP_NUM_THREADS can ask for fewer.
    """
    others = max((os.cpu_count() or 1) - 1, _FEWEST_SHARED)
    torch.set_num_threads(min(torch.get_num_threads(), others))


def prepare_process() -> None:
    """Flush denormals, and keep freed memory instead of returning it to the system.

    A step allocates and frees the same large tensors over and over; glibc would hand each of them
    back and have the kernel clear its pages anew. Concerns the whole process, so only commands that
    own theirs call it. Elsewhere than on Linux the allocator stays as it is.
    """
    for kind in (np.float32, np.float64):
        np.finfo(kind)  # NumPy before 2.3 warns of a strange machine if it looks at one later
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_TRIM_THRESHOLD, _KEEP_BYTES)
            for most in (_KEEP_BYTES, _KEEP_BYTES_OLD_GLIBC):
                if mallopt(_M_MMAP_THRESHOLD, most):
                    break
