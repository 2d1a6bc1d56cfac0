"""Where the checks look. Tests give them a machine of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAM_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """`root` is where /proc, /sys and /etc lie, `folder` where takes would be recorded, `programs`
    a search path like PATH (None: the process's own)."""

    cache: Path
    folder: Path
    config: Path | None = None  # of MIDI maps
    model: str = "htdemucs"
    device: str = "auto"
    environment: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path("/")
    platform: str = sys.platform
    programs: str | None = None

    @property
    def linux(self) -> bool:
        return self.platform.startswith("linux")

    def read(self, path: str | Path) -> str | None:
        """The text of a file below the root, without white space around; None without one."""
        try:
            return (self.root / path).read_text(errors="replace").strip()
        except OSError:
            return None

    def read_all(self, pattern: str) -> list[str]:
        """The texts of all files below the root that fit, in the order of their names."""
        texts = [self.read(path) for path in sorted(self.root.glob(pattern))]
        return [text for text in texts if text is not None]

    def program(self, name: str) -> str | None:
        """Where an installed program is."""
        return shutil.which(name, path=self.programs)

    def output_of(self, name: str, arguments: Sequence[str]) -> str | None:
        """What a program prints; None if it is not there, fails, or takes too long."""
        path = self.program(name)
        if path is None:
            return None
        try:
            done = subprocess.run(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROGRAM_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.decode(errors="replace").strip()


def short(path: Path) -> str:
    """A path as it may be shown to others: without the user's name."""
    absolute = path.absolute()
    home = Path("~").expanduser()  # as it stands where there is none
    inside = home != home.parent and absolute.is_relative_to(home)
    return str(Path("~") / absolute.relative_to(home)) if inside else str(absolute)


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    absolute = path.absolute()
    return next(one for one in (absolute, *absolute.parents) if os.path.exists(one))
