"""The instant path over a model: stems 23 ms after the sound, the same in a file as they are live.

The model makes late stems hop by hop, as on the full path. They reach the memory of the instant
path when they would live, counted in samples and not by a clock: so the result is the same on every
run and for every block size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import torch

from rtsep.config import StreamSpec
from rtsep.engine.stream import Stream
from rtsep.errors import ConfigError
from rtsep.instant.path import InstantPath
from rtsep.instant.settings import DELAY, InstantSettings, hop_of
from rtsep.model.bag import Bag

AGE = 0.279  # seconds; what `--latency auto` comes to on two cores


class InstantStream(Stream):
    """As any stream, but for its latency. `spec` is that of the late stems; what lies more than
    `age` samples behind the present is known."""

    def __init__(
        self,
        bag: Bag,
        spec: StreamSpec,
        *,
        stems: Sequence[str],
        age: float = AGE,
        delay: float = DELAY,
        **ways: Any,
    ) -> None:
        """`stems` are those that come out; `ways` are how the model runs."""
        super().__init__(bag, spec, **ways)
        rate, channels = spec.sample_rate, bag.config.audio_channels
        self.age = arrival_age(spec, age)
        self.path = InstantPath(
            InstantSettings(
                stems=len(bag.stems), channels=channels, sample_rate=rate, hop=hop_of(delay)
            )
        )
        self.stems = tuple(stems)
        self._rows = [bag.stems.index(stem) for stem in self.stems]
        self._late_in, self._late_filled = self._hop_in, 0
        hop = self.path.settings.hop
        self._hop_in = torch.zeros(1, channels, hop)
        self._hop_out = torch.zeros(1, len(self.stems), channels, hop)
        self._on_the_way: deque[tuple[int, torch.Tensor]] = deque()  # and the ends of their input

    @property
    def latency_samples(self) -> int:
        """Delay of the stems against the input, a constant."""
        return self.path.latency_samples

    def reset(self) -> None:
        """Back to the state of a new stream."""
        super().reset()
        self.path.reset()
        self._late_filled = 0
        self._on_the_way.clear()

    def _step(self, block: torch.Tensor) -> torch.Tensor:
        self._feed_model(block)
        self._hand_over(self.path.position + block.shape[-1])
        stems = torch.from_numpy(self.path.process(block[0].numpy()))
        return stems[self._rows][None]

    def _feed_model(self, block: torch.Tensor) -> None:
        """Hops of the model are whole hops of the path."""
        stop = self._late_filled + block.shape[-1]
        self._late_in[..., self._late_filled : stop] = block
        self._late_filled = stop % self.spec.hop
        if stop == self.spec.hop:
            end = self.path.position + block.shape[-1]
            self._on_the_way.append((end, self._hops.step(self._late_in)[0].clone()))

    def _hand_over(self, present: int) -> None:
        """Late stems that are there by now; none of them are of before the beginning."""
        while self._on_the_way:
            end, stems = self._on_the_way[0]
            if end + self.age - self.spec.latency_samples > present:
                return
            first = end - self.spec.latency_samples
            self.path.learn(max(first, 0), stems[..., max(-first, 0) :].numpy())
            self._on_the_way.popleft()


def arrival_age(spec: StreamSpec, seconds: float) -> int:
    """Samples that the newest late stem lies behind the present when the next is about to come.

    Raises ConfigError for less than it takes to collect them.
    """
    samples = round(seconds * spec.sample_rate)
    if samples < spec.latency_samples:
        least = spec.latency_samples / spec.sample_rate
        raise ConfigError(
            f"age must be at least hop + lookahead, {least:.3f} s, got {seconds:g}; "
            "shorten the hop, or take a greater age"
        )
    return samples
