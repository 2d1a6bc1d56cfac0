"""Whether somebody is still at something that lies on a file system which many machines share.

Who is at it holds a lock on a file of their own machine, in the folder for temporary ones, which
the system lets go of whenever and however their process ends. Names of hosts and numbers of
processes would not do: containers share them, and clones of a machine whatever it is told by.
Whoever does not find that file is elsewhere, and knows nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def at_work(name: str) -> Iterator[None]:
    """`name` is like no other in the world. Where no file can be locked, nobody knows. The file
    stays until somebody who has cleared up forgets it."""
    lock = FileLock(_path(name), timeout=0)
    with suppress(OSError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def has_ended(name: str) -> bool | None:
    """Whether nobody is at it any more; None where that is not known here."""
    path = _path(name)
    if not path.exists():
        return None
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False
    except OSError:  # it is another user's
        return None


def forget(name: str) -> None:
    """After the end."""
    with suppress(OSError):
        _path(name).unlink(missing_ok=True)


def _path(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"{name.lstrip('.')}.lock"
