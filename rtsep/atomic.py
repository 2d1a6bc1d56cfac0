"""Files that are there whole or not at all, and what a file is. Knows nothing of models."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CHUNK_BYTES = 1 << 20
ABANDONED_SECONDS = 3600.0  # nothing takes so long to write


def write_atomically(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `target`, then put it in place in one step."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    partial = Path(name)
    try:
        write(partial)
        partial.chmod(0o666 & ~_umask())  # mkstemp makes files that only their owner can read
        _flush_to_disk(partial)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def write_text_atomically(target: Path, text: str) -> None:
    """As `write_atomically`, in UTF-8, with the ends of lines as they are."""

    def write(partial: Path) -> None:
        partial.write_text(text, "utf-8", newline="")

    write_atomically(target, write)


def keep_newest(folder: Path, pattern: str, most: int) -> list[Path]:
    """Remove all such files but those that were used last, and what was killed while one was
    written. Returns those that stay."""
    for partial in folder.glob(f".{pattern}.*.part"):
        with suppress(OSError):  # somebody else's, and finished just now
            if time.time() - partial.stat().st_mtime > ABANDONED_SECONDS:
                partial.unlink()
    files = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime)
    for file in files[:-most]:
        with suppress(OSError):  # in use, on Windows
            file.unlink(missing_ok=True)
    return files[-most:]


def endless(path: Path) -> bool:
    """Whether reading it could wait for ever, or go on for ever: a pipe, a socket, a device."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # opening it will say why
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0o077)  # there is no other way to ask than to set
    os.umask(mask)
    return mask
