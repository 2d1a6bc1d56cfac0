"""The tape has every position once, and where it leads over from what was heard first to what was
heard again nothing clicks."""

from __future__ import annotations

import numpy as np
import pytest
from live_rig import VirtualSession
from mixer_support import largest_step

from rtsep.live_session.tape import Tape
from rtsep.mixer.faders import Block

SAMPLES, AT, BACK = 4096, 2048, 700  # at AT the sound goes back, by so much


def sine(phase: float, rows: int) -> np.ndarray:
    """(rows, SAMPLES): slow, so that any seam is seen."""
    at = np.arange(SAMPLES, dtype=np.float32) / SAMPLES
    return np.repeat(np.sin(2 * np.pi * 3 * at + phase)[None].astype(np.float32), rows, 0)


@pytest.mark.parametrize("block", [128, 110, 33, 7])
def test_a_position_is_taped_once_and_the_seam_is_smooth(block: int) -> None:
    """Stems and mix are others the second time, the input is the same."""
    session = VirtualSession()
    tape, ring = Tape(session.shared), session.shared.tape
    dry = sine(0.0, 2)
    position = 0

    def play(until: int, stems: np.ndarray, mix: np.ndarray) -> None:
        nonlocal position
        while position < until:
            here = slice(position, min(position + block, until))
            tape.write(position, Block.whole(stems[..., here], dry[:, here]), mix[:, here])
            position = here.stop

    play(AT, sine(1.0, 8).reshape(4, 2, -1), sine(2.0, 2))
    position -= BACK
    later, mix = sine(-1.2, 8), sine(-0.8, 2)
    play(SAMPLES, later.reshape(4, 2, -1), mix)
    assert ring.head == SAMPLES
    taped = np.zeros((ring.channels, SAMPLES), np.float32)
    assert ring.read_into(0, taped) == (0, SAMPLES)
    assert np.array_equal(taped[-2:], dry)
    settled = AT + 64
    assert np.array_equal(taped[:8, settled:], later[:, settled:])
    assert np.array_equal(taped[8:10, settled:], mix[:, settled:])
    seam = abs(float(later[0, AT]) - float(sine(1.0, 1)[0, AT]))
    assert seam > 1  # what would be heard
    assert largest_step(taped) < 2 * seam / 65
