"""Two devices, two clocks: what one device recorded, at the pace of the other.

The output's clock is the master. Where the recording has got to is known from the times at which
its blocks came; the distance to what is being played is smoothed, and a proportional-integral
controller turns it into a resampling ratio. Both devices may run at rates of their own. Knows
nothing of devices; one thread may write while another one reads.
"""

from __future__ import annotations

import math

import numpy as np

from rtsep.dsp.sinc import Interpolator, half_taps
from rtsep.ring.arena import Arena
from rtsep.ring.ring import Audio, Ring

FADE = 64
MOST = 2000e-6  # the ratio never leaves 1 by more: 3.5 cents

# Critically damped at 0.1 Hz: a step of 1000 ppm moves the delay by 0.6 ms and is made up for in
# 5 s, and a callback that comes 1 ms late bends the pitch by 30 ppm, a twentieth of a cent.
_SPEED = 2 * math.pi * 0.1
_SMOOTHING = 0.25  # seconds


def needed_delay(recorded: int, played: int, step: float = 1.0) -> int:
    """The least delay in samples that holds with blocks of these lengths at unrelated times.

    It and what is `played` count at the output's rate, what is `recorded` at the input's, which is
    `step` times that.
    """
    return math.ceil((recorded + _reserve(step)) / step) + played


def _reserve(step: float) -> int:
    """Recorded samples there must be beyond a block, so that the next one can fade out."""
    return half_taps(step) + math.ceil(FADE * step)


class Watch:
    """Tells when blocks begin, also where a host API asks for several at once."""

    def __init__(self) -> None:
        self._called = self._begins = self._lasts = -math.inf

    def begins(self, seconds: float, now: float) -> float:
        """When the block begins that is asked for `now` and lasts `seconds`."""
        together = now - self._called < seconds / 2
        self._begins = self._begins + self._lasts if together else now
        self._called, self._lasts = now, seconds
        return self._begins


class Controller:
    """Makes a resampling ratio of how much too long the delay is."""

    def __init__(self) -> None:
        self.drift = 0.0  # how much faster the recording clock was found to run
        self.error = 0.0  # seconds, smoothed

    def update(self, error: float, seconds: float) -> float:
        """How many times as many input samples per output sample as their rates say, for a block
        that takes `seconds`."""
        self.error += (error - self.error) * min(seconds / _SMOOTHING, 1.0)
        wanted = 2 * _SPEED * self.error + self.drift
        if abs(wanted) < MOST:  # at the limit it must not wind up
            self.drift += _SPEED**2 * self.error * seconds
        return 1.0 + min(max(wanted, -MOST), MOST)


class AdaptiveResampler:
    """`write` is for the device that records, `read_into` for the one that plays.

    Audio comes out `delay` samples after it went in. If it runs out, or the delay strays by half
    of itself, it fades out; when the delay is right again, it fades in. That is a gap.
    """

    def __init__(self, channels: int, rate: int, delay: int, recorded_rate: int = 0) -> None:
        """Plays at `rate` what is recorded at `recorded_rate`, by default the same. `delay` from
        `needed_delay`, or more where callbacks come at uneven times; it counts at `rate`, and grows
        by itself when the blocks prove longer."""
        self.rate = rate
        self.recorded_rate = recorded_rate or rate
        self.delay = delay
        self._step = self.recorded_rate / rate  # recorded samples per sample played
        self.gaps = 0
        self.silence = 0  # samples in gaps
        self.ratio = 1.0
        capacity = self.recorded_rate + math.ceil(4 * delay * self._step)
        self._ring = Ring(Arena(bytearray(channels * capacity * 4 + 256)), channels, capacity)
        self._interpolator = Interpolator(channels, capacity, self._step)
        self._controller = Controller()
        self._recording, self._playback = Watch(), Watch()
        self._newest = (0, 0, 0.0)  # block: its position, its length, when it began
        self._position, self._fraction = 0, 0.0  # what is played next
        self._playing = False
        steps = (np.arange(FADE) + 0.5) / FADE
        self._rise: Audio = np.sin(0.5 * np.pi * steps).astype(np.float32) ** 2

    @property
    def drift(self) -> float:
        """How much faster the recording clock runs; 1e-6 is 1 ppm."""
        return self._controller.drift

    def write(self, block: Audio, now: float) -> None:
        """Append (channels, n), which came at `now` seconds."""
        position, count = self._ring.head, block.shape[1]
        began = self._recording.begins(count / self.recorded_rate, now)
        self._ring.write(block)
        self._newest = (position, count, began)  # one object: a reader sees all of it

    def read_into(self, out: Audio, now: float) -> None:
        """Fill (channels, n) with what is due at `now` seconds, by the same watch."""
        count = out.shape[1]
        begins = self._playback.begins(count / self.rate, now)
        position, length, began = self._newest
        self.delay = max(self.delay, needed_delay(length, count, self._step))
        recorded = (begins - began) * self.recorded_rate * (1 + self._controller.drift)
        due = position + recorded - self.delay * self._step
        if self._playing:
            self._go_on(out, due)
        elif due >= self._position and self._holds(due, count):
            self._position, self._fraction = int(due), 0.0
            self._controller.error = 0.0
            self._playing = True
            self._play(out)
            self._fade(out, self._rise)
        else:
            out[...] = 0
            self.silence += count if self.gaps else 0

    def _go_on(self, out: Audio, due: float) -> None:
        count, error = out.shape[1], due - self._position - self._fraction
        self.ratio = self._controller.update(error / self.recorded_rate, count / self.rate)
        strayed = abs(self._controller.error) * self.rate > self.delay / 2
        if strayed or not self._holds(self._position, count):
            self._stop(out)
        else:
            self._play(out)

    def _stop(self, out: Audio) -> None:
        """Fade out with the samples that are still there."""
        heard = out[:, :FADE]
        self._play(heard)
        self._fade(heard, self._rise[::-1])
        out[:, FADE:] = 0
        self._playing = False
        self.gaps += 1
        self.silence += out.shape[1] - heard.shape[1]

    def _holds(self, position: float, count: int) -> bool:
        """Whether `count` samples from a position can be played, and the next ones faded out."""
        first, head = self._ring.readable()
        last = position + count * self._step * (1 + MOST) + _reserve(self._step)
        return last <= head and (position - self._interpolator.half >= first or first == 0)

    def _play(self, out: Audio) -> None:
        half, step = self._interpolator.half, self.ratio * self._step
        end = self._fraction + step * out.shape[1]
        audio = self._interpolator.audio[:, : int(end) + 2 * half]
        self._ring.read_into(self._position - half + 1, audio)
        self._interpolator.read_into(out, self._fraction, step)
        self._position += int(end)
        self._fraction = end - int(end)

    def _fade(self, out: Audio, curve: Audio) -> None:
        count = min(FADE, out.shape[1])
        # A short block takes every other step, or fewer, so that it too goes all the way.
        out[:, :count] *= curve[:: FADE // count][:count]
