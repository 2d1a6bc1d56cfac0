"""Which formats results can have, and what their files are called. Writes none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rtsep.audio.formats import FORMATS, Format, checked_bitrate
from rtsep.errors import AudioFileError, ConfigError

WAV = ("float", "pcm24", "pcm16")
STEM_FILES = {"stem": "aac", "stem-alac": "alac"}  # what is in them
ENCODINGS = (*WAV, *FORMATS, *STEM_FILES)
STEM_SUFFIX = ".stem.mp4"
_LONGEST = 230  # bytes of a name, with room for suffixes while it is written


def format_of(encoding: str) -> Format | None:
    """How it is compressed; WAV is not."""
    codec = STEM_FILES.get(encoding)
    return FORMATS.get({"aac": "m4a"}.get(codec, codec) if codec else encoding)


def bitrate_of(encoding: str, bitrate: int | None) -> int:
    """In kb/s, 0 where all of the sound is kept. Raises ConfigError for one that it cannot have."""
    made = format_of(encoding)
    if made is None or made.bitrate is None:
        if bitrate is not None:
            lossy = [name for name in ENCODINGS if (form := format_of(name)) and form.bitrate]
            raise ConfigError(
                f"{encoding if made else 'WAV'} has no bit rate, as it keeps all of the sound; "
                f"leave {bitrate} kb/s out, or take one of {', '.join(lossy)}"
            )
        return 0
    try:
        return checked_bitrate(made, bitrate)
    except AudioFileError as error:
        raise ConfigError(str(error)) from error


def file_names(outputs: Sequence[str], encoding: str, song: Path) -> list[str]:
    """Of what is made of a song: a file for each output, or one stem file, called like the song."""
    if encoding in STEM_FILES:
        return [f"{_title(song)}{STEM_SUFFIX}"]
    made = format_of(encoding)
    return [f"{name}{made.suffix if made else '.wav'}" for name in outputs]


def _title(song: Path) -> str:
    """A stem file of a stem file has its name, and a name of any length gets room."""
    title = song.stem
    if title.lower().endswith(".stem"):
        title = title[: -len(".stem")] or title
    while len(os.fsencode(title)) > _LONGEST:
        title = title[:-1]
    return title
