"""The songs that one input stands for: a file, all in a folder, or those of a playlist."""

from __future__ import annotations

import re
from pathlib import Path

from rtsep.errors import AudioFileError
from rtsep.files.places import SOUND_SUFFIXES, Kind, Place

PLAYLISTS = (".m3u", ".m3u8")
LARGEST_PLAYLIST = 1 << 20  # bytes


def is_list(place: Place) -> bool:
    """Whether it may stand for several songs."""
    path = Path(place.name)
    return place.kind is Kind.FILE and (path.suffix.lower() in PLAYLISTS or path.is_dir())


def songs_of(place: Place) -> tuple[str, ...]:
    """Their paths: of a folder as people count, 2 before 10, of a playlist in its order. Raises
    AudioFileError for a list without any."""
    if not is_list(place):
        return (place.name,)
    path = Path(place.name)
    try:
        songs = _in_folder(path) if path.is_dir() else _in_playlist(path)
    except OSError as error:
        raise AudioFileError(f"cannot read {path}: {error.strerror}; check the path") from error
    if not songs:
        kind = "audio file in the folder" if path.is_dir() else "path in the playlist"
        raise AudioFileError(f"no {kind} {path}; give a file, or another one")
    return tuple(map(str, songs))


def _in_folder(folder: Path) -> list[Path]:
    songs = [
        one
        for one in folder.iterdir()
        if one.suffix.lower() in SOUND_SUFFIXES and not one.name.startswith(".") and one.is_file()
    ]
    return sorted(songs, key=lambda one: _as_counted(one.name))


def _in_playlist(path: Path) -> list[Path]:
    """Relative ones lie beside it; comments and addresses of the net are left out."""
    with path.open("rb") as file:
        content = file.read(LARGEST_PLAYLIST)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # as the older ones are
        text = content.decode("latin-1")
    lines = (line.strip() for line in text.splitlines())
    named = [line for line in lines if line and not line.startswith("#") and "://" not in line]
    return [path.parent / name for name in named]


def _as_counted(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
