"""What the master's meter of loudness and true peak takes of a core, which is not the audio's."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from bench.callback import CHANNELS, PERCENTILES, timed
from bench.hardware import finish
from rtsep.dsp.programme import ProgrammeMeter

RATES = (44_100, 48_000, 96_000, 192_000)
PIECE_SECONDS = 0.05  # as it is measured live
ROUNDS = 2000


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(argv)
    figures = {}
    for rate in RATES:
        meter = ProgrammeMeter(rate, (1.0,) * CHANNELS)
        shape = (CHANNELS, round(PIECE_SECONDS * rate))
        piece = np.random.default_rng(0).uniform(-0.5, 0.5, shape).astype(np.float32)

        def act(meter: ProgrammeMeter = meter, piece: np.ndarray = piece) -> None:
            meter.process(piece)
            _ = meter.figures  # a display looks, too

        times = timed(act, rounds=args.rounds)
        share = round(times["p50"] / (1e6 * PIECE_SECONDS), 4)
        figures[str(rate)] = times | {"share_of_a_core": share}
        told = " ".join(f"{part} {times[part]:.0f} us" for part in PERCENTILES)
        print(f"{rate} Hz, {1000 * PIECE_SECONDS:.0f} ms: {told}, {100 * share:.1f} % of a core")
    finish("levels", {"us": figures}, save=args.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
