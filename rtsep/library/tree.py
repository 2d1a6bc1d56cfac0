"""Which files a library has, and in which folder the stems of each will lie.

A file that was named itself goes to OUT/<name without suffix>, one of a folder that was named to
OUT/<that folder's name>/<its way from there, without suffix>. Where two would meet, or one would
lie inside another, their full names come in, then more of the way to them. So the places depend on
the files that there are and on nothing else. Reads no sound.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from rtsep.errors import AudioFileError
from rtsep.library.record import RECORD, names_in

# What holds sound. Other files are looked at only if they were named themselves.
SUFFIXES = frozenset(
    (".aac", ".ac3", ".aif", ".aifc", ".aiff", ".alac", ".amr", ".ape", ".au", ".caf", ".dsf",
     ".dts", ".eac3", ".flac", ".m4a", ".m4b", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4",
     ".mpc", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".spx", ".tak", ".tta", ".w64", ".wav",
     ".wave", ".webm", ".wma", ".wv")
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """A file and the folder of its stems."""

    path: Path
    folder: Path


@dataclass
class Tree:
    """`refused` are folders that could not be read, and why; `passed` counts the files that are no
    sound by their names, by suffix; `below_out` those that are sound, lie where results go, and are
    none."""

    items: list[Item] = field(default_factory=list)
    refused: list[tuple[Path, str]] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    below_out: int = 0


def tree_of(paths: Sequence[Path], out: Path) -> Tree:
    """Raises AudioFileError for a path that is not there."""
    tree = Tree()
    depths: dict[Path, int] = {}  # how much of its way a file's place takes
    for path in paths:
        for file, depth in _files_of(path, out, tree):
            depths.setdefault(_absolute(file), depth)
    places = _places(depths)
    tree.items = [Item(file, out / place) for file, place in places.items()]
    return tree


def _files_of(path: Path, out: Path, tree: Tree) -> Iterator[tuple[Path, int]]:
    if not os.path.lexists(path):
        raise AudioFileError(f"no such file or folder: {path}; check the path")
    if not path.is_dir():
        yield path, 1
        return
    root = _absolute(path)
    for file in _walk(root, _absolute(out), tree):
        yield file, len(file.relative_to(root).parts) + bool(root.name)


def _walk(root: Path, out: Path, tree: Tree) -> Iterator[Path]:
    """Without results, of this run or another, and what is hidden."""

    def in_out(folder: Path) -> bool:
        return folder.is_relative_to(out) and not root.is_relative_to(out)

    def refuse(error: OSError) -> None:
        folder = Path(error.filename)
        if not in_out(folder):
            tree.refused.append((folder, f"cannot read the folder: {error.strerror}"))

    for name, folders, files in os.walk(root, onerror=refuse):
        folder = Path(name)
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        sound = list(_sound_of(folder, files, tree))
        if in_out(folder):
            tree.below_out += len(sound)
        else:
            yield from sound


def _sound_of(folder: Path, files: Sequence[str], tree: Tree) -> Iterator[Path]:
    """Files in a folder but its results, which a record names: songs may lie beside them."""
    results = names_in(folder) if RECORD in files else frozenset()
    if results is None:
        tree.refused.append((folder, f"its {RECORD} cannot be read, so that nobody knows which "
                                     "files are results; remove it, or all of them"))  # fmt: skip
        return
    ours = {_composed(each) for each in (*results, RECORD)}
    for file in sorted(files):
        suffix = os.path.splitext(file)[1].lower()
        if file.startswith(".") or _composed(file) in ours:
            continue
        if suffix in SUFFIXES:
            yield folder / file
        elif not file.startswith("rtsep-log"):
            tree.passed[suffix] += 1


def _places(depths: dict[Path, int]) -> dict[Path, PurePath]:
    choices = {file: list(_choices(file, depth)) for file, depth in depths.items()}
    taken = dict.fromkeys(choices, 0)
    while True:
        places = {file: choices[file][index] for file, index in taken.items()}
        moving = [f for f in _crowded(places) if taken[f] + 1 < len(choices[f])]
        if not moving:
            return places
        for file in moving:
            taken[file] += 1


def _choices(file: Path, depth: int) -> Iterator[PurePath]:
    """The best first. No other file has the last one."""
    parts = file.parts[1:]
    for count in range(depth, len(parts) + 1):
        folder = PurePath(*parts[-count:-1])
        if file.stem.strip("."):  # "...wav" has the stem "..", which is a place elsewhere
            yield folder / file.stem
        yield folder / file.name
    digest = hashlib.sha256(os.fsencode(file)).hexdigest()[:8]
    yield PurePath(*parts[-depth:-1]) / f"{file.stem}~{digest}"


def _crowded(places: dict[Path, PurePath]) -> Iterable[Path]:
    """Files whose place is another's too, or holds another's. Some systems take large letters for
    small ones, and one spelling of an accent for the other."""
    at: defaultdict[tuple[str, ...], list[Path]] = defaultdict(list)
    for file, place in places.items():
        at[_alike(place)].append(file)
    inside = {place[:end] for place in at for end in range(1, len(place))}
    return [file for place, files in at.items() if len(files) > 1 or place in inside
            for file in files]  # fmt: skip


def _alike(place: PurePath) -> tuple[str, ...]:
    return tuple(_composed(part).casefold() for part in place.parts)


def _composed(name: str) -> str:
    """Some systems give back another spelling of an accent than they were given."""
    return unicodedata.normalize("NFC", name)


def _absolute(path: Path) -> Path:
    """Links stay, and have a place of their own."""
    return Path(os.path.abspath(path))
