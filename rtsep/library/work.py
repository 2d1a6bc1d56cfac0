"""One item: read, separated, written beside its place, checked, put in place.

Memory is that of a few segments however long the file is. Knows nothing of other items.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rtsep.audio.files import Audio, AudioSource, open_audio
from rtsep.engine.separator import Separator
from rtsep.errors import AudioFileError
from rtsep.files.ways import BLOCK
from rtsep.library.ahead import Late, ReadAhead, WriteBehind
from rtsep.library.kinds import (
    NOT_FINITE,
    TIME_LIMIT,
    UNREADABLE,
    UNSUITABLE,
    ItemError,
    item_error,
    writing_error,
)
from rtsep.library.messages import Outcome, Task
from rtsep.library.outputs import outputs_of
from rtsep.library.partial import partial_folder, seal
from rtsep.library.record import Made
from rtsep.library.settings import Making
from rtsep.library.writers import Writer, check_whole, encoder, open_writer
from rtsep.stem_files.reading import is_stem_file

Progress = Callable[[int, int], None]  # samples done, of how many

_BLOCKS_AHEAD = 96  # some 18 s: more than two segments
_PIECES_BEHIND = 2
_CUDA_BATCH = 8


class Workbench:
    """A model, and what is to be made with it."""

    def __init__(self, separator: Separator, making: Making) -> None:
        """Raises ConfigError for stems that the model does not have, and such."""
        self._separator, self._making = separator, making
        self.outputs = outputs_of(making, separator.stems, separator.channels)
        self._batch = making.batch or (_CUDA_BATCH if separator.device.type == "cuda" else 1)
        next(self._separated(iter(())), None)

    def outcome(self, task: Task, progress: Progress = lambda done, total: None) -> Outcome:
        """Raises nothing but what is no error of this file."""
        began = time.monotonic()
        try:
            made = self._made(task, progress)
        except Exception as error:
            found = item_error(error)
            return Outcome(
                number=task.number,
                wall_seconds=time.monotonic() - began,
                kind=found.kind,
                message=found.message,
            )
        return Outcome(number=task.number, wall_seconds=time.monotonic() - began, made=made)

    def _made(self, task: Task, progress: Progress) -> Made:
        limit = task.time_limit
        deadline = None if limit is None else time.monotonic() + limit
        with open_audio(
            task.path,
            sample_rate=self._separator.sample_rate,
            channels=self._separator.channels,
            picked=self._making.channels,
            stream=0 if is_stem_file(task.path) else None,  # its master
        ) as source:
            try:
                with _writing_into(task.folder), partial_folder(task.folder) as partial:
                    made = self._separate(source, partial, deadline, progress)
                    _check_same(task)
                    seal(partial, task.folder, task.key, task.origin, made)
            except Late:
                raise ItemError(
                    TIME_LIMIT, f"not done after {limit:g} s; --time-limit gives it more"
                ) from None
        return made

    def _separate(
        self, source: AudioSource, partial: Path, deadline: float | None, progress: Progress
    ) -> Made:
        stretch = _Stretch(source, self._making)
        progress(0, stretch.samples)
        done = 0

        def write(piece: Sequence[Audio]) -> None:
            writer.write(*piece)

        with (
            self._writer(partial, source.path) as writer,
            ReadAhead(stretch, _BLOCKS_AHEAD, deadline) as blocks,
            WriteBehind(write, _PIECES_BEHIND, deadline) as behind,
        ):
            for stems, mix in self._separated(map(torch.from_numpy, blocks)):
                behind.put([_finite(each) for each in self.outputs.written(stems, mix)])
                done += mix.shape[-1]
                progress(done, stretch.samples)
            behind.finish()
        check_whole(writer, stretch.taken, self._making.encoding, source.sample_rate)
        return Made(
            seconds=round(writer.samples / source.sample_rate, 3),
            files={file.name: file.stat().st_size for file in writer.files},
            notes=[*source.notes, *writer.notes],
            settings=self.settings,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What a record says; more than its key goes by, for who wonders."""
        separator = self._separator
        return {"model": separator.name, "precision": separator.precision.name,
                **self._making.as_dict(), "encoder": encoder(self._making.encoding)}  # fmt: skip

    def _writer(self, folder: Path, song: Path) -> Writer:
        return open_writer(
            folder,
            self.outputs.names,
            song=song,
            encoding=self._making.encoding,
            bitrate=self._making.bitrate,
            sample_rate=self._separator.sample_rate,
            channels=self._separator.channels,
        )

    def _separated(self, blocks: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        return self._separator.separate_blocks(
            blocks, self.outputs.stems, self._making.overlap, batch=self._batch, alike=True
        )


class _Stretch:
    """The blocks of a source that are asked for; `taken` counts their samples."""

    def __init__(self, source: AudioSource, making: Making) -> None:
        self._source = source
        self._start = round(making.start * source.sample_rate)
        self._stop = None if making.stop is None else round(making.stop * source.sample_rate)
        self.taken = 0

    @property
    def samples(self) -> int:
        """How many there will be, as far as is known."""
        end = self._source.samples if self._stop is None else min(self._stop, self._source.samples)
        return max(end - self._start, 0)

    def __iter__(self) -> Iterator[Audio]:
        try:
            yield from self._blocks()
        except (AudioFileError, OSError) as error:  # not to be taken for one of writing
            raise item_error(error) from error

    def _blocks(self) -> Iterator[Audio]:
        position = 0
        while self._stop is None or position < self._stop:
            block = self._source.read(BLOCK)
            if not block.shape[1]:
                break
            stop = block.shape[1] if self._stop is None else self._stop - position
            wanted = block[:, max(self._start - position, 0) : stop]
            position += block.shape[1]
            if wanted.shape[1]:
                self.taken += wanted.shape[1]
                yield wanted
        if not self.taken:
            rate = self._source.sample_rate
            raise ItemError(
                UNSUITABLE,
                f"{self._source.path} ends at {position / rate:.2f} s, and from "
                f"{self._start / rate:g} s on was asked for",
            )


@contextmanager
def _writing_into(folder: Path) -> Iterator[None]:
    try:
        yield
    except (AudioFileError, OSError) as error:
        raise writing_error(error, folder) from error


def _finite(outputs: Tensor) -> Audio:
    if not outputs.isfinite().all():
        raise ItemError(NOT_FINITE, "the network made NaN or infinity of it; --precision fp32?")
    return outputs.numpy()


def _check_same(task: Task) -> None:
    """Its record, and copies for others, go by the content that was looked at before."""
    origin = task.origin
    try:
        found = task.path.stat()
    except OSError as error:
        raise item_error(error) from error
    if (found.st_size, found.st_mtime_ns) != (origin.bytes, origin.mtime_ns):
        raise ItemError(
            UNREADABLE, f"{task.path} changed while it was read; run it again when it is whole"
        )
