"""Questions that go wrong, for `ask`: children import this."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from rtsep.errors import ConfigError


def add(a: int, b: int) -> int:
    return a + b


def hang() -> None:
    time.sleep(600)


def crash() -> None:
    os.abort()


def leave() -> None:
    sys.exit(3)


def refuse() -> None:
    raise ConfigError("no such thing; try another")


def stumble() -> None:
    raise ValueError("first line\nsecond line")


def chatter() -> str:
    """As C libraries do."""
    for stream in (1, 2):
        os.write(stream, b"ALSA lib confmisc.c: no such card\n")
    print("and Python too")
    return "said"


def number(folder: Path) -> int:
    """The process's, also in a file."""
    (folder / "pid").write_text(str(os.getpid()))
    time.sleep(600)
    return 0
