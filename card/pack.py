"""Everything that the bare machine lacks, in parts that can be copied one by one.

Of the tree itself nothing is packed: it travels with every part, and part and tree together have
to stay below the limit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from card.bare import WHEELS, download_options
from card.music import build_music, write_opus
from rtsep.audio.files import read_audio
from rtsep.weights import LoggingObserver, load_checkpoint
from rtsep.weights.cache import Cache, default_folder
from rtsep.weights.checkpoint import NetworkWeights
from tests.music import SAMPLE_RATE, stempeg_stems

MODEL = "htdemucs"
ROOT = Path(__file__).parent.parent
SPARE = 1 << 20  # bytes of the limit that stay free
CHECKPOINT = ("student.safetensors", "average.safetensors", "moments.safetensors",
              "training.jsonl", "delta.safetensors")  # fmt: skip


def pack(args: argparse.Namespace) -> int:
    args.to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.to.parent, prefix=".pack-") as folder:
        staged = Path(folder)
        facts = _fill(staged, args)
        files = {path.relative_to(staged): path for path in staged.rglob("*") if path.is_file()}
        parts = _parts(files, args.parts)
        room = round(args.limit * (1 << 20)) - SPARE - tree_bytes()
        for number, part in enumerate(parts, 1):
            size = sum(files[name].stat().st_size for name in part)
            if size > room:
                raise ValueError(
                    f"part {number} has {size} bytes and {room} fit beside the tree; "
                    "take more --parts, or a higher --limit"
                )
        _write(parts, files, facts, args.to)
    return 0


def _fill(staged: Path, args: argparse.Namespace) -> dict[str, Any]:
    downloads = args.downloads or default_folder().parent / "card"
    _wheels(staged / "wheels", here=args.small)
    cache = Cache(staged.parent / f"{staged.name}-small" if args.small else default_folder())
    try:
        weights = _weights(cache, staged / "weights", small=args.small)
    finally:
        if args.small:
            shutil.rmtree(cache.folder)
    _example(staged / "example")
    if args.small:
        music = _small_music(staged / "music")
    else:
        music = build_music(staged / "music", downloads, args.songs)
    for name in CHECKPOINT if args.checkpoint else ():
        if (args.checkpoint / name).exists():
            (staged / "checkpoint").mkdir(exist_ok=True)
            shutil.copyfile(args.checkpoint / name, staged / "checkpoint" / name)
    return {"weights": weights, "wheels": list(WHEELS), "music": music, "commit": _commit()}


def _wheels(to: Path, *, here: bool) -> None:
    command = [sys.executable, "-m", "pip", "download", "-q", "-d", str(to)]
    subprocess.run([*command, *download_options(here=here), *WHEELS], check=True)


def _weights(cache: Cache, to: Path, *, small: bool) -> dict[str, Any]:
    """The model's file in two halves, and what the cache keeps beside it."""
    if small:
        _store_small(cache)
    load_checkpoint(MODEL, cache=cache.folder, observer=LoggingObserver())
    (path,) = cache.model_paths(MODEL)
    to.mkdir()
    split(path, to)
    for beside in (path.with_suffix(".json"), cache.folder / f"{MODEL}.yaml"):
        shutil.copyfile(beside, to / beside.name)
    return {
        "model": MODEL,
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def split(path: Path, to: Path) -> None:
    """Two halves, `NAME.1` and `NAME.2`."""
    data = path.read_bytes()
    middle = len(data) // 2
    (to / f"{path.name}.1").write_bytes(data[:middle])
    (to / f"{path.name}.2").write_bytes(data[middle:])


def _store_small(cache: Cache) -> None:
    """A small network in the place of the official one."""
    from tests.networks import reference, small_config

    config = small_config(channels=8)
    signature = "small"
    state = reference(config).state_dict()
    cache.store_network(NetworkWeights(signature=signature, config=config, state=state))
    cache.store_model(MODEL, [signature], [[1.0] * len(config.stems)])


def _example(to: Path) -> None:
    """The stems of the stempeg example, for machines that cannot decode AAC."""
    to.mkdir()
    for name, audio in stempeg_stems().items():
        soundfile.write(to / f"{name}.flac", audio.T, SAMPLE_RATE, subtype="PCM_16")


def _small_music(to: Path) -> dict[str, dict[str, str]]:
    """Two overlapping excerpts of the example."""
    to.mkdir()
    mix = np.sum(list(stempeg_stems().values()), 0, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "mix.wav"
        soundfile.write(whole, mix.T, SAMPLE_RATE)
        audio = read_audio(whole, 48_000)
    write_opus(to / "first.opus", audio[:, : 4 * 48_000])
    write_opus(to / "second.opus", audio[:, 48_000 : 5 * 48_000])
    return {name: {"licence": "as PyPI's stempeg"} for name in ("first", "second")}


def _parts(files: dict[Path, Path], count: int) -> list[list[Path]]:
    """The largest first, each where there is least so far."""
    parts: list[list[Path]] = [[] for _ in range(count)]
    sizes = [0] * count
    for name in sorted(files, key=lambda name: (-files[name].stat().st_size, name)):
        number = sizes.index(min(sizes))
        parts[number].append(name)
        sizes[number] += files[name].stat().st_size
    return parts


def _write(parts: list[list[Path]], files: dict[Path, Path], facts: Any, to: Path) -> None:
    """Every part knows all files, so that one that is missing is missed."""
    hashes = {str(name): hashlib.sha256(path.read_bytes()).hexdigest()
              for name, path in files.items()}  # fmt: skip
    where = {str(name): f"part-{n}" for n, part in enumerate(parts, 1) for name in part}
    manifest = json.dumps({**facts, "sha256": hashes, "part": where}, indent=1) + "\n"
    for number, part in enumerate(parts, 1):
        folder = to / f"part-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        for name in part:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(files[name], folder / name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text(manifest)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{folder}: {size / 1e6:.1f} MB")
    print(f"the tree beside it: {tree_bytes() / 1e6:.1f} MB")


def tree_bytes() -> int:
    """Of all files that git tracks, and those it does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0")
    paths = [ROOT / name.decode() for name in names if name]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip()
