"""A bass guitar and an electric piano, a note at a time. Knows their sound, nothing of harmony."""

from __future__ import annotations

import numpy as np

from rtsep.demo.synth import Signal, frequency, held, times


def bass_note(rate: int, pitch: float, seconds: float) -> Signal:
    """A plucked string: the higher the partial, the sooner it is gone."""
    t = times(rate, seconds + 0.06)
    phase = 2 * np.pi * frequency(pitch) * t
    note = sum(
        np.sin(k * phase) * np.sin(0.28 * np.pi * k) / k * np.exp(-t * (1.2 + 1.6 * k))
        for k in range(1, 14)
    )
    return np.tanh(1.5 * np.asarray(note)) * held(t, seconds, 0.004, 0.05)


def piano_note(rate: int, pitch: float, seconds: float) -> Signal:
    """Frequency modulation: a mellow tone under a tine that rings at the strike."""
    t = times(rate, seconds + 0.25)
    phase = 2 * np.pi * frequency(pitch) * t
    tone = np.sin(phase + 1.6 * np.exp(-t / 0.5) * np.sin(phase))
    tine = 0.25 * np.exp(-t / 0.15) * np.sin(phase + 0.8 * np.sin(14 * phase))
    return (tone + tine) * np.exp(-t / 1.1) * held(t, seconds, 0.004, 0.2)
