"""Open a file with FFmpeg: only this one, and nothing that it names.

Knows which containers may be opened, and what FFmpeg calls channels. Decodes nothing.
"""

from __future__ import annotations

import io
from typing import Any

import av

from rtsep.audio.decoding import Unreadable
from rtsep.audio.layouts import Layout

# No playlists and no scripts: their entries could be anything on this machine or the net.
CONTAINERS = (
    "aac", "ac3", "aiff", "amr", "ape", "asf", "ast", "au", "avi", "caf", "dsf", "dts", "dtshd",
    "eac3", "flac", "flv", "iff", "latm", "loas", "matroska", "mov", "mp3", "mpc", "mpc8", "mpeg",
    "mpegts", "mpegvideo", "mxf", "nut", "ogg", "oma", "rm", "shn", "sox", "tak", "thd", "truehd",
    "tta", "voc", "w64", "wav", "wv", "xwma",
)  # fmt: skip
_OPTIONS = {"format_whitelist": ",".join(CONTAINERS)}


def layout_of(file: io.RawIOBase) -> Layout:
    """The names of the channels, by the header of a file; none where it does not say them."""
    try:
        container, stream = open_container(file)
    except Unreadable:
        return ()
    with container:
        return named(stream.codec_context.layout)


def open_container(file: Any, number: int | None = None) -> tuple[Any, Any]:
    """The container and its default audio stream, or that `number` of them, counted from 0. Raises
    Unreadable."""
    try:
        container = av.open(file, options=_OPTIONS, metadata_errors="ignore")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Unreadable(reason(error)) from error
    stream = _default_stream(container) if number is None else _stream(container, number)
    if stream is None or stream.codec_context is None:
        container.close()
        raise Unreadable("it holds no audio stream" if stream is None else "unknown kind of sound")
    return container, stream


def _default_stream(container: Any) -> Any:
    try:
        return container.streams.best("audio")
    except IndexError:  # a stream of a damaged file, which showed up after PyAV had counted them
        return None


def _stream(container: Any, number: int) -> Any:
    streams = container.streams.audio
    return streams[number] if number < len(streams) else None


def reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).splitlines()[0]


def named(layout: Any) -> Layout:
    """FFmpeg's names of the channels; none where it knows none."""
    names = tuple(channel.name for channel in layout.channels)
    return () if "NONE" in names or "UNK" in names else names
