"""Incremental mode against exact mode and `demucs`: what a step costs, and what it loses.

`cost` runs a step of each in turn, window by window. `quality` streams songs in every setting of
the ablation. `long` plays the songs in a loop and scores minute after minute: a stream must not
grow worse with its age. bf16 is measured where the processor multiplies it fast.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch

import rtsep
from bench.hardware import finish
from bench.quality import reference_demucs
from bench.songs import parser, read_songs
from bench.turns import Clock, clock, in_turn, percentiles
from rtsep.engine.hops import HopStream
from rtsep.engine.separator import Separator
from rtsep.measure.songs import Song, score, streamed
from rtsep.metrics import sdr
from rtsep.setup.runtime import prepare_process

FRAME, RATE = 1024, 44100
WINDOW, LONG_WINDOW = 86, 335  # frames: 2 s, and the longest that the network was trained on
HOP, LOOKAHEAD = 8, 2
SHORT_HOP = 4
PERCENTILES = ("p50", "p90", "p99", "max")


def seconds(frames: int) -> float:
    return frames * FRAME / RATE


def settings(window: int, hop: int, mode: str, refresh: int | None = None) -> dict[str, Any]:
    """For `Separator.stream`; all in frames."""
    return {
        "window": seconds(window),
        "hop": seconds(hop),
        "lookahead": seconds(LOOKAHEAD),
        "mode": mode,
        "refresh": None if refresh is None else seconds(refresh),
    }


Way = tuple[str, str]  # precision and executor
FP32, BF16, COMPILED = ("fp32", "eager"), ("bf16", "eager"), ("bf16", "compiled")
# Name: (one of these, settings). A step must refresh at least hop + lookahead + 3 frames.
WAYS = {
    "exact": (FP32, settings(WINDOW, HOP, "exact")),
    "incremental": (FP32, settings(WINDOW, HOP, "incremental")),
    "incremental, bf16": (BF16, settings(WINDOW, HOP, "incremental")),
    "incremental, bf16, compiled": (COMPILED, settings(WINDOW, HOP, "incremental")),
    "incremental, bf16, refresh 13 frames": (BF16, settings(WINDOW, HOP, "incremental", 13)),
    "incremental, bf16, refresh 20 frames": (BF16, settings(WINDOW, HOP, "incremental", 20)),
    "incremental, bf16, refresh 24 frames": (BF16, settings(WINDOW, HOP, "incremental", 24)),
    "incremental, bf16, window 7.8 s": (BF16, settings(LONG_WINDOW, HOP, "incremental")),
    "incremental, bf16, hop 93 ms": (BF16, settings(WINDOW, SHORT_HOP, "incremental")),
}


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("what", choices=["cost", "quality", "long"])
    arguments.add_argument("--rounds", type=int, default=100, help="of cost")
    arguments.add_argument("--minutes", type=float, default=10.0, help="of the long programme")
    args = arguments.parse_args()
    prepare_process()
    separators = {
        way: rtsep.load("htdemucs", device="cpu", precision=way[0], executor=way[1])
        for way in (FP32, BF16, COMPILED)
    }
    if args.what == "cost":
        figures: dict[str, Any] = cost(separators, args.rounds)
    elif args.what == "quality":
        figures = {"sdr_db": quality(separators, read_songs(args.songs))}
    else:
        figures = {"minutes_sdr_db": long(separators[BF16], read_songs(args.songs), args.minutes)}
    finish(f"incremental-{args.what}", figures, save=args.save)
    return 0


@torch.inference_mode()
def cost(separators: dict[Way, Separator], rounds: int) -> dict[str, Any]:
    """Milliseconds of each way, and the ratio of its median to that of `demucs`, eager fp32."""
    demucs = reference_demucs(use_train_segment=False)
    window = 0.1 * torch.randn(1, 2, WINDOW * FRAME)
    clocks = {"demucs": clock(lambda: demucs(window))} | {
        name: step_clock(hops_of(separators[way], chosen)) for name, (way, chosen) in WAYS.items()
    }
    times = in_turn(clocks, rounds)
    peer = float(np.median(times["demucs"]))
    return {
        "rounds": rounds,
        "ms": {name: percentiles(values, PERCENTILES) for name, values in times.items()},
        "ratio": {name: round(float(np.median(v)) / peer, 3) for name, v in times.items()},
    }


def hops_of(separator: Separator, chosen: dict[str, Any]) -> HopStream:
    """Compiles the step first if the separator runs only compiled ones and it is not there yet."""
    spec = separator.spec(**chosen)
    if separator.executor == "compiled" and not separator.is_compiled(spec):
        print("compiling a step, once; takes some minutes", flush=True)
        separator.compile(spec)
    return separator.hops(spec)


def step_clock(hops: HopStream) -> Clock:
    """A step of a stream whose window is full, of noise."""
    hops.fill()
    block = 0.1 * torch.randn(hops.batch, hops.channels, hops.spec.hop)
    return clock(lambda: hops.step(block))


def quality(
    separators: dict[Way, Separator], songs: dict[str, Song]
) -> dict[str, dict[str, float]]:
    """Mean SDR of the stems of each song, and over the songs, in every way."""
    results = {}
    for name, (way, chosen) in WAYS.items():
        separator = separators[way]
        scores = {song: _mean_sdr(separator, tracks, chosen) for song, tracks in songs.items()}
        results[name] = scores | {"mean": round(float(np.mean(list(scores.values()))), 3)}
        print(f"{name:40s}", results[name], flush=True)
    return results


def _mean_sdr(separator: Separator, song: Song, chosen: dict[str, Any]) -> float:
    stems = streamed(separator.stream(**chosen), song["mixture"])
    return score(separator.stems, song, stems)["mean"]


def long(separator: Separator, songs: dict[str, Song], minutes: float) -> list[float]:
    """Mean SDR of every round through all songs, as one stream without a break."""
    stems = [name for name in separator.stems if all(name in song for song in songs.values())]
    programme = {
        track: np.concatenate([song[track] for song in songs.values()], -1)
        for track in ("mixture", *stems)
    }
    length = programme["mixture"].shape[1] // FRAME * FRAME
    programme = {track: audio[:, :length] for track, audio in programme.items()}
    rounds = int(np.ceil(60 * minutes * RATE / length))
    stream = separator.stream(**settings(WINDOW, HOP, "incremental"))
    out = np.concatenate(
        [stream.process(programme["mixture"]) for _ in range(rounds)] + [stream.flush()], -1
    )[..., stream.latency_samples :]
    results = []
    for number, part in enumerate(np.split(out, rounds, -1)):
        found = dict(zip(separator.stems, part, strict=True))
        scores = [sdr(programme[stem], found[stem]) for stem in stems]
        results.append(round(float(np.mean(scores)), 3))
        print(f"round {number}, from {number * length / RATE:.0f} s: {results[-1]} dB", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
