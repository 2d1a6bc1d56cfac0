"""What a file says of itself: title, artist, cover and the like, to be written into others.

Nothing about its sound: that is the business of decoders. WAV can hold few of them and no cover.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from rtsep.audio.containers import open_container
from rtsep.audio.decoding import Unreadable

# What FFmpeg calls the tags that all formats know. Others are about the old file, not the music:
# its encoder, its brand, its gains.
NAMES = (
    "title", "artist", "album", "album_artist", "composer", "date", "genre", "track", "disc",
    "comment", "lyrics", "copyright", "publisher", "grouping", "compilation", "isrc",
)  # fmt: skip
_OTHER_NAMES = {"year": "date", "tracknumber": "track", "discnumber": "disc", "tyer": "date"}
# What a cover is called in a stream, in the words of MIME, and its layout of pixels.
_PICTURES = {"mjpeg": ("image/jpeg", "yuvj420p"), "png": ("image/png", "rgb24")}
_FRONT_COVER = 3


@dataclass(frozen=True, kw_only=True)
class Cover:
    """A picture as it lies in a file; `codec` is FFmpeg's name of what it is."""

    data: bytes
    codec: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Tags:
    """Texts by the NAMES, and a picture."""

    texts: Mapping[str, str] = field(default_factory=dict)
    cover: Cover | None = None


def read_tags(path: str | Path) -> Tags:
    """Those of a file; none of one that FFmpeg cannot open, since sound is worth more than tags."""
    try:
        with Path(path).open("rb") as file:
            container, stream = open_container(file)
            with container:
                texts = {**stream.metadata, **container.metadata}
                return Tags(texts=_known(texts), cover=_cover(container))
    except (Unreadable, OSError, ValueError):
        return Tags()


def write_texts(container: Any, tags: Tags) -> None:
    """Into a container that nothing was written to yet."""
    container.metadata.update(tags.texts)


def add_cover(container: Any, cover: Cover) -> Any:
    """A stream for it, where containers hold pictures as streams; `mux_cover` fills it."""
    stream = container.add_stream(cover.codec, rate=1)
    stream.width, stream.height = cover.width, cover.height
    stream.pix_fmt = _PICTURES[cover.codec][1]
    stream.disposition = Disposition.attached_pic.value  # PyAV 16 takes numbers only
    return stream


def mux_cover(container: Any, stream: Any, cover: Cover) -> None:
    packet = av.Packet(cover.data)
    packet.stream = stream
    packet.pts = packet.dts = 0
    packet.is_keyframe = True
    container.mux(packet)


def picture_block(cover: Cover) -> str:
    """As Ogg holds pictures: FLAC's block of one, as text."""
    kind = _PICTURES[cover.codec][0].encode()
    block = struct.pack(">II", _FRONT_COVER, len(kind)) + kind
    block += struct.pack(">IIIIII", 0, cover.width, cover.height, 24, 0, len(cover.data))
    return base64.b64encode(block + cover.data).decode()


def _known(texts: Mapping[str, str]) -> dict[str, str]:
    lower = {name.lower(): text for name, text in texts.items()}
    named = {_OTHER_NAMES.get(name, name): text for name, text in lower.items()}
    return {name: named[name] for name in NAMES if named.get(name)}


def _cover(container: Any) -> Cover | None:
    """The first picture of a kind that every format can hold."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic and stream.name in _PICTURES:
            return _picture(container, stream)
    return None


def _picture(container: Any, stream: Any) -> Cover | None:
    try:
        data = bytes(next(container.demux(stream)))
    except (av.FFmpegError, StopIteration):
        return None
    context = stream.codec_context
    return Cover(data=data, codec=stream.name, width=context.width, height=context.height)
