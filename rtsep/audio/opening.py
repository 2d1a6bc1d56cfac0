"""Which decoder reads a file; and if none does, one sentence that says what to do."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rtsep.audio.decoding import Decoder, OfAnother, Unreadable
from rtsep.audio.guess import guess
from rtsep.audio.ogg import OggDecoder
from rtsep.audio.sndfile import SndfileDecoder
from rtsep.errors import AudioFileError


def open_decoder(path: Path, stream: int | None = None) -> Decoder:
    """libsndfile for what it reads exactly, FFmpeg for all else, such as that `stream` of several.
    Raises AudioFileError."""
    begin = _begin(path)
    tried = []
    decoders: list[Callable[[Path], Decoder]] = [
        OggDecoder if begin == b"OggS" else SndfileDecoder,
        _ffmpeg,
    ]
    if stream is not None:
        decoders = [partial(_ffmpeg, number=stream)]
    for decoder in decoders:
        try:
            return decoder(path)
        except OfAnother:
            continue
        except Unreadable as error:
            tried.append(f"{getattr(decoder, 'tool', 'FFmpeg')}: {error}")
        except OSError as error:
            raise AudioFileError(f"cannot read {path}: {error.strerror}; check the disk") from error
    raise AudioFileError(
        f"not an audio file that can be read: {path} ({guess(path) or '; '.join(tried)}); give "
        "another one, or one of WAV, FLAC, MP3, M4A, Ogg and the like"
    )


def _ffmpeg(path: Path, number: int | None = None) -> Decoder:
    from rtsep.audio.ffmpeg import FfmpegDecoder  # a tenth of a second, and many need it never

    return FfmpegDecoder(path, number)


def _begin(path: Path) -> bytes:
    """The first bytes. Raises AudioFileError for what is no file with something in it."""
    if os.path.isdir(path):
        raise AudioFileError(f"{path} is a folder; give one audio file in it")
    if os.path.exists(path) and not os.path.isfile(path):
        raise AudioFileError(f"{path} is not a regular file; give an audio file")
    try:
        with path.open("rb") as file:  # libsndfile would not say why it cannot open a file
            begin = file.read(4)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: NUL in it
        raise AudioFileError(f"no such file: {path}; {_suggest(path)}") from error
    except OSError as error:
        raise AudioFileError(f"cannot read {path}: {error.strerror}; check the path") from error
    if not begin:
        raise AudioFileError(f"no audio in {path}: the file is empty; give another file")
    return begin


def _suggest(path: Path) -> str:
    """What the caller may have meant by a path that does not exist."""
    try:
        names = os.listdir(path.parent)
    except (OSError, ValueError):
        return f"there is no folder {path.parent} either"
    close = difflib.get_close_matches(path.name, names, n=3)
    return f"close matches in that folder: {', '.join(close)}" if close else "check the path"
