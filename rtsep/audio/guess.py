"""What a file seems to be that no decoder reads, in words. Knows nothing of sound."""

from __future__ import annotations

import codecs
from pathlib import Path

_BEGINNING = 1 << 16  # bytes that are looked at
_SHORT = 128  # bytes that hold no sound in any format
_ID3_HEADER = 10  # bytes
_MAGIC = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"PK\x03\x04": "a ZIP archive",
    b"Rar!": "an archive",
    b"7z\xbc\xaf": "an archive",
    b"\x1f\x8b": "an archive",
}


def guess(path: Path) -> str:
    """Empty where it is anything or nothing. Raises OSError."""
    with path.open("rb") as file:
        start = file.read(_BEGINNING)
    if not start.strip(b"\0"):
        return "it begins with nothing but zeros, as a download does that did not end"
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return f"it is {kind}"
    if start.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "it is a web page"
    if _is_text(start):
        return "it is text"
    if len(start) < _SHORT:
        return f"it has only {len(start)} bytes"
    if start.startswith(b"ID3") and not start[_tags_end(start) :].strip(b"\0"):
        return "it has tags, and no sound behind them"
    return ""


def _is_text(start: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char.isspace() for char in text)


def _tags_end(start: bytes) -> int:
    """Of a tag of ID3, whose size is in bytes of seven bits."""
    size = 0
    for byte in start[6:_ID3_HEADER]:
        size = size << 7 | byte & 0x7F
    return _ID3_HEADER + size
