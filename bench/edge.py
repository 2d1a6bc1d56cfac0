"""SDR of a live stream, over several phases of its hops against the music: official weights, deltas
of them, and the official weights offline, which is what there is to win back."""

from __future__ import annotations

import argparse
import sys

import numpy as np

import rtsep
from bench.hardware import finish
from bench.songs import parser, read_songs
from rtsep.config import MODES
from rtsep.engine.separator import Separator
from rtsep.measure.songs import Audio, Song, score
from rtsep.metrics import MEAN
from rtsep.setup.runtime import prepare_process

OFFLINE = "offline"
LENGTHS = ("window", "hop", "lookahead")
FRAMES = (86, 4, 2)  # 2 s, 93 ms, 46 ms


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    prepare_process()
    songs = read_songs(args.songs)
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for model in args.models:
        separator = rtsep.load(model, device="cpu", precision=args.precision)
        ways = found[model] = {}
        for way in args.modes:
            ways[way] = {name: _scored(separator, song, way, args) for name, song in songs.items()}
            print(f"{model} {way}: " + "  ".join(_lines(ways[way])), flush=True)
    settings = {
        "frames": dict(zip(LENGTHS, args.frames, strict=True)),
        "delays": args.delays,
        "precision": args.precision,
    }
    finish("edge", {"settings": settings, "sdr_db": found}, save=args.save)
    return 0


def _parser() -> argparse.ArgumentParser:
    made = parser(__doc__)
    made.add_argument("--models", nargs="+", default=["htdemucs"], help="names, or files of deltas")
    made.add_argument("--modes", nargs="+", default=[*MODES, OFFLINE], help=OFFLINE + " is one")
    made.add_argument("--precision", default="fp32")
    made.add_argument("--frames", type=int, nargs=3, default=FRAMES,
                      help="of window, hop and lookahead")  # fmt: skip
    made.add_argument("--delays", type=int, nargs="+", default=[0, 1024, 2048, 3072],
                      help="samples of silence before every song")  # fmt: skip
    return made


def _scored(
    separator: Separator, song: Song, way: str, args: argparse.Namespace
) -> dict[str, float]:
    """Per stem and their mean, averaged over the delays."""
    if way == OFFLINE:
        return score(separator.stems, song, separator.separate(song["mixture"]))
    tables = [
        score(separator.stems, song, estimate)
        for estimate in _streamed(separator, song["mixture"], way, args)
    ]
    return {stem: round(float(np.mean([t[stem] for t in tables])), 3) for stem in tables[0]}


def _streamed(separator: Separator, mix: Audio, mode: str, args: argparse.Namespace) -> list[Audio]:
    """All delays go through the network together, as one batch."""
    delays: list[int] = args.delays
    seconds = [frames * separator.frame_seconds for frames in args.frames]
    lengths = dict(zip(LENGTHS, seconds, strict=True))
    stream = separator.stream(mode=mode, batch=len(delays), **lengths)
    most = max(delays)
    batch = np.stack([np.pad(mix, ((0, 0), (delay, most - delay))) for delay in delays])
    hop, parts = stream.spec.hop, []
    for start in range(0, batch.shape[-1], hop):
        parts.append(stream.process(batch[..., start : start + hop]))
    out = np.concatenate([*parts, stream.flush()], -1)[..., stream.latency_samples :]
    return [
        each[..., delay : delay + mix.shape[1]] for each, delay in zip(out, delays, strict=True)
    ]


def _lines(scores: dict[str, dict[str, float]]) -> list[str]:
    return [f"{name} {stems[MEAN]:.2f}" for name, stems in scores.items()]


if __name__ == "__main__":
    sys.exit(main())
