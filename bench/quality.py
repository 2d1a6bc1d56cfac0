"""SDR per stem, streamed and offline, beside `demucs` offline on the same music."""

from __future__ import annotations

import sys

import numpy as np
import torch
from demucs.apply import apply_model
from demucs.htdemucs import HTDemucs as Reference

import rtsep
from bench.hardware import finish
from bench.songs import parser, read_songs
from rtsep.engine.separator import Separator
from rtsep.measure.songs import Audio, Song, score, streamed
from rtsep.setup.runtime import prepare_process
from rtsep.weights import load_checkpoint
from tests.networks import reference

HOP, LOOKAHEAD = 4096, 2048


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("--window", type=float, default=2.0, help="seconds")
    arguments.add_argument(
        "--delay",
        type=int,
        default=0,
        help="samples of silence before every song: moves the hops against the music",
    )
    args = arguments.parse_args()
    prepare_process()
    separator = rtsep.load("htdemucs", device="cpu")
    demucs = reference_demucs()
    results = {}
    for name, song in read_songs(args.songs).items():
        delayed = {track: np.pad(audio, ((0, 0), (args.delay, 0))) for track, audio in song.items()}
        results[name] = _ways(separator, demucs, delayed, args.window)
        for way, figures in results[name].items():
            shown = "  ".join(f"{stem} {db:.2f}" for stem, db in figures.items())
            print(f"{name:16s} {way:16s} {shown}", flush=True)
    settings = {
        "window_s": args.window,
        "hop_samples": HOP,
        "lookahead_samples": LOOKAHEAD,
        "delay_samples": args.delay,
    }
    finish("quality", {"settings": settings, "sdr_db": results}, save=args.save)
    return 0


def reference_demucs(model: str = "htdemucs", *, use_train_segment: bool = True) -> Reference:
    """The reference implementation with the weights of a model."""
    (weights,) = load_checkpoint(model).networks
    network = reference(weights.config, use_train_segment=use_train_segment)
    network.load_state_dict(weights.state)
    return network


def _ways(
    separator: Separator, demucs: Reference, song: Song, window: float
) -> dict[str, dict[str, float]]:
    mix, rate = song["mixture"], separator.sample_rate
    stream = separator.stream(
        window=window, hop=HOP / rate, lookahead=LOOKAHEAD / rate, mode="exact"
    )
    estimates = {
        "streamed": streamed(stream, mix),
        "offline": separator.separate(mix),
        "demucs offline": _separate_with_demucs(demucs, mix),
    }
    return {way: score(separator.stems, song, stems) for way, stems in estimates.items()}


def _separate_with_demucs(demucs: Reference, mix: Audio) -> Audio:
    """Normalized by the mono mix before and back after, as the command line of demucs does."""
    audio = torch.from_numpy(mix)
    mono = audio.mean(0)
    mean, std = mono.mean(), mono.std() + 1e-8
    out = apply_model(demucs, (audio - mean)[None] / std, shifts=0, overlap=0.25)[0]
    stems: Audio = (out * std + mean).numpy()
    return stems


if __name__ == "__main__":
    sys.exit(main())
