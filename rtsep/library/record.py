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
    origin: Origin
    made: dict[str, Made] = field(default_factory=dict)  # by key

    def text(self) -> str:
        value = {"rtsep": VERSION, "source": vars(self.origin),
                 "made": {key: vars(made) for key, made in sorted(self.made.items())}}  # fmt: skip
        return json.dumps(value, indent=1) + "\n"

    def with_made(self, key: str, made: Made) -> Record:
        """Of what was made earlier, that stays of which no file was written anew."""
        kept = {k: m for k, m in self.made.items() if not m.files.keys() & made.files.keys()}
        return Record(origin=self.origin, made=kept | {key: made})

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
        return Record(origin=Origin(**value["source"]), made=made)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


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
