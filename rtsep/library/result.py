"""What a run tells of each file, the log of it, and how both end."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rtsep.errors import RtsepError

OK, THERE, COPIED, FAILED = "ok", "there", "copied", "failed"


class DiskFullError(RtsepError):
    """There is no space for more results; those that there are are whole."""


@dataclass(frozen=True, kw_only=True)
class LibraryResult:
    """Of a file: "ok", "there" already, "copied" from one with the same content, or "failed" with a
    `kind` and a `message`.

    `files` are there in `folder`, whole. `seconds` are of audio, `wall_seconds` of time.
    """

    path: Path
    folder: Path
    status: str
    kind: str = ""
    message: str = ""
    files: Sequence[Path] = ()
    notes: Sequence[str] = field(default_factory=tuple)
    seconds: float = 0.0
    wall_seconds: float = 0.0
    sha256: str = ""
    key: str = ""

    @property
    def ok(self) -> bool:
        return self.status != FAILED

    @property
    def times_real_time(self) -> float | None:
        """How many seconds of audio a second took, where it took any."""
        took = self.wall_seconds if self.seconds else 0.0
        return round(self.seconds / took, 3) if took else None

    def as_dict(self) -> dict[str, Any]:
        """As JSON; a path that is no text keeps its bytes as JSON's escapes."""
        return {
            "file": str(self.path),
            "status": self.status,
            "kind": self.kind or None,
            "message": self.message or None,
            "folder": str(self.folder),
            "files": [file.name for file in self.files],
            "notes": list(self.notes),
            "seconds": self.seconds,
            "wall_seconds": round(self.wall_seconds, 3),
            "times_real_time": self.times_real_time,
            "sha256": self.sha256 or None,
            "key": self.key or None,
        }


class Log:
    """A line of JSON per file, each written whole; a shard has a log of its own."""

    def __init__(self, out: Path, shard: tuple[int, int]) -> None:
        part, parts = shard
        self.path = out / (f"rtsep-log-{part}-of-{parts}.jsonl" if parts > 1 else "rtsep-log.jsonl")
        self.whole = True

    def write(self, result: LibraryResult) -> None:
        """On a full disk nothing is written, and it is not `whole` any more."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        line = json.dumps({"time": now, **result.as_dict()}) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            end = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                self.whole &= os.write(end, line.encode("ascii")) == len(line)
            finally:
                os.close(end)
        except OSError:
            self.whole = False
