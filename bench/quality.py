"""SDR per stem, streamed and offline, beside `demucs` offline on the same music.

SDR is 10 log10(sum ref^2 / sum (ref - est)^2) over a whole song. A song is a folder with `mixture`
and a file for each of its stems; one named `rest` is compared with the sum of all stems that have
no file of their own. The example that PyPI's stempeg ships always takes part.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from demucs.apply import apply_model
from demucs.htdemucs import HTDemucs as Reference

import rtsep
from bench.hardware import finish
from rtsep.audio.files import read_all
from rtsep.engine.separator import Separator
from rtsep.metrics import sdr
from rtsep.session.runtime import prepare_process
from rtsep.weights import load_checkpoint
from tests.music import stempeg_stems
from tests.networks import reference

Song = dict[str, np.ndarray[Any, Any]]
WINDOW_S, HOP_S, LOOKAHEAD_S = 2.0, 4096 / 44100, 2048 / 44100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=Path, nargs="*", default=[], help="folders with stems")
    parser.add_argument("--window", type=float, default=WINDOW_S, help="seconds")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args()
    prepare_process()
    separator = rtsep.load("htdemucs", device="cpu")
    demucs = _demucs()
    songs = {folder.name: _read(folder, separator.sample_rate) for folder in args.songs}
    stempeg = dict(stempeg_stems())
    songs["stempeg example"] = {"mixture": np.sum(list(stempeg.values()), 0, np.float32)} | stempeg
    results = {}
    for name, song in songs.items():
        results[name] = _song(separator, demucs, song, args.window)
        for way, figures in results[name].items():
            print(f"{name:16s} {way:16s}", "  ".join(f"{k} {v:.2f}" for k, v in figures.items()))
    settings = {"window_s": args.window, "hop_samples": 4096, "lookahead_samples": 2048}
    finish("quality", {"settings": settings, "sdr_db": results}, save=args.save)
    return 0


def _demucs() -> Reference:
    (weights,) = load_checkpoint("htdemucs").networks
    network = reference(weights.config, use_train_segment=True)
    network.load_state_dict(weights.state)
    return network


def _read(folder: Path, sample_rate: int) -> Song:
    files = sorted(path for path in folder.iterdir() if path.suffix in (".wav", ".flac"))
    return {path.stem: read_all(path, sample_rate) for path in files}


def _song(
    separator: Separator, demucs: Reference, song: Song, window: float
) -> dict[str, dict[str, float]]:
    mix = song["mixture"]
    stream = separator.stream(window=window, hop=HOP_S, lookahead=LOOKAHEAD_S)
    streamed = np.concatenate((stream.process(mix), stream.flush()), -1)
    # Normalized by the mono mix, as the command line of demucs does.
    mono = torch.from_numpy(mix).mean(0)
    mean, std = mono.mean(), mono.std() + 1e-8
    normalized = (torch.from_numpy(mix) - mean) / std
    theirs = apply_model(demucs, normalized[None], shifts=0, overlap=0.25)[0] * std + mean
    return {
        "streamed": _score(separator, song, streamed[..., stream.latency_samples :]),
        "offline": _score(separator, song, separator.separate(mix)),
        "demucs offline": _score(separator, song, theirs.numpy()),
    }


def _score(separator: Separator, song: Song, estimates: np.ndarray[Any, Any]) -> dict[str, float]:
    """SDR of each stem that the song has, and their mean."""
    separated = dict(zip(separator.stems, estimates, strict=True))
    separated["rest"] = np.sum([e for stem, e in separated.items() if stem not in song], 0)
    scores = {
        stem: sdr(truth, separated[stem]) for stem, truth in song.items() if stem != "mixture"
    }
    scores["mean"] = float(np.mean(list(scores.values())))
    return {stem: round(score, 3) for stem, score in scores.items()}


if __name__ == "__main__":
    sys.exit(main())
