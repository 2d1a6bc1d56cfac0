"""A file, or the demo song, through the streaming engine into files. The only wiring of that path.

The stems are written without the engine's delay, so that they line up with the input sample by
sample. Opens no device and prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rtsep.audio.demo import Demo, demo_song
from rtsep.audio.files import AudioSource, open_audio
from rtsep.audio.memory import MemorySource
from rtsep.engine.separator import Separator
from rtsep.engine.stream import Stream
from rtsep.errors import ConfigError
from rtsep.metrics import StepTimes, sdr
from rtsep.mixer.desk import local_desk
from rtsep.mixer.faders import Block, Faders
from rtsep.session.places import DEMO
from rtsep.session.sinks import open_sink

FADE_OUT_SECONDS = 0.05  # when a run is stopped early

Audio = np.ndarray[Any, np.dtype[np.float32]]
Source = AudioSource | MemorySource


@dataclass(frozen=True, kw_only=True)
class FileSession:
    """What to separate, how, and where to.

    `input` is a path or "demo"; `output` a folder, a .wav or .flac for the mix alone, or "null".
    Times are in seconds; `input_channels` of a file count from 0, none stands for all.
    """

    input: str
    output: str
    window: float = 2.0
    hop: float = 0.093
    lookahead: float = 0.046
    mode: str = "exact"
    refresh: float | None = None
    encoding: str = "float"
    gains_db: Mapping[str, float] = field(default_factory=dict)
    mute: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()
    input_channels: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SessionReport:
    """What happened. `seconds` are of audio, `wall_seconds` of time; only the demo has `sdr`."""

    stream: Stream
    times: StepTimes
    seconds: float
    wall_seconds: float
    files: list[Path]
    notes: list[str]
    sanitized: int
    stopped_early: bool
    sdr: dict[str, float]


def run_file_session(
    separator: Separator,
    session: FileSession,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SessionReport:
    """Run to the end, or until `should_stop`, which fades out and finishes the files.

    `progress` hears of samples done, of how many. Raises ConfigError for settings that do not fit
    and AudioFileError for files that cannot be read or written.
    """
    rate = separator.sample_rate
    stream = separator.stream(
        window=session.window,
        hop=session.hop,
        lookahead=session.lookahead,
        mode=session.mode,
        refresh=session.refresh,
    )
    mix = _mixer(stream, session, separator.channels)
    times = StepTimes(stream.spec.hop / rate)
    demo = _demo(separator) if session.input == DEMO else None
    done, kept = 0, []
    began = time.perf_counter()
    with (
        _open_source(session, separator, demo) as source,
        open_sink(
            session.output,
            stream.stems,
            rate,
            channels=separator.channels,
            encoding=session.encoding,
            inputs=[session.input],
        ) as sink,
    ):
        pieces = _without_delay(stream, _separated(stream, source, times))
        for stems in _until(should_stop, pieces, rate):
            sink.write(stems, mix(stems))
            done += stems.shape[-1]
            progress(done, source.samples)
            if demo:
                kept.append(stems)
        stopped = should_stop() and done < source.samples
    return SessionReport(
        stream=stream,
        times=times,
        seconds=done / rate,
        wall_seconds=time.perf_counter() - began,
        files=sink.files,
        notes=[*source.notes, *sink.notes],
        sanitized=source.sanitized,
        stopped_early=stopped,
        sdr=_score(demo, stream.stems, kept) if demo and not stopped else {},
    )


def _demo(separator: Separator) -> Demo:
    demo = demo_song(separator.sample_rate)
    if len(demo.mix) != separator.channels:
        raise ConfigError(f"the demo is stereo, {separator.name} is not; give a file")
    return demo


def _mixer(stream: Stream, session: FileSession, channels: int) -> Callable[[Audio], Audio]:
    """What makes (channels, n) of (stems, channels, n), n up to what the stream holds.

    Does not limit: a file may go over full scale, or says what it had to clip.
    """
    desk, control = local_desk(
        stream.stems, gains_db=session.gains_db, mute=session.mute, solo=session.solo
    )
    desk.set_limiter(False)
    longest = stream.latency_samples
    faders = Faders(control, len(stream.stems), channels, stream.spec.sample_rate, longest)
    faders.settle()

    def mix(stems: Audio) -> Audio:
        dry: Audio = stems.sum(0)
        mixed: Audio = np.empty_like(dry)
        faders.mix(Block.whole(stems, dry), mixed)
        return mixed

    return mix


def _open_source(
    session: FileSession, separator: Separator, demo: Demo | None
) -> AbstractContextManager[Source]:
    if demo:
        return nullcontext(MemorySource(demo.mix))  # there is nothing to close
    return open_audio(
        session.input,
        sample_rate=separator.sample_rate,
        channels=separator.channels,
        picked=session.input_channels,
    )


def _separated(stream: Stream, source: Source, times: StepTimes) -> Iterator[Audio]:
    """The stems of every hop of the input, then what the stream still holds."""
    for block in source.blocks(stream.spec.hop):
        start = time.perf_counter()
        stems = stream.process(block)
        if block.shape[1] == stream.spec.hop:  # a shorter last block makes no step
            times.add(time.perf_counter() - start)
        yield stems
    yield stream.flush()


def _without_delay(stream: Stream, pieces: Iterator[Audio]) -> Iterator[Audio]:
    skip = stream.latency_samples
    for piece in pieces:
        dropped = min(skip, piece.shape[-1])
        skip -= dropped
        if dropped < piece.shape[-1]:
            yield piece[..., dropped:]


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


def _score(demo: Demo, stems: tuple[str, ...], pieces: list[Audio]) -> dict[str, float]:
    """SDR in dB of every stem whose truth is known."""
    separated = dict(zip(stems, np.concatenate(pieces, -1), strict=True))
    return {
        stem: sdr(truth, separated[stem]) for stem, truth in demo.stems.items() if stem in separated
    }
