"""The instant path: how well it takes songs apart, and what a frame costs.

`quality` makes the late stems of each song once, keeps them in `--cache`, and plays the song
against them in every setting; `--delays` moves the hops against the music, and the mean is told.
`memory` does so with memories of several lengths, for whole songs, and `change` with each song
after each other one, whose memory it begins with.
`conceal` is `bench.conceal`: what is heard while the engine stands still for `--stalls` seconds.
`cost` fills the memory with noise for so many minutes and steps on, learning as it goes. It takes
one thread (OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1); on a busy machine only the processor's time
is worth reading.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import rtsep
from bench.conceal import conceal
from bench.hardware import finish
from bench.songs import parser, read_songs
from bench.turns import percentiles
from rtsep.engine.separator import Separator
from rtsep.instant.path import RESOLUTION, InstantPath
from rtsep.instant.settings import InstantSettings
from rtsep.measure.songs import MIXTURE, Audio, Song, score, streamed
from rtsep.metrics import MEAN
from rtsep.mixer.conceal import HOP as FRAME_HOP
from rtsep.mixer.conceal import RATIO_SAMPLES, WINDOW, ratios_of
from rtsep.setup.runtime import prepare_process

RATE, HOP, LOOKAHEAD = 44_100, 4096, 2048
BASE = InstantSettings(stems=4, channels=2, sample_rate=RATE)
LATE = 0.279  # seconds, age at the most
Way = tuple[InstantSettings, float, int]
# Name: (settings, age in seconds, samples that arrive together: a hop, or evenly).
WAYS: dict[str, Way] = {
    "as it is": (BASE, LATE, HOP),
    "late stems at a constant 279 ms": (BASE, LATE, 512),
    "at a constant 140 ms": (BASE, 0.140, 512),
    "at a constant 93 ms": (BASE, 0.093, 512),
    "up to 204 ms, as on two cores": (BASE, 0.204, HOP),
    "hop 256": (replace(BASE, hop=256), LATE, HOP),
    "16 neighbours": (replace(BASE, neighbours=16), LATE, HOP),
    "48 neighbours": (replace(BASE, neighbours=48), LATE, HOP),
    "192 neighbours": (replace(BASE, neighbours=192), LATE, HOP),
    "8 updates": (replace(BASE, updates=8), LATE, HOP),
    "30 updates": (replace(BASE, updates=30), LATE, HOP),
    "192 neighbours, 30 updates": (replace(BASE, neighbours=192, updates=30), LATE, HOP),
    "memory of 2 s": (replace(BASE, capacity_seconds=2.0), LATE, HOP),
    "memory of 5 s": (replace(BASE, capacity_seconds=5.0), LATE, HOP),
    "memory of 10 s": (replace(BASE, capacity_seconds=10.0), LATE, HOP),
}
# For songs that are longer than what is remembered, such as that of `bench.whole_song`.
MEMORIES: dict[str, Way] = {
    f"memory of {seconds:g} s": (replace(BASE, capacity_seconds=seconds), LATE, HOP)
    for seconds in (10.0, 30.0, 60.0, 180.0, 600.0)
} | {"hop 256": WAYS["hop 256"]}
MINUTES = (0.5, 3.0, 10.0, 60.0)


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("what", choices=["quality", "memory", "change", "conceal", "cost"])
    arguments.add_argument("--delays", type=int, nargs="*", default=[0], help="in samples")
    arguments.add_argument("--stalls", type=float, nargs="*", default=[0.2, 0.5, 2.0])
    arguments.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()))
    args = arguments.parse_args()
    prepare_process()
    if args.what == "cost":
        cost(MINUTES[0])  # warms up: the first frames of a process load what NumPy left for later
        figures: dict[str, Any] = {"minutes": {str(minutes): cost(minutes) for minutes in MINUTES}}
        for minutes, row in figures["minutes"].items():
            print(f"{minutes:>5s} min", row, flush=True)
    else:
        separator = rtsep.load("htdemucs", device="cpu", precision="fp32")
        songs = read_songs(args.songs)
        figures = {"delays": args.delays} if args.what in ("quality", "memory") else {}
        figures["sdr_db"] = measured(separator, songs, args)
    finish(f"instant-{args.what}", figures, save=args.save)
    return 0


def measured(
    separator: Separator, songs: dict[str, Song], args: argparse.Namespace
) -> dict[str, Any]:
    """What was asked for, by song."""
    delays, cache = args.delays, args.cache
    if args.what == "change":
        return changes(separator, songs, cache)
    if args.what == "conceal":
        return {
            name: concealed(separator, name, song, args.stalls, cache)
            for name, song in songs.items()
        }
    ways = MEMORIES if args.what == "memory" else WAYS
    return {
        name: quality(separator, name, song, delays, cache, ways) for name, song in songs.items()
    }


def changes(separator: Separator, songs: dict[str, Song], cache: Path) -> dict[str, Any]:
    """Of each song alone, and with the memory of another one that was heard just before."""
    late = {
        name: late_stems(separator, song[MIXTURE], cache / f"late-{name}-0.npy")
        for name, song in songs.items()
    }
    late = {name: stems[..., : songs[name][MIXTURE].shape[1]] for name, stems in late.items()}
    rows: dict[str, dict[str, float]] = {}
    for name, song in songs.items():
        for before in (None, *(other for other in songs if other != name)):
            parts = [name] if before is None else [before, name]
            mix = np.concatenate([songs[part][MIXTURE] for part in parts], -1)
            known = np.concatenate([late[part] for part in parts], -1)
            first = mix.shape[1] - song[MIXTURE].shape[1]
            stems = play(mix, known, *WAYS["as it is"])[..., first:]
            truth = {track: audio[:, : stems.shape[-1]] for track, audio in song.items()}
            found = score(separator.stems, truth, stems)[MEAN]
            rows.setdefault(name, {})["alone" if before is None else f"after {before}"] = found
        print(name, rows[name], flush=True)
    return rows


def concealed(
    separator: Separator, name: str, song: Song, stalls: list[float], cache: Path
) -> dict[str, dict[str, float]]:
    """By the length of the stalls, then by the policy."""
    late = late_stems(separator, song[MIXTURE], cache / f"late-{name}-0.npy")
    found = {}
    for stall in stalls:
        found[f"{stall:g} s"] = row = conceal(song, late, stall)
        print(f"{name:16s} {stall:g} s", row, flush=True)
    return found


def quality(
    separator: Separator,
    name: str,
    song: Song,
    delays: list[int],
    cache: Path,
    ways: Mapping[str, Way],
) -> dict[str, float]:
    """Mean SDR of the stems, in these ways, over the delays."""
    rows: dict[str, list[float]] = {}
    for delay in delays:
        delayed = {track: np.pad(audio, ((0, 0), (delay, 0))) for track, audio in song.items()}
        late = late_stems(separator, delayed[MIXTURE], cache / f"late-{name}-{delay}.npy")
        mix = delayed[MIXTURE]
        estimates = {way: play(mix, late, *chosen) for way, chosen in ways.items()}
        estimates |= {"hold": held(mix, late), "late stems themselves": late}
        for way, stems in estimates.items():
            truth = {track: audio[:, : stems.shape[-1]] for track, audio in delayed.items()}
            found = score(separator.stems, truth, stems[..., : mix.shape[1]])[MEAN]
            rows.setdefault(way, []).append(found)
    means = {way: round(float(np.mean(values)), 2) for way, values in rows.items()}
    for way, value in means.items():
        print(f"{name:16s} {way:34s} {value:6.2f}", flush=True)
    return means


def late_stems(separator: Separator, mix: Audio, path: Path) -> Audio:
    if not path.exists():
        stream = separator.stream(hop=HOP / RATE, lookahead=LOOKAHEAD / RATE)
        np.save(path, streamed(stream, mix))
    stems: Audio = np.load(path)
    return stems


def known_at(end: int, age: float, piece: int) -> int:
    """Samples of late stems that are there when `end` samples of sound are."""
    came = end - (round(age * RATE) - LOOKAHEAD - piece)
    return max(came // piece * piece - LOOKAHEAD, 0)


def play(mix: Audio, late: Audio, settings: InstantSettings, age: float, piece: int) -> Audio:
    path, hop, known, out = InstantPath(settings), settings.hop, 0, []
    for end in range(hop, mix.shape[1] + 1, hop):
        until = known_at(end, age, piece)
        path.learn(known, late[..., known:until])
        known = max(known, until)
        out.append(path.process(mix[:, end - hop : end]).copy())
    return np.concatenate(out, -1)[..., hop:]


def held(mix: Audio, late: Audio) -> Audio:
    """The policy `hold`, with the newest ratios that are there for each of its frames."""
    window = np.sin(np.pi * np.arange(WINDOW) / WINDOW).astype(np.float32)
    out = np.zeros_like(late)
    for stop in range(WINDOW, mix.shape[1] + 1, FRAME_HOP):
        frame = slice(stop - WINDOW, stop)
        known = late[..., : known_at(stop, LATE, HOP)][..., -RATIO_SAMPLES:]
        spectrum = np.fft.rfft(mix[:, frame] * window)
        out[..., frame] += window * np.fft.irfft(spectrum * ratios_of(known)[:, None], WINDOW)
    return out


def cost(minutes: float) -> dict[str, Any]:
    """Milliseconds of a frame, by the clock and of the processor, with what it learns."""
    path, rng = InstantPath(BASE), np.random.default_rng(0)
    frames = round(minutes * 60 * RATE / BASE.hop)  # all are written, and some forgotten
    shape = (BASE.stems, 2 * RESOLUTION)
    for number in range(frames):
        path.memory.write(rng.standard_normal(path.memory.key_size), rng.random(shape), number)
    wall, processor, known = list[float](), list[float](), 0
    sound = rng.standard_normal((BASE.stems, 2, 20 * RATE)).astype(np.float32) * 0.1
    mix = sound.sum(0)
    for end in range(BASE.hop, mix.shape[1] + 1, BASE.hop):
        began, began_cpu = time.perf_counter(), time.thread_time()
        until = known_at(end, LATE, HOP)
        path.learn(known, sound[..., known:until])
        known = max(known, until)
        path.process(mix[:, end - BASE.hop : end])
        processor.append(time.thread_time() - began_cpu)
        wall.append(time.perf_counter() - began)
    return {
        "frames_heard": frames,
        "frames_kept": len(path.memory),
        "mib": round(path.memory.nbytes / 2**20, 1),
        "wall_ms": percentiles(wall, ("p50", "p99", "p99.9", "max"), digits=2),
        "processor_ms": percentiles(processor, ("p50", "p99", "p99.9", "max"), digits=2),
    }


if __name__ == "__main__":
    sys.exit(main())
