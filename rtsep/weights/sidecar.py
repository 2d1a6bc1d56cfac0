"""The yaml with which trainers describe the network whose weights lie beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtsep.errors import ModelError
from rtsep.weights.yaml_file import LARGEST_BYTES, read_yaml

SUFFIXES = (".yaml", ".yml")
SECTION = "htdemucs"  # of the arguments, in the files of Music-Source-Separation-Training
MOST_READ = 64  # of a folder
# An option of that trainer's own network, which without it is demucs'.
SUBBANDS = "num_subbands"


@dataclass(frozen=True, kw_only=True)
class Described:
    """`arguments` are those of demucs' HTDemucs; `origin` is the yaml's name."""

    origin: str
    arguments: dict[str, Any]


def beside(path: Path) -> Iterator[Described]:
    """Descriptions of an HTDemucs in the folder of `path`: one of its own name, else all there are,
    since their names and those of the weights need not be alike."""
    own = [file for file in _files(path.parent) if file.stem in (path.stem, path.name)]
    for file in own or itertools.islice(_files(path.parent), MOST_READ):
        try:
            found = _described(file)
        except (ModelError, OSError):
            continue
        if found:
            yield found


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(
            file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file()
        )
    except OSError:
        return []


def _described(file: Path) -> Described | None:
    if file.stat().st_size > LARGEST_BYTES:
        return None
    content = read_yaml(file, "the description of a network")
    arguments = content.get(SECTION) if isinstance(content, dict) else None
    training = content.get("training") if isinstance(content, dict) else None
    if not isinstance(arguments, dict) or not isinstance(training, dict):
        return None
    if arguments.get(SUBBANDS, 1) != 1 or not isinstance(training.get("instruments"), list):
        return None
    target = training.get("target_instrument")
    names = {"audio_channels": "channels", "samplerate": "samplerate", "segment": "segment"}
    trained = {name: training[key] for name, key in names.items() if key in training}
    sources = [target] if target else training["instruments"]
    own = {name: value for name, value in arguments.items() if name != SUBBANDS}
    return Described(origin=file.name, arguments={"sources": sources, **trained, **own})
