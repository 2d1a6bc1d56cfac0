"""How long a block takes in the audio callback: playing, mixing and measuring, part by part."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable

import numpy as np

from bench.hardware import finish
from bench.turns import clock, percentiles
from rtsep.mixer.conceal import Ratios, ratios_of
from rtsep.mixer.cue import Cue
from rtsep.mixer.desk import local_desk
from rtsep.mixer.faders import Block, Faders
from rtsep.mixer.meters import CueMeter, Meters
from rtsep.mixer.playout import Playout
from rtsep.mixer.tone import Tone
from rtsep.mixer.trim import Trim
from rtsep.ring.arena import Arena
from rtsep.ring.ring import Ring

STEMS = ("drums", "bass", "other", "vocals")
CHANNELS, RATE = 2, 44100
BLOCKS = (64, 128, 256, 512, 1024)
LATENCY = 6144  # samples that the input is ahead of what is heard
ROUNDS, WARM_UP = 2000, 200
PERCENTILES = ("p50", "p99", "p99.9")

Figures = dict[str, dict[str, float]]


class Mixer:
    """The parts of a live mixer, fed with noise in blocks of one size."""

    def __init__(self, block: int) -> None:
        arena = Arena(bytearray(1 << 25))
        self.desk, control = local_desk(STEMS)
        self.input = Ring(arena, CHANNELS, 1 << 16)
        self.stems = Ring(arena, len(STEMS) * CHANNELS, 1 << 16)
        ratios = Ratios(arena, len(STEMS))
        self.playout = Playout(self.stems, self.input, ratios, control, block)
        self.trim = Trim(control, RATE, block)
        self.tone = Tone(control, len(STEMS), CHANNELS, RATE, block)
        self.faders = Faders(control, len(STEMS), CHANNELS, RATE, block)
        self.meters = Meters(arena, len(STEMS), sample_rate=RATE)
        self.desk.plug_cue((2, 3))
        self.cue = Cue(control, len(STEMS), CHANNELS, RATE, block)
        self.cue_meter = CueMeter(arena, sample_rate=RATE)
        self.headphones = False  # a part of everything
        noise = np.random.default_rng(0).uniform(-0.2, 0.2, (len(STEMS), CHANNELS, block))
        self.sound = noise.astype(np.float32)
        self.heard = Block.whole(self.sound, self.sound.sum(0))
        self.out = np.zeros_like(self.heard.dry)
        self.ears = np.zeros_like(self.out)
        self.came = np.zeros_like(self.heard.dry)
        self.parts = np.zeros_like(self.sound)
        self.position = -LATENCY // block * block
        ratios.publish(ratios_of(np.tile(self.sound, 4096 // block)))

    def deliver(self) -> None:
        """The engine's part: stems of the block that is heard next."""
        if self.position >= 0:
            if self.stems.head != self.position:
                self.stems.skip_to(self.position)
            self.stems.write(self.sound.reshape(-1, self.sound.shape[-1]))

    def take_in(self) -> None:
        self.came[...] = self.sound[0]
        self.trim.process(self.came)
        self.input.write(self.came)

    def play(self) -> None:
        self.heard = self.playout.pull(self.position, self.out.shape[1])
        self.position += self.out.shape[1]

    def mix(self) -> None:
        self.heard = self.tone.apply(self.heard)
        self.faders.mix(self.heard, self.out)

    def measure(self) -> None:
        self.meters.update(self.heard.dry, self.heard.stems, self.faders.gains, self.out)

    def listen(self) -> None:
        self.cue.mix(self.heard, self.out, self.faders.fade, self.ears)
        self.cue_meter.update(self.ears)

    def split(self) -> None:
        self.faders.stem_out(self.heard.stems, self.parts)

    def everything(self) -> None:
        self.take_in()
        self.play()
        self.mix()
        self.measure()
        if self.headphones:
            self.listen()


def measured(block: int) -> Figures:
    """Microseconds of each part, and of all that a block needs."""
    mixer, figures = Mixer(block), {}
    for _ in range(LATENCY // block + 100):  # into the music, and through the fade in
        mixer.deliver()
        mixer.everything()
    figures["input"] = timed(mixer.take_in)
    figures["mix"] = timed(mixer.mix)
    figures["meters"] = timed(mixer.measure)
    figures["stem outputs"] = timed(mixer.split)
    mixer.desk.set_pfl("bass", True)
    figures["headphones"] = timed(mixer.listen)
    figures["headphones, split and not"] = timed(
        mixer.listen, lambda: mixer.desk.set_cue_split(not mixer.desk.cue_split)
    )
    figures["mix, faders moving"] = timed(mixer.mix, lambda: mixer.desk.toggle_mute("bass"))
    figures["all"] = timed(mixer.everything, mixer.deliver)
    mixer.desk.set_mute("bass", True)
    mixer.desk.set_gain("drums", 6)
    mixer.desk.set_master(6)
    figures["all, stems late and limiter at work"] = timed(mixer.everything)
    return figures


def timed(
    act: Callable[[], None], before: Callable[[], None] = lambda: None, rounds: int = ROUNDS
) -> dict[str, float]:
    take_time, seconds, warm_up = clock(act), [], min(WARM_UP, rounds)
    for _ in range(warm_up + rounds):
        before()
        seconds.append(take_time())
    return percentiles(seconds[warm_up:], PERCENTILES, scale=1e6)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args()
    gc.disable()  # as in the audio process
    figures = {}
    for block in BLOCKS:
        figures[str(block)] = measured(block)
        print(f"{block} samples, {1e3 * block / RATE:.1f} ms")
        for part, times in figures[str(block)].items():
            print(f"  {part:<36}", *(f"{name} {us:7.1f} us" for name, us in times.items()))
    finish("callback", {"stems": len(STEMS), "us": figures}, save=args.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
