"""Scenes in a file of the user's, so that they outlive a session."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from rtsep.atomic import endless, write_text_atomically
from rtsep.mixer.scenes import SCENES, Scene, checked_scene

FORMAT = 1
LARGEST_FILE = 1 << 20
DAMAGED = ".damaged"  # behind the name of a file that was no longer one of ours


class SceneFile:
    """`on_event` is told what cannot be read or written; nothing is raised, since the sound goes on
    without scenes."""

    def __init__(self, path: Path, on_event: Callable[[str], object]) -> None:
        self.path = path
        self._on_event = on_event

    def load(self) -> dict[int, Scene]:
        """All that there are; none where there is no file, or one that cannot be read."""
        try:
            return self._read()
        except (OSError, ValueError, RecursionError) as error:
            self._on_event(f"no scenes from {self.path}: {_reason(error)}")
            return {}

    def keep(self, number: int, scene: Scene) -> None:
        """In the place of what had that number. Others, also of another session, stay."""
        try:
            self._write({**self._others(), number: scene})
        except OSError as error:
            self._on_event(
                f"scene {number} is gone with this session: {self.path} cannot be written "
                f"({_reason(error)})"
            )

    def _others(self) -> dict[int, Scene]:
        """What cannot be read is kept under another name, for whoever can mend it."""
        try:
            return self._read()
        except (ValueError, RecursionError):
            os.replace(self.path, self.path.with_name(self.path.name + DAMAGED))
            return {}

    def _read(self) -> dict[int, Scene]:
        if not self.path.exists():
            return {}
        if endless(self.path):
            raise ValueError("it is no regular file")
        with self.path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ValueError("it is too large")
        tables = json.loads(content)
        if not isinstance(tables, dict) or tables.get("format") != FORMAT:
            raise ValueError("it is not of this version")
        scenes = tables.get("scenes")
        if not isinstance(scenes, dict):
            raise ValueError("it has no scenes")
        return {n: checked_scene(scenes[str(n)]) for n in SCENES if str(n) in scenes}

    def _write(self, scenes: dict[int, Scene]) -> None:
        tables = {"format": FORMAT, "scenes": {str(n): scenes[n] for n in sorted(scenes)}}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomically(self.path, json.dumps(tables, indent=1) + "\n")


def scenes_path() -> Path:
    """Where this system keeps what a user's programs remember."""
    from platformdirs import user_state_path

    return user_state_path("rtsep") / "scenes.json"


def _reason(error: Exception) -> str:
    told = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return " ".join(told.split())[:160]
