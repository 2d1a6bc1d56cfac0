"""Write stems, with or without their mix, into a folder, or one signal into a file.

Knows which files belong together and what may not be overwritten; `wav` knows the formats. Knows
nothing of models, devices or progress bars.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType

from rtsep.audio.wav import ENCODINGS, Audio, SoundWriter, create
from rtsep.errors import AudioFileError

MIX = "mix"


class StemWriter:
    """One growing file per stem, and one for the mix unless it is not wanted.

    All are playable at any moment, whatever happens. `inputs` are files being read meanwhile:
    they are never overwritten.
    """

    def __init__(
        self,
        folder: str | Path,
        stems: Sequence[str],
        sample_rate: int,
        *,
        channels: int = 2,
        encoding: str = "float",
        mix: bool = True,
        inputs: Iterable[str | Path] = (),
    ) -> None:
        self.folder = Path(folder)
        self.samples = 0
        names = [*stems, MIX] if mix else list(stems)
        check_names(names)
        if encoding not in ENCODINGS:
            raise AudioFileError(f"no encoding {encoding!r}; choose from {', '.join(ENCODINGS)}")
        suffix = ".flac" if encoding == "flac" else ".wav"
        self.files = [self.folder / f"{name}{suffix}" for name in names]
        make_folder(self.folder)
        for path in self.files:
            check_target(path, inputs)
        self._shape = (len(stems), channels)
        self._writers: list[SoundWriter] = []
        with ExitStack() as opened:  # closes the first files if a later one cannot be opened
            for path in self.files:
                writer = create(path, sample_rate=sample_rate, channels=channels, encoding=encoding)
                opened.callback(writer.close)
                self._writers.append(writer)
            self._opened = opened.pop_all()

    @property
    def notes(self) -> list[str]:
        """What the listener should be told about what was written."""
        return clipped_notes(self.files, [writer.clipped for writer in self._writers])

    def write(self, stems: Audio, mix: Audio | None = None) -> None:
        """Append (stems, channels, n) and, if there is a file for it, the mix (channels, n)."""
        assert stems.shape[:2] == self._shape, stems.shape
        assert mix is None or mix.shape == stems.shape[1:], (stems.shape, mix.shape)
        blocks = [*stems] if mix is None else [*stems, mix]
        for writer, block in zip(self._writers, blocks, strict=True):
            writer.write(block)
        self.samples += stems.shape[2]

    def close(self) -> None:
        """Finish every file, also when finishing one of them fails."""
        self._opened.close()

    def __enter__(self) -> StemWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except AudioFileError:
            if error is None:  # else the first failure is the one to tell
                raise


def open_output(
    path: str | Path,
    sample_rate: int,
    *,
    channels: int = 2,
    encoding: str = "float",
    inputs: Iterable[str | Path] = (),
) -> SoundWriter:
    """One growing file: WAV of that encoding or 24-bit FLAC, by its suffix. Close it when done."""
    path = Path(path)
    if path.suffix.lower() not in (".wav", ".flac"):
        raise AudioFileError(f"cannot write {path}: its name must end with .wav or .flac")
    if path.suffix.lower() == ".flac":
        encoding = "flac"
    elif encoding == "flac":
        raise AudioFileError(f"cannot write {path} as FLAC; end its name with .flac")
    make_folder(path.parent)
    check_target(path, inputs)
    return create(path, sample_rate=sample_rate, channels=channels, encoding=encoding)


def write_file(path: str | Path, audio: Audio, sample_rate: int) -> None:
    """Write (channels, samples) as float WAV or 24-bit FLAC, by the suffix."""
    with closing(open_output(path, sample_rate, channels=audio.shape[0])) as file:
        file.write(audio)


def clipped_notes(files: Sequence[Path], clipped: Sequence[int]) -> list[str]:
    """What the listener should be told about files of which so many samples were clipped."""
    return [
        f"{path.name}: {count} samples over full scale were clipped; float WAV would keep them"
        for path, count in zip(files, clipped, strict=True)
        if count
    ]


def check_names(names: Sequence[str]) -> None:
    """Stem names come with the model, perhaps from a stranger: they must stay inside the folder."""
    for name in names:
        if not name or name in (".", "..") or set(name) & set("/\\:\0"):
            raise AudioFileError(f"a stem named {name!r} cannot become a file; rename the stem")
        if names.count(name) > 1:
            raise AudioFileError(f"two of the files to write are named {name!r}; rename the stem")


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise AudioFileError(
            f"cannot write into {folder}: it is, or lies below, a file; give a folder"
        ) from error
    except OSError as error:
        raise AudioFileError(
            f"cannot create the folder {folder}: {error.strerror}; give one you may write to"
        ) from error


def check_target(path: Path, inputs: Iterable[str | Path]) -> None:
    if not os.path.exists(path):  # whose name may have any length
        return
    if not path.is_file():
        raise AudioFileError(f"cannot write {path}: it is there and not a file; give another name")
    if any(Path(source).exists() and path.samefile(source) for source in inputs):
        raise AudioFileError(f"{path} is being read and would be overwritten; write elsewhere")
