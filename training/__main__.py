"""Train an official network for the right edge of its window, on a folder of music.

Goes on with what it finds in the folder of the results: student.safetensors and
moments.safetensors (the checkpoint), delta.safetensors (the best so far), training.jsonl (a line
for every step and look).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import time
from pathlib import Path

from rtsep.engine.precision import TF32
from rtsep.errors import ConfigError, RtsepError
from rtsep.setup.load import assembled, choose_device
from rtsep.setup.runtime import prepare_process
from rtsep.weights import load_checkpoint
from training.settings import Settings
from training.songs import Song, read_songs
from training.student import Student
from training.trainer import Trainer

# What --small changes: half a second of window, few hops, one window a step.
SMALL = Settings(batch=1, window=22, hops=(2, 4), lookaheads=(1, 2), rank=4)


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    began = time.monotonic()
    stopping = _stop_signal()
    prepare_process()
    try:
        trainer = _trainer(args)
        left = args.minutes - (time.monotonic() - began) / 60
        trainer.train(steps=args.steps, minutes=left, every=args.every, stop=lambda: bool(stopping))
    except RtsepError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps({"step": trainer.step, "minutes": round((time.monotonic() - began) / 60, 2)}))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--music", type=Path, required=True, help="folder with songs")
    parser.add_argument("--to", type=Path, required=True, help="folder for all results")
    parser.add_argument("--model", default="htdemucs", help="official network that is trained")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=1e6, help="at most")
    parser.add_argument("--steps", type=int, default=10**9, help="at most, in all")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two looks")
    parser.add_argument("--watched", type=float, default=8.0, help="seconds of each song")
    parser.add_argument("--held-out", nargs="+", default=["6"], metavar="NAME",
                        help="songs that are only watched, or every so manyth")  # fmt: skip
    parser.add_argument("--teacher", type=Path, help="folder that keeps the teacher's stems")
    parser.add_argument("--batch", type=int, help="windows a step")
    parser.add_argument("--small", action="store_true", help="short windows and few hops")
    return parser


def _trainer(args: argparse.Namespace) -> Trainer:
    device = choose_device(args.device)
    settings = SMALL if args.small else Settings()
    if args.batch:
        settings = dataclasses.replace(settings, batch=args.batch)
    checkpoint = load_checkpoint(args.model)
    (weights,) = checkpoint.networks
    teacher = assembled(checkpoint, device, TF32, "eager")
    held = round((args.watched + settings.window / 43) * weights.config.sample_rate)
    songs = read_songs(args.music, teacher, held_samples=held, keep=args.teacher)
    return Trainer(
        Student(weights.config, weights.state, device),
        settings,
        songs,
        held_out=_held_out(songs, args.held_out),
        folder=args.to,
        base=checkpoint.name,
        facts={"network": weights.signature, "songs": _licences(args.music, songs)},
    )


def _held_out(songs: list[Song], wanted: list[str]) -> list[str]:
    """Raises ConfigError for a song that is not there."""
    names = [song.name for song in songs]
    if len(wanted) == 1 and wanted[0].isdecimal():
        return names[int(wanted[0]) - 1 :: int(wanted[0])]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ConfigError(f"--held-out: no song {missing[0]}; there are {', '.join(names)}")
    return wanted


def _licences(folder: Path, songs: list[Song]) -> dict[str, str]:
    """Of each song, as the manifest beside the music says."""
    path = folder / "manifest.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    return {song.name: known.get(song.name, {}).get("licence", "unknown") for song in songs}


def _stop_signal() -> list[int]:
    """Fills when this process is asked to end, so that a last checkpoint is written."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: asked.append(got))
    return asked


if __name__ == "__main__":
    sys.exit(main())
