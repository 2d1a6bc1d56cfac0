"""What the words behind --input and --output mean: devices, files, folders, the demo, nothing.

What is there as a file or folder is that. Of all else a device's name comes before a path, since
drivers put slashes and dots into names; PortAudio is asked only where the text could be both.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from rtsep.audio.choose import DEFAULTS, NoSuchDevice, choose
from rtsep.audio.computer import app_name, is_computer
from rtsep.audio.devices import Device, ask_for_devices
from rtsep.audio.devices import Kind as Direction
from rtsep.errors import ConfigError
from rtsep.files.sinks import FILE_SUFFIXES
from rtsep.stem_files.reading import is_stem_file

DEMO, NULL = "demo", "null"
_DEVICE = "device:"
# What nobody calls a device: a way from here or from home, a Windows drive or share, a URL.
_SURELY_PATH = re.compile(r"\.{1,2}$|\.{1,2}[/\\]|~|[A-Za-z]:[/\\]|\\\\|[A-Za-z][A-Za-z0-9+.-]*://")
SOUND_SUFFIXES = (
    *FILE_SUFFIXES, ".oga", ".mp4", ".wma", ".mka", ".mkv", ".webm", ".ac3", ".caf", ".au", ".w64",
)  # fmt: skip


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
    """A device is "mic", "system", "app:NAME", "device:NAME", the name of one, or any that is
    neither there as a file nor written like a path."""
    if text == DEMO:
        return Place(Kind.DEMO, text)
    if device := _device(text, DEFAULTS["input"]):
        return device
    if is_computer(text):
        app_name(text)  # there is one
        return Place(Kind.DEVICE, text)
    there = os.path.exists(text) or _SURELY_PATH.match(text)
    if there or (_like_a_path(text) and not _fits(text, "input")):
        return Place(Kind.FILE, text)
    return Place(Kind.DEVICE, text)


def output_place(text: str, *, live: bool) -> Place:
    """A plain name is a folder to make, unless it is the whole name of a device; for a `live` input
    it is a device, unless there is such a folder."""
    if text == NULL:
        return Place(Kind.NULL, text)
    if device := _device(text, DEFAULTS["output"]):
        return device
    if Path(text).suffix.lower() in FILE_SUFFIXES or is_stem_file(text):
        return Place(Kind.FILE, text)
    if os.path.isdir(text) or _SURELY_PATH.match(text):
        return Place(Kind.FOLDER, text)
    is_device = not _like_a_path(text) or _fits(text, "output") if live else _names_device(text)
    return Place(Kind.DEVICE if is_device else Kind.FOLDER, text)


def _device(text: str, defaults: tuple[str, ...]) -> Place | None:
    if text in defaults:
        return Place(Kind.DEVICE, "default")
    if text.startswith(_DEVICE):
        return Place(Kind.DEVICE, text.removeprefix(_DEVICE))
    return None


def _like_a_path(text: str) -> bool:
    """From the root, with the ending of a sound file, or into a folder that there is."""
    path = Path(text)
    into_folder = len(path.parts) > 1 and os.path.isdir(path.parent)
    return path.is_absolute() or path.suffix.lower() in SOUND_SUFFIXES or into_folder


def _fits(text: str, direction: Direction) -> bool:
    """Whether there is such a device, or more than one."""
    try:
        choose(text, kind=direction, devices=_devices())
    except NoSuchDevice:
        return False
    except ConfigError:  # several
        return True
    return True


def _names_device(text: str) -> bool:
    """Whether an output has just this name. Nobody is asked about a single word: that is how
    folders are called, and asking takes time."""
    if " " not in text.strip():
        return False
    outputs = [device for device in _devices() if device.outputs]
    names = {name.casefold() for device in outputs for name in (device.name, device.label)}
    return text.strip().casefold() in names


def _devices() -> list[Device]:
    try:
        return ask_for_devices()
    except ConfigError:  # no sound system
        return []
