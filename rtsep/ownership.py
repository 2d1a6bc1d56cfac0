"""Whose a file is: what is run or laid out as it says is taken from nobody else."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_ours(path: Path) -> bool:
    """Whether a file is there that nobody but us and the system's administrator can have put there.

    A group is trusted, since on many systems everybody is the only member of an own one.
    """
    return is_private(path) and is_private(path.parent)


def is_private(path: Path) -> bool:
    """False if it is not there; true for what is, where the system knows no owners."""
    try:
        found = path.stat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid in (0, os.getuid()) and not found.st_mode & stat.S_IWOTH
