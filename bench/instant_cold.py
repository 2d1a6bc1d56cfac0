"""The first seconds of the instant path, whose memory is empty: alone, and with a starter memory.

A starter memory is what the path has learnt from `--clips` seconds of each song in `--music`, with
the stems that the network finds in them offline. Every song that is measured is begun anew every
half a minute. Late stems are made once, of whole songs, and kept in `--cache`. What is told are
medians over all beginnings; stems more than 30 dB below the mixture are not counted, and where
less is left of a song than a row asks for, it is not in that row.
"""

from __future__ import annotations

import sys
import tempfile
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch

import rtsep
from bench.hardware import finish
from bench.instant import BASE, HOP, LATE, RATE, known_at, late_stems
from bench.songs import parser, read_songs
from rtsep.audio.files import read_audio
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.instant.path import InstantPath
from rtsep.measure.songs import MIXTURE, Audio, Song, excerpt, score
from rtsep.metrics import MEAN
from rtsep.setup.runtime import prepare_process

ALONE = "memory alone"
SECONDS = (2, 5, 10, 30)  # from the beginning
EVERY = 30  # seconds of a song, a beginning
KNOWN_SONG = 50  # seconds of a song for the starter memory that are separated
SILENCE = 1  # seconds between that and a beginning
AUDIBLE = 1e-3  # of the mixture's energy

Scores = dict[int, float]  # SDR by seconds


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("--music", type=Path, required=True, help="folder with other songs")
    arguments.add_argument("--clips", type=float, nargs="*", default=[0.5, 4.0])
    arguments.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()))
    args = arguments.parse_args()
    prepare_process()
    separator = rtsep.load("htdemucs", device="cpu", precision="fp32")
    others = other_songs(separator, args.music, args.cache)
    paths = {ALONE: InstantPath(BASE)}
    for clip in args.clips:
        paths[f"{clip:g} s of each other song"] = path = InstantPath(BASE)
        teach(path, np.concatenate([middle(stems, clip) for stems in others], -1))
    rows: dict[str, list[Scores]] = {way: [] for way in paths}
    for name, song in read_songs(args.songs).items():
        late = late_stems(separator, song[MIXTURE], args.cache / f"late-{name}-0.npy")
        for first in range(0, song[MIXTURE].shape[1], EVERY * RATE):
            for way, path in paths.items():
                found = begun(separator.stems, path, song, late, first)
                rows[way].append(found)
                print(f"{name:16s} {first // RATE:4d} s {way:28s} {found}", flush=True)
    figures = {
        "frames": {way: len(path.memory) for way, path in paths.items()},
        "median_sdr_db": {way: medians(scores) for way, scores in rows.items()},
        "beginnings_that_gained_and_lost": {
            way: against(scores, rows[ALONE]) for way, scores in rows.items() if way != ALONE
        },
    }
    finish("instant-cold", figures, save=args.save)
    return 0


def other_songs(separator: Separator, folder: Path, cache: Path) -> list[Audio]:
    """Stems of the beginning of each."""
    found = []
    for file in sorted(folder.iterdir()):
        kept = cache / f"offline-{file.stem}.npy"
        if not kept.exists():
            mix = read_audio(file, RATE)[:, : KNOWN_SONG * RATE]
            np.save(kept, separator.separate(torch.from_numpy(mix.copy())).numpy())
        found.append(np.load(kept))
    return found


def middle(stems: Audio, seconds: float) -> Audio:
    samples = round(seconds * RATE)
    first = (stems.shape[-1] - samples) // 2
    return stems[..., first : first + samples]


def teach(path: InstantPath, stems: Audio) -> None:
    """Their sum is heard, and they are known at once. Silence follows."""
    hop = path.settings.hop
    stems = np.pad(
        stems, ((0, 0), (0, 0), (0, -stems.shape[-1] % hop + SILENCE * RATE // hop * hop))
    )
    for first in range(0, stems.shape[-1], hop):
        block, position = stems[..., first : first + hop], path.position
        path.process(block.sum(0))
        path.learn(position, block)


def begun(stems: tuple[str, ...], path: InstantPath, song: Song, late: Audio, first: int) -> Scores:
    """From sample `first` on, with what the path knows by now."""
    part = excerpt(song, first, first + SECONDS[-1] * RATE)
    estimates = follow(
        deepcopy(path), part[MIXTURE], late[..., first : first + part[MIXTURE].shape[1]]
    )
    scores = {}
    for seconds in SECONDS:
        samples = min(seconds * RATE, estimates.shape[-1])
        if samples > (seconds - 1) * RATE:
            value = audible(stems, excerpt(part, 0, samples), estimates[..., :samples])
            if value is not None:
                scores[seconds] = value
    return scores


def follow(path: InstantPath, mix: Audio, late: Audio) -> Audio:
    """As `bench.instant.play`, with a path that has heard something before."""
    hop, begin, known, out = path.settings.hop, path.position, 0, []
    for end in range(hop, mix.shape[1] + 1, hop):
        until = known_at(end, LATE, HOP)
        path.learn(begin + known, late[..., known:until])
        known = max(known, until)
        out.append(path.process(mix[:, end - hop : end]).copy())
    return np.concatenate(out, -1)[..., hop:]


def audible(stems: tuple[str, ...], song: Song, estimates: Audio) -> float | None:
    """Mean SDR of the stems that are heard; None where all rest."""
    least = AUDIBLE * float(np.sum(song[MIXTURE] ** 2))
    try:
        found = score(stems, song, estimates)
    except ConfigError:
        return None
    values = [v for stem, v in found.items() if stem != MEAN and np.sum(song[stem] ** 2) > least]
    return round(float(np.mean(values)), 3) if values else None


def medians(rows: list[Scores]) -> Scores:
    return {
        seconds: round(float(np.median([row[seconds] for row in rows if seconds in row])), 2)
        for seconds in SECONDS
    }


def against(rows: list[Scores], others: list[Scores]) -> dict[int, tuple[int, int]]:
    """How many are better, and how many worse."""
    pairs = list(zip(rows, others, strict=True))
    return {
        seconds: (
            sum(row[seconds] > other[seconds] for row, other in pairs if seconds in row),
            sum(row[seconds] < other[seconds] for row, other in pairs if seconds in row),
        )
        for seconds in SECONDS
    }


if __name__ == "__main__":
    sys.exit(main())
