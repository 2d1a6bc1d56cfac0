"""Writing one song's results in their format, with what the song says of itself; and whether all of
it is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import soundfile

from rtsep.audio.encoded_stems import EncodedStemWriter
from rtsep.audio.formats import Format, file_rate
from rtsep.audio.resampling import resampled_length
from rtsep.audio.tags import read_tags
from rtsep.audio.writer import StemWriter
from rtsep.errors import AudioFileError
from rtsep.library.formats import STEM_FILES, file_names, format_of
from rtsep.library.kinds import UNWRITABLE, ItemError
from rtsep.stem_files.boxes import BadBoxes, read_moov
from rtsep.stem_files.tracks import described, sound_tracks
from rtsep.stem_files.writing import StemFileWriter

# What is left of a single frame of LAME behind its delay; it declares no less.
_SHORTEST = {"libmp3lame": 47}

Writer = StemWriter | EncodedStemWriter | StemFileWriter


def open_writer(
    folder: Path,
    outputs: Sequence[str],
    *,
    song: Path,
    encoding: str,
    bitrate: int | None,
    sample_rate: int,
    channels: int,
) -> Writer:
    """A stem file takes its master with the outputs, the others take the outputs alone. WAV has no
    place for tags. Raises AudioFileError."""
    if format_of(encoding) is None:
        return StemWriter(
            folder, outputs, sample_rate, channels=channels, encoding=encoding, mix=False
        )
    tags = read_tags(song)
    if encoding in STEM_FILES:
        (name,) = file_names(outputs, encoding, song)
        codec = STEM_FILES[encoding]
        return StemFileWriter(
            folder / name, outputs, sample_rate, codec=codec, bitrate=bitrate, tags=tags
        )
    return EncodedStemWriter(
        folder,
        outputs,
        sample_rate,
        format=encoding,
        bitrate=bitrate,
        channels=channels,
        tags=tags,
    )


def encoder(encoding: str) -> str | None:
    """Whose version it is that a compressed file's bytes depend on besides its key. A key would
    have a whole library made anew for it; so it is only written down."""
    if format_of(encoding) is None:
        return None
    import av

    version = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"libavcodec {version} (PyAV {av.__version__})"


def check_whole(writer: Writer, samples: int, encoding: str, sample_rate: int) -> None:
    """As long as what was read, also to somebody who reads it: by what the files say of their
    lengths, as decoding all again would take too long. Raises ItemError."""
    wanted = _length(format_of(encoding), samples, sample_rate)
    lengths = {file.name: _lengths(file) for file in writer.files}
    short = {name: found for name, found in lengths.items() if set(found) != {wanted}}
    if short or writer.samples != samples:
        raise ItemError(UNWRITABLE, f"of {wanted} samples there are {short or writer.samples}")


def _length(made: Format | None, samples: int, sample_rate: int) -> int:
    if made is None:
        return samples
    length = resampled_length(samples, sample_rate, file_rate(made, sample_rate))
    return max(length, _SHORTEST.get(made.codec, 0))


def _lengths(file: Path) -> list[int]:
    """Of all streams."""
    if file.suffix not in (".m4a", ".mp4"):
        with file.open("rb") as opened:  # libsndfile itself takes no path of more than 1023 bytes
            return [soundfile.info(opened).frames]
    try:
        return [described(trak).samples for trak in sound_tracks(read_moov(file))]
    except BadBoxes as error:
        raise AudioFileError(f"cannot write {file}: {error}") from error
