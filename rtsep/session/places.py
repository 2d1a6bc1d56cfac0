"""What the words behind --input and --output mean: devices, files, folders, the demo, nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from rtsep.audio.choose import DEFAULTS
from rtsep.session.sinks import FILE_SUFFIXES

DEMO, NULL = "demo", "null"
_DEVICE = "device:"


class Kind(Enum):
    DEVICE = "device"
    FILE = "file"
    FOLDER = "folder"
    DEMO = "demo"
    NULL = "null"


@dataclass(frozen=True)
class Place:
    """`name` as it was written, without "device:"; "default" for a default device."""

    kind: Kind
    name: str


def input_place(text: str) -> Place:
    """A device is "mic", "device:NAME", or any name that neither exists as a file nor looks like
    one."""
    if text == DEMO:
        return Place(Kind.DEMO, text)
    return _device(text, DEFAULTS["input"]) or (
        Place(Kind.FILE, text)
        if Path(text).exists() or _looks_like_path(text)
        else Place(Kind.DEVICE, text)
    )


def output_place(text: str, *, live: bool) -> Place:
    """A plain name is a folder to make; for a `live` input it is a device, unless there is such a
    folder."""
    if text == NULL:
        return Place(Kind.NULL, text)
    if device := _device(text, DEFAULTS["output"]):
        return device
    if Path(text).suffix.lower() in FILE_SUFFIXES:
        return Place(Kind.FILE, text)
    if live and not Path(text).is_dir() and not _looks_like_path(text):
        return Place(Kind.DEVICE, text)
    return Place(Kind.FOLDER, text)


def _device(text: str, defaults: tuple[str, ...]) -> Place | None:
    if text in defaults:
        return Place(Kind.DEVICE, "default")
    if text.startswith(_DEVICE):
        return Place(Kind.DEVICE, text.removeprefix(_DEVICE))
    return None


def _looks_like_path(text: str) -> bool:
    return any(mark in text for mark in "/\\") or len(Path(text).suffix) in range(3, 7)
