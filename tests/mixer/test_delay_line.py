"""A delay that changes: the sound jumps once, without a click, and is exact before and after."""

from __future__ import annotations

import numpy as np
import pytest
from mixer_support import STEMS as NAMES
from mixer_support import largest_step, new_arena, noise, tones

from rtsep.mixer.conceal import Ratios
from rtsep.mixer.control import Control
from rtsep.mixer.delay_line import CROSSFADE, DelayLine
from rtsep.mixer.faders import Block
from rtsep.ring.ring import Ring

SAMPLES, STEMS = 24_000, len(NAMES)
AT = 9_984  # where the delay changes


class Bench:
    """Stems of a known input, all of them in time, through a delay line."""

    def __init__(self, mix: np.ndarray, delay: int, block: int) -> None:
        arena = new_arena()
        self.input = Ring(arena, 2, SAMPLES)
        self.stems = Ring(arena, 2 * STEMS, SAMPLES)
        self.mix, self.block = mix, block
        shares = np.linspace(0.1, 0.4, STEMS, dtype=np.float32)
        self.made = np.concatenate([mix * share for share in shares])
        self.line = DelayLine(
            self.stems, self.input, Ratios(arena, STEMS), Control(arena, STEMS), block, delay
        )

    def play(self, delays: dict[int, int], *, late: range = range(0)) -> list[np.ndarray]:
        """What was heard of stems, dry and base. From each of the positions on, another delay;
        stems of `late` come after it."""
        heard: list[list[np.ndarray]] = [[], [], []]
        delay = self.line.delay
        while (at := self.input.head) + self.block <= SAMPLES:
            here = slice(at, at + self.block)
            self.input.write(self.mix[:, here])
            if at not in late:
                self.stems.write(self.made[:, self.stems.head : here.stop])
            delay = max((since, d) for since, d in {0: delay, **delays}.items() if since <= at)[1]
            block: Block = self.line.pull(at, delay, self.block)
            for kept, part in zip(heard, block[:3], strict=True):
                kept.append(np.copy(part))
        return [np.concatenate(parts, -1) for parts in heard]


def delayed(audio: np.ndarray, delay: int) -> np.ndarray:
    return np.pad(audio, ((0, 0), (delay, 0)))[:, : audio.shape[1]]


@pytest.mark.parametrize("block", [64, 128, 768])
@pytest.mark.parametrize("after", [500, 6000])
def test_exact_but_for_the_crossfade(block: int, after: int) -> None:
    mix, before = noise(SAMPLES)[0], 3000
    bench = Bench(mix, before, block)
    stems, dry, base = bench.play({AT: after})
    flat = stems.reshape(2 * STEMS, -1)
    length = dry.shape[1]
    until, since = slice(0, AT), slice(AT + CROSSFADE, length)
    for got, source in ((dry, mix), (base, mix), (flat, bench.made)):
        old, new = delayed(source, before)[:, :length], delayed(source, after)[:, :length]
        assert np.array_equal(got[:, until], old[:, until])
        assert np.array_equal(got[:, since], new[:, since])
        between = slice(AT, AT + CROSSFADE)
        up = np.arange(1, CROSSFADE + 1) / (CROSSFADE + 1)
        blend = old[:, between] * (1 - up) + new[:, between] * up
        np.testing.assert_allclose(got[:, between], blend, rtol=0, atol=1e-6)
    assert np.array_equal(dry, base)
    assert bench.line.delay == after and bench.line.concealed == 0


def test_one_change_is_over_before_the_next() -> None:
    mix = tones(SAMPLES).sum(0)
    bench = Bench(mix, 3000, 128)
    _, dry, _ = bench.play({AT: 3500, AT + 128: 4000, AT + 256: 4700})
    assert bench.line.delay == 4700
    assert largest_step(dry) < 1.2 * largest_step(mix)
    end = AT + 3 * CROSSFADE
    assert np.array_equal(dry[:, end:], delayed(mix, 4700)[:, end : dry.shape[1]])


def test_stems_that_were_late_are_there_after_the_change() -> None:
    """The change comes while a substitute is heard, and ends that."""
    mix = tones(SAMPLES).sum(0)
    bench = Bench(mix, 0, 128)
    late = range(AT - 1024, AT + 1024)  # of a stretch that is heard only before the change
    stems, dry, _ = bench.play({AT: 6000}, late=late)
    concealed = bench.line.concealed
    assert concealed > 0
    since = AT + CROSSFADE
    settled = slice(since, since + 1024)
    expected = delayed(bench.made, 6000)[:, settled].reshape(STEMS, 2, -1)
    assert np.array_equal(stems[..., settled], expected)
    assert largest_step(dry) < 1.2 * largest_step(mix)
