"""A programme meter: loudness and true peak of one signal, as figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rtsep.dsp.loudness import LoudnessMeter
from rtsep.dsp.sinc import Audio
from rtsep.dsp.true_peak import TruePeak
from rtsep.status import Loudness


class ProgrammeMeter:
    """Both of a stream; see there."""

    def __init__(self, rate: int, weights: Sequence[float] = (1.0, 1.0)) -> None:
        """`weights` as of `LoudnessMeter`, one a channel."""
        self._loudness = LoudnessMeter(rate, weights)
        self._peak = TruePeak(len(weights))

    def process(self, sound: Audio) -> None:
        """The next (channels, n)."""
        self._loudness.process(sound)
        self._peak.process(sound)

    def reset(self) -> None:
        """Everything but what windows show begins anew."""
        self._loudness.reset()
        self._peak.reset()

    @property
    def figures(self) -> Loudness:
        loudness, highest = self._loudness, self._peak.highest
        return Loudness(
            momentary=loudness.momentary,
            short_term=loudness.short_term,
            integrated=loudness.integrated,
            momentary_max=loudness.momentary_max,
            short_term_max=loudness.short_term_max,
            true_peak=20 * math.log10(highest) if highest > 0 else -math.inf,
            seconds=loudness.seconds,
        )
