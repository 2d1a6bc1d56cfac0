"""Kinds of compressed files that can be written: what makes them, and what that can do."""

from __future__ import annotations

from dataclasses import dataclass

from rtsep.errors import AudioFileError


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a kind of file is made. `bits` are of integers, none where sound stays in floats;
    `bitrate` in kb/s is the usual one, none where all of the sound is kept. Of `rates` the encoder
    takes no others; empty stands for any."""

    suffix: str
    container: str
    codec: str
    bits: int | None = None
    bitrate: int | None = None
    bitrates: tuple[int, int] = (0, 0)
    rates: tuple[int, ...] = ()


_MP3_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_AAC_RATES = (*_MP3_RATES, 64_000, 88_200, 96_000)
FORMATS = {
    "flac": Format(suffix=".flac", container="flac", codec="flac", bits=24),
    "mp3": Format(
        suffix=".mp3", container="mp3", codec="libmp3lame", bitrate=320, bitrates=(32, 320),
        rates=_MP3_RATES,
    ),
    "m4a": Format(
        suffix=".m4a", container="mp4", codec="aac", bitrate=256, bitrates=(32, 512),
        rates=_AAC_RATES,
    ),
    "alac": Format(suffix=".m4a", container="mp4", codec="alac", bits=24),
    "opus": Format(
        suffix=".opus", container="opus", codec="libopus", bitrate=192, bitrates=(6, 510),
        rates=(48_000,),
    ),
}  # fmt: skip


def file_rate(made: Format, sample_rate: int) -> int:
    """The rate such a file has for sound of that rate: its own, or the next that it can be."""
    if not made.rates or sample_rate in made.rates:
        return sample_rate
    return min((rate for rate in made.rates if rate >= sample_rate), default=max(made.rates))


def checked_bitrate(made: Format, bitrate: int | None) -> int:
    """In kb/s, 0 where all of the sound is kept. Raises AudioFileError for one that the format does
    not know."""
    if bitrate is not None and made.bitrate is None:
        raise AudioFileError(f"{made.codec} keeps all of the sound; leave the bit rate out")
    low, high = made.bitrates
    if bitrate is not None and not low <= bitrate <= high:
        raise AudioFileError(
            f"no {made.codec} of {bitrate} kb/s; choose a bit rate from {low} to {high}"
        )
    return bitrate or made.bitrate or 0
