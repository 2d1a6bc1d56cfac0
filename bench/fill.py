"""SDR of a stream's first two seconds, for several ways to fill the window until it is full."""

from __future__ import annotations

import sys
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

import rtsep
from bench.hardware import finish
from bench.songs import parser, read_songs
from rtsep.engine import exact
from rtsep.measure.songs import excerpt, score, streamed
from rtsep.setup.runtime import prepare_process
from tests.music import SAMPLE_RATE

SECONDS = 2.0
STARTS = (0.0, 3.5)


def silence(audio: Tensor, received: int) -> Tensor:
    return audio


def mirrored(times: int) -> Callable[[Tensor, int], Tensor]:
    """The signal continued by its mirror image, that one by its own, and so on; then silence."""

    def fill(audio: Tensor, received: int) -> Tensor:
        window = audio.shape[-1]
        parts = [audio[..., window - received :]]
        for _ in range(times):
            parts.insert(0, parts[0].flip(-1))
        joined = torch.cat(parts, -1)[..., -window:]
        return torch.nn.functional.pad(joined, (window - joined.shape[-1], 0))

    return fill


def repeated(audio: Tensor, received: int) -> Tensor:
    window = audio.shape[-1]
    return audio[..., window - received :].repeat(1, 1, -(-window // received))[..., -window:]


WAYS = {
    "silence": silence,
    "mirrored once": exact.fill_window,
    "mirrored throughout": mirrored(86),
    "repeated": repeated,
}


def main() -> int:
    args = parser(__doc__).parse_args()
    prepare_process()
    separator = rtsep.load("htdemucs", device="cpu")
    excerpts = {
        f"{name} from {start:g} s": excerpt(
            song, *(int(s * SAMPLE_RATE) for s in (start, start + SECONDS))
        )
        for name, song in read_songs(args.songs).items()
        for start in STARTS
    }
    results = {}
    for name, way in WAYS.items():
        results[name] = {}
        for where, song in excerpts.items():
            stream = separator.stream(window=2.0, hop=4096 / separator.sample_rate, mode="exact")
            with patch.object(exact, "fill_window", way):
                stems = streamed(stream, song["mixture"])
            results[name][where] = score(separator.stems, song, stems)["mean"]
        results[name]["mean"] = round(float(np.mean(list(results[name].values()))), 3)
        print(f"{name:20s}", "  ".join(f"{k} {v:.2f}" for k, v in results[name].items()))
    finish("fill", {"seconds": SECONDS, "mean_sdr_db": results}, save=args.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
