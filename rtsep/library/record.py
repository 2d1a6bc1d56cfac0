"""What an item's folder says of itself: which file it was made of, and what was made whole.

It is written last. A folder without one, or whose files are not as it says, is not finished.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RECORD = "rtsep.json"
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
VERSION = 1  # of the record, and of how stems are made


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A file as it was when it was read."""

    name: str
    bytes: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """One way in which it was separated; `files` are names and their sizes."""

    seconds: float
    files: dict[str, int]
    notes: list[str]
    settings: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Record:
    """`names` are of all files that were ever put there, whole or not: so that none of them is
    taken for a song."""

    origin: Origin
    made: dict[str, Made] = field(default_factory=dict)  # by key
    names: tuple[str, ...] = ()

    def text(self) -> str:
        value = {"rtsep": VERSION, "source": vars(self.origin), "files": sorted(self.names),
                 "made": {key: vars(made) for key, made in sorted(self.made.items())}}  # fmt: skip
        return json.dumps(value, indent=1) + "\n"

    def following(self, before: Record | None) -> Record:
        """The next one of a folder: what was made of the same content stays, and all names."""
        if before is None:
            return self
        made = before.made if before.origin.sha256 == self.origin.sha256 else {}
        names = tuple({*before.names, *self.names})
        return Record(origin=self.origin, made=made | self.made, names=names)

    def without(self, made: Made) -> Record:
        """Of what was made earlier, that of which no file is written anew."""
        kept = {k: m for k, m in self.made.items() if not m.files.keys() & made.files.keys()}
        return Record(origin=self.origin, made=kept, names=self.names)

    def with_made(self, key: str, made: Made) -> Record:
        kept = self.without(made)
        return Record(origin=self.origin, made=kept.made | {key: made}, names=self.names)

    def finished(self, key: str, folder: Path) -> Made | None:
        """What was made with this key, if all of it is there."""
        made = self.made.get(key)
        if made is None:
            return None
        whole = all(_size(folder / name) == size for name, size in made.files.items())
        return made if whole else None


def record_of(folder: Path) -> Record | None:
    """None where there is none that can be read."""
    try:
        value = json.loads((folder / RECORD).read_text("utf-8"))
        if value["rtsep"] != VERSION:
            return None
        made = {key: Made(**made) for key, made in value["made"].items()}
        names = tuple(_names(value))
        return Record(origin=Origin(**value["source"]), made=made, names=names)
    except _UNREADABLE:
        return None


def names_in(folder: Path) -> frozenset[str] | None:
    """Of the files in it that are results, by its record, also by one of a later version; None if
    it cannot be read."""
    try:
        return frozenset(_names(json.loads((folder / RECORD).read_text("utf-8"))))
    except _UNREADABLE:
        return None


def _names(value: Any) -> set[str]:
    named = [
        *value.get("files", ()),
        *(n for each in value["made"].values() for n in each["files"]),
    ]
    return {name for name in named if isinstance(name, str)}


def known_origin(record: Record | None, path: Path) -> Origin | None:
    """That of the record, if the file has its name, size and time still."""
    if record is None:
        return None
    found, origin = path.stat(), record.origin
    same = (path.name, found.st_size, found.st_mtime_ns) == (
        origin.name,
        origin.bytes,
        origin.mtime_ns,
    )
    return origin if same else None


def key_of(content: str, weights: str, settings: Mapping[str, Any]) -> str:
    """The name of a result: of what was heard, by which network, and what it was asked for."""
    value = {"version": VERSION, "content": content, "weights": weights, **settings}
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _size(path: Path) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None
