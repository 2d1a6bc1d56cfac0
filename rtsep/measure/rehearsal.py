"""The work of a session's audio process without the session, so that steps are measured beside it.

The callback takes a tenth of a core, but costs a step on a busy processor more than that: caches,
threads that wait for the interrupted one, two of them on one core.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from rtsep.audio.clock import Clock
from rtsep.config import StreamSpec
from rtsep.errors import RtsepError
from rtsep.live_session.callback import MIX, Callback
from rtsep.live_session.devices import CLOCK_BLOCK
from rtsep.live_session.shared import SHARED_BYTES, Layout, Shared
from rtsep.processes.priority import before_all_others
from rtsep.processes.process import interrupts_ignored, python_command

_STDIN, _STDOUT = 0, 1
_FRAME = 1024
_LOUDNESS = 0.1  # of the noise that is mixed


@contextmanager
def audio_at_work(stems: int, channels: int, rate: int) -> Iterator[None]:
    """Meanwhile another process mixes noise at the pace of a sound card.

    It is a program, since the engine process may have no children of `multiprocessing`; it ends
    when its input does, and so with whoever started it.
    """
    command = python_command(
        f"from {__name__} import rehearse; rehearse({stems}, {channels}, {rate})"
    )
    with interrupts_ignored():
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        try:
            if not process.stdout.readline():
                raise RtsepError("the process that stands in for audio did not start")
            yield
        finally:
            process.kill()


def rehearse(stems: int, channels: int, rate: int) -> None:
    """Play until standard input is closed; a line on standard output says that it plays."""
    before_all_others()
    spec = StreamSpec(
        window=_FRAME, hop=_FRAME, lookahead=0, crossfade=0, frame=_FRAME, sample_rate=rate
    )
    layout = Layout(
        spec=spec, stems=stems, channels=channels, rate=rate, delay=_FRAME,
        longest_block=CLOCK_BLOCK,
    )  # fmt: skip
    shared = Shared(bytearray(SHARED_BYTES), layout)
    shared.begin()
    callback = Callback(shared, lambda: None, feed=False, outputs=(MIX,))
    noise = np.random.default_rng(0)
    heard = _LOUDNESS * noise.standard_normal((channels, CLOCK_BLOCK), np.float32)
    made = _LOUDNESS * noise.standard_normal((stems * channels, CLOCK_BLOCK), np.float32)
    played = np.zeros_like(heard)

    def play(count: int) -> None:
        shared.stems.write(made)  # as an engine does that is in time
        callback(heard, played, count)

    clock = Clock(rate, CLOCK_BLOCK)
    clock.start(play)
    os.write(_STDOUT, b"\n")
    os.read(_STDIN, 1)
    clock.close()
