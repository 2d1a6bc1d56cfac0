"""A live session as it is asked for, by a command or in Python: what plays where, how it is cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from rtsep.audio.routes import parse_channels
from rtsep.config import AUTO, DEFAULTS, StreamSettings
from rtsep.errors import ConfigError
from rtsep.files.places import Kind, Place, input_place, output_place
from rtsep.files.sources import SourceBlocks, check_stem_file
from rtsep.instant.settings import DELAY, hop_of
from rtsep.live_session.messages import AudioRequest, EngineRequest, TrueStemsRequest
from rtsep.live_session.recorder import RecordSpec
from rtsep.live_session.session import LiveSession
from rtsep.live_session.spec import LiveSpec
from rtsep.mixer.cue_desk import CueSettings
from rtsep.stem_files.reading import is_stem_file
from rtsep.weights.observer import LoggingObserver, Observer

INSTANT_BLOCK = 256  # samples that a device brings at once, unless it was told otherwise
TAKES = Path("rtsep-recordings")  # of takes that are begun while the session runs


def live(
    input: str = "mic",
    output: str | None = None,
    *,
    model: str | Path = "htdemucs",
    device: str = "auto",
    precision: str = "auto",
    latency: float | Literal["instant"] | None = None,
    delay: float | None = None,
    stream: StreamSettings | None = None,
    gains_db: Mapping[str, float] | None = None,
    mute: Sequence[str] = (),
    solo: Sequence[str] = (),
    eq_db: Mapping[str, Sequence[float]] | None = None,
    filters: Mapping[str, float] | None = None,
    cue: str | None = None,
    trim_db: float = 0.0,
    record: str | Path | None = None,
    loop: bool = False,
    wait: bool = False,
    cache: str | Path | None = None,
    observer: Observer | None = None,
) -> LiveSession:
    """A live session, as `rtsep --input INPUT --output OUTPUT` makes it; not started yet.

    `input` and `output` are what the command takes: "mic", "app:NAME", "speakers", a device,
    "demo", a file, a folder. `latency` seconds of hop and lookahead, or without it the smallest
    that this machine holds, or a `stream` cut just so; "instant" is the instant path beside that,
    with a `delay` of 0.023 or 0.012 seconds. `eq_db` are decibels of low, mid and high by stem,
    `filters` knobs from -1 to 1 by stem, or of "mix", `cue` channels for headphones, as "3-4",
    `trim_db` is the level of the input. `with` starts and stops it; `desk` moves its faders and
    `status()` tells how it is. Its processes import the main program anew, which therefore has to
    begin below `if __name__ == "__main__":`.

    Raises ConfigError, AudioFileError; the start also ModelError, DownloadError.
    """
    instant = latency == "instant"
    if latency == "instant":
        latency = None
    elif delay is not None:
        raise ConfigError('delay is of the instant path; give latency="instant" too')
    _check_latency(latency, stream)
    source = input_place(str(input))
    playing = source.kind is Kind.DEVICE
    destination = output_place("speakers" if output is None else str(output), live=playing)
    spec = live_spec(
        source,
        destination,
        model=str(model),
        device=device,
        precision=precision,
        executor="auto",
        cache=None if cache is None else Path(cache),
        target=None if stream else latency or AUTO,
        **vars(stream or DEFAULTS),
        budget=None,
        gains_db=gains_db or {},
        mute=tuple(mute),
        solo=tuple(solo),
        eq_db=eq_db or {},
        filters=filters or {},
        trim_db=trim_db,
        policy=None,
        encoding="float",
        record=None if record is None else Path(record),
        no_limiter=False,
        loop=loop,
        input_channels=None,
        cue=cue,
        waits=wait,
        instant=instant,
        delay=delay,
        true_stems=_has_true_stems(source)
        and (str(model), latency, stream, instant) == ("htdemucs", None, None, False),
    )
    return LiveSession(spec, observer or LoggingObserver())


def _has_true_stems(source: Place) -> bool:
    return source.kind is Kind.FILE and is_stem_file(source.name)


def _check_latency(latency: float | None, stream: StreamSettings | None) -> None:
    if latency is not None and not 0 < latency < math.inf:
        raise ConfigError(f"latency must be a time in seconds, more than 0, got {latency}")
    if latency is not None and stream is not None:
        raise ConfigError("latency chooses what stream says; leave one of them out")


def engine_request(options: dict[str, Any], *, adapts: bool) -> EngineRequest:
    """Takes its part out of the options of a command. Without a latency to hold, one that `adapts`
    may take up more when it is late again and again."""
    names = ("model", "device", "cache", "window", "hop", "lookahead", "mode", "refresh",
             "precision", "executor")  # fmt: skip
    chosen = {name: options.pop(name) for name in names}
    said = {name: options.pop(name) for name in ("named", "complete") if name in options}
    latency = options.pop("target")
    return EngineRequest(latency=latency, adapts=adapts and latency == 0, **chosen, **said)


def live_spec(
    source: Place,
    destination: Place,
    *,
    budget: float | None,
    encoding: str,
    record: Path | None,
    no_limiter: bool,
    loop: bool,
    input_channels: str | None,
    adapts: bool = True,
    waits: bool = False,
    instant: bool = False,
    delay: float | None = None,
    true_stems: bool = False,
    cue_mix: float = 0.0,
    cue_volume: float = 0.0,
    cue_split: bool = False,
    **options: Any,
) -> LiveSpec:
    """Of the options of a command, by their names. With `true_stems` the source is a stem file that
    is played as it is. Raises AudioFileError and ConfigError for an input that cannot be read like
    that."""
    playing = source.kind is Kind.DEVICE
    picked = parse_channels(input_channels) if input_channels and not playing else ()
    writes = destination.kind in (Kind.FILE, Kind.FOLDER)
    _check(source, destination, picked, record if writes else None, delay, true_stems)
    engine = engine_request(options, adapts=adapts and budget is None)
    if instant:  # short blocks, which it would otherwise wait for
        options["blocksize"] = options.get("blocksize") or INSTANT_BLOCK
    stream = 0 if true_stems else None
    blocks = None if playing else SourceBlocks(source, loop=loop, channels=picked, stream=stream)
    mixer = {name: options.pop(name) for name in ("gains_db", "mute", "solo", "eq_db", "filters")}
    others = ("preset", "presets", "trim_db")
    mixer |= {name: options.pop(name) for name in others if name in options}
    policy = options.pop("policy") or ("instant" if instant else "hold")
    return LiveSpec(
        engine=TrueStemsRequest(path=Path(source.name)) if true_stems else engine,
        audio=AudioRequest(
            input=source.name if playing else None,
            input_channels=input_channels if playing else None,
            output=destination.name if destination.kind is Kind.DEVICE else None,
            **options,
        ),
        source=blocks,
        budget=budget,
        limiter=not no_limiter,
        record=RecordSpec(
            folder=record or TAKES,
            first=destination.name if writes else None,
            encoding=encoding,
            inputs=blocks.songs if blocks and source.kind is Kind.FILE else (),
        ),
        record_now=writes or record is not None,
        waits=waits,
        policy=policy,
        instant=instant or policy == "instant",
        instant_delay=DELAY if delay is None else delay,
        path="instant" if instant else "full",
        cue=CueSettings(mix=cue_mix, volume_db=cue_volume, split=cue_split),
        **mixer,
    )


def _check(
    source: Place,
    destination: Place,
    picked: Sequence[int],
    recorded: Path | None,
    delay: float | None,
    true_stems: bool,
) -> None:
    """What would be noticed late, or not at all. `recorded` is where takes go beside an output that
    is one."""
    if recorded is not None:
        raise ConfigError(f"--record and --output {destination.name} both record; leave one out")
    if true_stems:
        check_stem_file(source, picked)
    if delay is not None:
        hop_of(delay)
