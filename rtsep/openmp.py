"""How the threads of OpenMP wait. Must not import torch: OpenMP reads this when it is loaded."""

from __future__ import annotations

import os

_SPINS = "GOMP_SPINCOUNT"


def share_processors() -> None:
    """Let threads that wait for work spin for a little while only, then sleep.

    The usual 300,000 turns keep the processor from others for a millisecond after each piece of
    work; none at all makes a step up to twice as slow where waking a thread is slow, as in virtual
    machines. Whoever has set it, or how threads wait, is left alone.
    """
    if _SPINS not in os.environ and "OMP_WAIT_POLICY" not in os.environ:
        os.putenv(_SPINS, "10000")
