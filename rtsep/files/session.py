"""A file, or the demo song, into files: separated, mixed under faders, scored.

The only wiring of that path. The stems line up with the input sample by sample. Opens no device
and prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rtsep.audio.files import open_audio
from rtsep.audio.memory import MemorySource
from rtsep.config import StreamSettings
from rtsep.demo import Demo, demo_song
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.files.places import DEMO
from rtsep.files.sinks import Sink, open_sink
from rtsep.files.true_stems import TrueStems
from rtsep.files.ways import (
    BLOCK,
    Audio,
    Offline,
    Progress,
    Source,
    Streamed,
    Way,
    in_blocks,
    told,
)
from rtsep.metrics import sdr
from rtsep.mixer.desk import local_desk
from rtsep.mixer.faders import Block, Faders
from rtsep.mixer.presets import Presets, check_preset
from rtsep.mixer.tone import Tone, at_rest
from rtsep.stem_files.reading import StemSource

FADE_OUT_SECONDS = 0.05  # when a run is stopped early


@dataclass(frozen=True, kw_only=True)
class FileSession:
    """What to separate, how, and where to.

    `input` is a path or "demo"; `output` a folder, a .wav or .flac for the mix alone, a .stem.mp4,
    or "null".
    Without a `stream` it is separated offline, with one on that `path`, "full" or "instant".
    `input_channels` of a file count from 0, none stands for all.
    """

    input: str
    output: str
    stream: StreamSettings | None = None
    path: str = "full"
    delay: float | None = None  # of the instant path, in seconds
    encoding: str = "float"
    gains_db: Mapping[str, float] = field(default_factory=dict)
    mute: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()
    preset: str | None = None
    presets: Presets = field(default_factory=dict)
    eq_db: Mapping[str, Sequence[float]] = field(default_factory=dict)
    filters: Mapping[str, float] = field(default_factory=dict)
    input_channels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.preset is not None:
            check_preset(self.preset, self.presets)


@dataclass(frozen=True, kw_only=True)
class SessionReport:
    """What happened. `seconds` are of audio, `wall_seconds` of time; only the demo has `sdr`, and
    only what went through a stream `streamed`."""

    streamed: Streamed | None
    seconds: float
    wall_seconds: float
    files: list[Path]
    notes: list[str]
    sanitized: int
    stopped_early: bool
    sdr: dict[str, float]


def run_file_session(
    separator: Separator | TrueStems,
    session: FileSession,
    *,
    progress: Progress = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SessionReport:
    """Run to the end, or until `should_stop`, which fades out and finishes the files. With
    `TrueStems`, the input is their file, and no stream is asked for.

    `progress` hears of samples separated, of how many, first of none. Raises ConfigError for
    settings that do not fit and AudioFileError for files that cannot be read or written.
    """
    rate = separator.sample_rate
    way = _way(separator, session)
    streamed = way if isinstance(way, Streamed) else None
    mix = _mixer(separator, session)
    demo = _demo(separator) if session.input == DEMO else None
    done, kept = 0, []
    began = time.perf_counter()
    with (
        _open_source(session, separator, demo) as source,
        _open_sink(session, separator) as sink,
    ):
        blocks = in_blocks(told(way.pieces(source), source, progress))
        for stems in _until(should_stop, blocks, rate):
            sink.write(stems, mix(stems))
            done += stems.shape[-1]
            if demo:
                kept.append(stems)
        stopped = should_stop() and done < source.samples
    return SessionReport(
        streamed=streamed,
        seconds=done / rate,
        wall_seconds=time.perf_counter() - began,
        files=sink.files,
        notes=[*source.notes, *sink.notes],
        sanitized=source.sanitized,
        stopped_early=stopped,
        sdr=_score(demo, separator.stems, kept) if demo and not stopped else {},
    )


def _way(separator: Separator | TrueStems, session: FileSession) -> Way:
    if isinstance(separator, TrueStems):
        assert session.stream is None
        return separator
    if session.stream:
        return Streamed(separator, session.stream, session.path, session.delay)
    return Offline(separator, summing=True)


def _demo(separator: Separator | TrueStems) -> Demo:
    demo = demo_song(separator.sample_rate)
    if len(demo.mix) != separator.channels:
        raise ConfigError(f"the demo is stereo, {separator.name} is not; give a file")
    return demo


def _mixer(separator: Separator | TrueStems, session: FileSession) -> Callable[[Audio], Audio]:
    """What makes (channels, n) of (stems, channels, n), n up to BLOCK.

    Does not limit: a file may go over full scale, or says what it had to clip.
    """
    desk, control = local_desk(
        separator.stems,
        gains_db=session.gains_db,
        mute=session.mute,
        solo=session.solo,
        preset=session.preset,
        presets=session.presets,
        eq_db=session.eq_db,
        filters=session.filters,
    )
    desk.set_limiter(False)
    shape = len(separator.stems), separator.channels, separator.sample_rate, BLOCK
    # Nobody turns a knob while a file is made, and the filters take time to be computed.
    apply_tone = (lambda block: block) if at_rest(control) else Tone(control, *shape).apply
    faders = Faders(control, *shape)
    faders.settle()

    def mix(stems: Audio) -> Audio:
        dry: Audio = stems.sum(0)
        mixed: Audio = np.empty_like(dry)
        faders.mix(apply_tone(Block.whole(stems, dry)), mixed)
        return mixed

    return mix


def _open_source(
    session: FileSession, separator: Separator | TrueStems, demo: Demo | None
) -> AbstractContextManager[Source]:
    if isinstance(separator, TrueStems):
        return StemSource(separator.file)
    if demo:
        return nullcontext(MemorySource(demo.mix))  # there is nothing to close
    return open_audio(
        session.input,
        sample_rate=separator.sample_rate,
        channels=separator.channels,
        picked=session.input_channels,
    )


def _open_sink(
    session: FileSession, separator: Separator | TrueStems
) -> AbstractContextManager[Sink]:
    return open_sink(
        session.output,
        separator.stems,
        separator.sample_rate,
        channels=separator.channels,
        encoding=session.encoding,
        inputs=[session.input],
    )


def _until(
    should_stop: Callable[[], bool], pieces: Iterator[Audio], sample_rate: int
) -> Iterator[Audio]:
    """All pieces, or those up to the stop, the last one faded out."""
    for piece in pieces:
        if should_stop():
            yield _fade_out(piece, sample_rate)
            return
        yield piece


def _fade_out(stems: Audio, sample_rate: int) -> Audio:
    """Down to silence, and silence for the rest; faster where the piece ends earlier."""
    samples = stems.shape[-1]
    ramp = 1 - np.arange(1, samples + 1) / min(FADE_OUT_SECONDS * sample_rate, samples)
    faded: Audio = stems * np.maximum(ramp, 0).astype(np.float32)
    return faded


def _score(demo: Demo, stems: Sequence[str], pieces: list[Audio]) -> dict[str, float]:
    """SDR in dB of every stem whose truth is known."""
    separated = dict(zip(stems, np.concatenate(pieces, -1), strict=True))
    return {
        stem: sdr(truth, separated[stem]) for stem, truth in demo.stems.items() if stem in separated
    }
