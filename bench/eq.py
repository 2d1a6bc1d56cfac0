"""What equalizers and filters cost in the audio callback: at rest, turned, and all of them moving.

Every stem has three bands and a filter, the master a filter. With all of it moving, headphones that
are switched with every block included, everything that a block of 256 samples needs may take a
quarter of its time. Beside it, ways of doing it.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.callback import (
    CHANNELS,
    LATENCY,
    PERCENTILES,
    RATE,
    ROUNDS,
    STEMS,
    Figures,
    Mixer,
    timed,
)
from bench.hardware import finish
from rtsep.dsp.recursive import Svf
from rtsep.mixer.control import BANDS

BLOCKS = (64, 256, 1024)
JUDGED = 256  # samples; the block of the share that is told
FRAMES = (8, 16, 32, 64, 128, 256)
SIGNALS = len(STEMS) * CHANNELS
STATES = 28  # of the three bands' filters
SLOW = 20  # times fewer rounds of what takes milliseconds

Act = Callable[[], object]


class Hands:
    """On every knob of a desk."""

    def __init__(self, mixer: Mixer) -> None:
        self._desk = mixer.desk
        self._rng = np.random.default_rng(1)

    def middle(self) -> None:
        self._desk.reset()
        self._desk.set_master_filter(0)
        self._desk.set_trim(0)

    def equalizers(self) -> None:
        for stem in STEMS:
            for band in BANDS:
                self._desk.set_eq(stem, band, float(self._rng.uniform(-40, 6)))

    def filters(self) -> None:
        for stem in STEMS:
            self._desk.set_filter(stem, float(self._rng.uniform(-1, 1)))
        self._desk.set_master_filter(float(self._rng.uniform(-1, 1)))

    def both(self) -> None:
        """And the trim, so that nothing rests."""
        self.equalizers()
        self.filters()
        self._desk.set_trim(float(self._rng.uniform(-6, 6)))

    def everything(self) -> None:
        """And on the headphones."""
        self.both()
        desk = self._desk
        for stem in STEMS:
            desk.set_pfl(stem, not desk.pfl(stem))
        desk.set_pfl_input(not desk.pfl_input)
        desk.set_cue_mix(float(self._rng.uniform(0, 1)))
        desk.set_cue_split(not desk.cue_split)


def measured(block: int, rounds: int) -> Figures:
    """Microseconds of all that a block needs."""
    mixer, figures = Mixer(block), {}
    hands = Hands(mixer)
    for _ in range(LATENCY // block + 100):  # into the music, and through the fade in
        mixer.deliver()
        mixer.everything()
    figures["all in the middle"] = timed(mixer.everything, mixer.deliver, rounds)
    turns: tuple[Act, ...] = (hands.equalizers, hands.filters, hands.both)
    for turn, name in zip(turns, ("equalizers", "filters", "both"), strict=True):
        hands.middle()
        turn()
        for _ in range(RATE // block):
            mixer.deliver()
            mixer.everything()
        figures[f"{name} at work"] = timed(mixer.everything, mixer.deliver, rounds)
        both = _both(mixer.deliver, turn)
        figures[f"{name} moving"] = timed(mixer.everything, both, rounds)
    mixer.headphones = True
    act = _both(mixer.deliver, hands.everything)
    figures["both and headphones moving"] = timed(mixer.everything, act, rounds)
    return figures


def _both(first: Act, second: Act) -> Callable[[], None]:
    def act() -> None:
        first()
        second()

    return act


def ways(rounds: int) -> Figures:
    """Microseconds of taking a block of JUDGED samples of all stems apart into three bands."""
    sound = np.random.default_rng(0).uniform(-0.2, 0.2, (SIGNALS, JUDGED))
    figures = {
        f"frames of {frame} by a matrix": timed(_frames(sound, frame), rounds=rounds)
        for frame in FRAMES
    }
    figures["sample by sample"] = timed(_samples(sound), rounds=max(rounds // SLOW, 1))
    scipy = _scipy(sound)
    if scipy is not None:
        figures["scipy.signal.sosfilt"] = timed(scipy, rounds=rounds)
    return figures


def _frames(sound: np.ndarray, frame: int) -> Callable[[], None]:
    """The same products as of a `Crossover` with such frames."""
    rows = np.zeros((SIGNALS, frame + STATES))
    matrix = np.random.default_rng(0).uniform(-1, 1, (frame + STATES, 3 * frame + STATES))
    result = np.zeros((SIGNALS, matrix.shape[1]))
    bands = np.zeros((3, SIGNALS, JUDGED), np.float32)

    def act() -> None:
        for start in range(0, JUDGED, frame):
            rows[:, :frame] = sound[:, start : start + frame]
            np.matmul(rows, matrix, out=result)
            made = result[:, : 3 * frame].reshape(SIGNALS, 3, frame)
            bands[..., start : start + frame] = made.transpose(1, 0, 2)

    return act


def _samples(sound: np.ndarray) -> Callable[[], None]:
    """As many second-order filters, all signals at once."""
    filters = [Svf(0.01, 0.7) for _ in range(STATES // 2)]

    def act() -> None:
        for x in sound.T:
            for one in filters:
                one.tick(x)

    return act


def _scipy(sound: np.ndarray) -> Callable[[], None] | None:
    """The sections of low, mid and high."""
    try:
        from scipy.signal import butter, sosfilt
    except ImportError:
        return None
    sections = [np.tile(butter(2, 0.1, output="sos"), (count, 1)) for count in (6, 8, 8)]
    states = [np.zeros((len(one), SIGNALS, 2)) for one in sections]

    def act() -> None:
        for number, one in enumerate(sections):
            _, states[number] = sosfilt(one, sound, axis=-1, zi=states[number])

    return act


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(argv)
    gc.disable()  # as in the audio process
    try:
        found = everything(args.rounds)
    finally:
        gc.enable()
    finish("eq", found, save=args.save)
    return 0


def everything(rounds: int) -> dict[str, Any]:
    figures = {}
    for block in BLOCKS:
        figures[str(block)] = measured(block, rounds)
        show(f"{block} samples, {1e3 * block / RATE:.1f} ms", figures[str(block)])
    worst = figures[str(JUDGED)]["both and headphones moving"]["p99.9"]
    share = round(worst / (1e6 * JUDGED / RATE), 3)
    print(f"p99.9 with all of it moving: {100 * share:.1f} % of {JUDGED} samples")
    compared = ways(rounds)
    show(f"three bands of {SIGNALS} signals, {JUDGED} samples", compared)
    return {"stems": len(STEMS), "us": figures, "share": share, "ways_us": compared}


def show(title: str, figures: Figures) -> None:
    print(title)
    for name, times in figures.items():
        print(f"  {name:<32}", *(f"{part} {times[part]:7.1f} us" for part in PERCENTILES))


if __name__ == "__main__":
    sys.exit(main())
