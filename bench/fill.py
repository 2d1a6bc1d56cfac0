"""SDR of a stream's first seconds for several ways to fill the window while it is not full yet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

import rtsep
from bench.hardware import finish
from rtsep.engine import step
from rtsep.metrics import sdr
from rtsep.session.runtime import prepare_process
from tests.music import SAMPLE_RATE, stempeg_stems

SECONDS = 2.0
STARTS = (0.0, 3.0)


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
    "mirrored once": step.fill_window,
    "mirrored 3 times": mirrored(3),
    "mirrored throughout": mirrored(86),
    "repeated": repeated,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args()
    prepare_process()
    separator = rtsep.load("htdemucs", device="cpu")
    results: dict[str, dict[str, float]] = {}
    for name, way in WAYS.items():
        results[name] = {}
        for start in STARTS:
            first = int(start * SAMPLE_RATE)
            stop = first + int(SECONDS * SAMPLE_RATE)
            stems = {stem: audio[:, first:stop] for stem, audio in stempeg_stems().items()}
            stream = separator.stream(window=2.0, hop=4096 / SAMPLE_RATE)
            mix = np.sum(list(stems.values()), 0, np.float32)
            with patch.object(step, "fill_window", way):
                out = np.concatenate((stream.process(mix), stream.flush()), -1)
            heard = dict(zip(stream.stems, out[..., stream.latency_samples :], strict=True))
            mean = float(np.mean([sdr(truth, heard[stem]) for stem, truth in stems.items()]))
            results[name][f"from {start:g} s"] = round(mean, 2)
        print(f"{name:20s}", "  ".join(f"{k} {v:.2f} dB" for k, v in results[name].items()))
    finish("fill", {"seconds": SECONDS, "mean_sdr_db": results}, save=args.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
