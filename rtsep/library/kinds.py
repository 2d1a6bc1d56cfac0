"""What can be wrong with a file of a library, as data: a kind, and a sentence."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from rtsep.errors import AudioFileError, ConfigError, RtsepError, explained

UNREADABLE = "unreadable"  # no sound in it, or none that can be read
UNSUITABLE = "unsuitable"  # it lacks the channels or the stretch that were asked for
UNWRITABLE = "unwritable"
DISK_FULL = "disk-full"
NOT_FINITE = "not-finite"  # what the network made of it
TIME_LIMIT = "time-limit"
MEMORY = "memory"
CRASHED = "crashed"  # the process that was at it ended
BUG = "bug"

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CARD_FULL = "OutOfMemoryError"  # of torch, which not every process has loaded
_SMALL = 1 << 20  # bytes; less is as good as nothing


class ItemError(Exception):
    """A file cannot be separated."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind, self.message = kind, message


def item_error(error: Exception) -> ItemError:
    """What an error of reading or computing means."""
    if isinstance(error, ItemError):
        return error
    if isinstance(error, MemoryError) or type(error).__name__ == _CARD_FULL:
        return ItemError(MEMORY, "not enough memory; fewer --jobs need less")
    if isinstance(error, AudioFileError):
        return ItemError(UNREADABLE, str(error))
    if isinstance(error, ConfigError):
        return ItemError(UNSUITABLE, str(error))
    if isinstance(error, OSError) and not isinstance(error, RtsepError):
        return ItemError(UNREADABLE, str(explained(error)))
    return ItemError(BUG, str(explained(error)))


def writing_error(error: Exception, folder: Path) -> ItemError:
    """What an error of writing into a folder means."""
    if _disk_full(error, folder):
        return ItemError(DISK_FULL, f"no space left for {folder}; make some and run it again")
    return ItemError(UNWRITABLE, str(error if isinstance(error, RtsepError) else explained(error)))


def _disk_full(error: BaseException | None, folder: Path) -> bool:
    """libsndfile does not say why it could not write."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno in _FULL
        error = error.__cause__
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(there).free < _SMALL
