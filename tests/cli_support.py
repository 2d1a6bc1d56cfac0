"""Running the command line, in this process or in one of its own, and reading what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The last line of standard output; fails on NaN and infinity, which are not JSON."""
        last: dict[str, Any] = json.loads(self.out.splitlines()[-1], parse_constant=pytest.fail)
        return last

    @property
    def said(self) -> list[str]:
        """The lines for a person, but for what is said while something takes its time."""
        return [line for line in self.err.splitlines() if not line.endswith(" ...")]

    @property
    def complaint(self) -> str:
        """The error, which is all that was printed, in at most two lines."""
        assert self.out == "" and self.err.endswith("\n"), self
        assert 1 <= len(self.said) <= 2 and self.said[0].startswith("rtsep: "), self
        return "\n".join(self.said) + "\n"


Rtsep = Callable[..., Done]


def start(*command: object, cache: Path | None = None) -> subprocess.Popen[str]:
    """`python COMMAND` with a cache folder of its own and warnings as errors."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", *map(str, command)],
        env={**os.environ, **({"RTSEP_CACHE": str(cache)} if cache else {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=300)
    return Done(process.returncode, out, err)


def sound(path: Path) -> np.ndarray:
    """(channels, samples)"""
    return soundfile.read(path, dtype="float32", always_2d=True)[0].T


def db(audio: np.ndarray) -> float:
    """Level of the highest peak."""
    return float(20 * np.log10(np.abs(audio).max() + 1e-30))
