"""`rtsep profile --roundtrip`: the true latency of a loop, measured with bursts."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import click

from rtsep.cli.figures import say
from rtsep.cli.progress import RichObserver
from rtsep.cli.roundtrip_report import as_dict, tell
from rtsep.errors import RtsepError
from rtsep.session.live.messages import AudioRequest, EngineRequest
from rtsep.session.live.recorder import RecordSpec
from rtsep.session.live.spec import LiveSpec
from rtsep.session.roundtrip.loops import DeviceLoop, SessionLoop
from rtsep.session.roundtrip.measure import look_elsewhere, measure
from rtsep.session.roundtrip.takes import Roundtrip, Search

NOWHERE = Path("rtsep-recordings")  # nothing is recorded


def run_roundtrip(
    *,
    input: str,
    output: str,
    samplerate: int | None,
    blocksize: int,
    latency: str | float,
    input_channels: str | None,
    routes: tuple[str, ...],
    wasapi: str,
    repeats: int,
    level_db: float,
    search: float,
    wait: float,
    device_only: bool,
    as_json: bool,
    model: str,
    device: str,
    cache: Path | None,
    window: float,
    hop: float,
    lookahead: float,
    mode: str,
    refresh: float | None,
    target: float | None,
    precision: str | None,
    executor: str,
    budget: float | None,
) -> None:
    """Measure the device path, and unless `device_only` the whole chain with a live engine. Tells a
    person, prints one JSON object if asked to, and raises RtsepError for what is no measurement.

    `search` and `wait` are seconds, like the engine's times. Options of the devices and the engine
    mean what they mean for a live session.
    """
    audio = AudioRequest(
        input=input,
        output=output,
        samplerate=samplerate,
        blocksize=blocksize,
        latency=latency,
        input_channels=input_channels,
        routes=routes,
        wasapi=wasapi,
    )
    wanted = Search(repeats=repeats, level_db=level_db, seconds=search)
    if device_only:
        found = _device_path(audio, wanted, wait)
    else:
        engine = EngineRequest(
            model=model,
            device=device,
            cache=cache,
            window=window,
            hop=hop,
            lookahead=lookahead,
            mode=mode,
            refresh=refresh,
            precision=precision or ("fp32" if target is None else "auto"),
            executor=executor,
            latency=target,
        )
        record = RecordSpec(folder=NOWHERE)
        found = _whole_chain(
            LiveSpec(engine=engine, audio=audio, budget=budget, record=record), wanted, wait
        )
    if found.path is None:
        found = look_elsewhere(found, audio)
    tell(found)
    if as_json:
        click.echo(json.dumps(as_dict(found)))
    if found.problem:
        raise RtsepError(found.problem)


def _device_path(audio: AudioRequest, search: Search, wait: float) -> Roundtrip:
    with DeviceLoop(audio) as loop:
        return measure(loop, search, wait=wait, say=say)


def _whole_chain(spec: LiveSpec, search: Search, wait: float) -> Roundtrip:
    with ExitStack() as opened:
        with RichObserver() as observer:
            loop = opened.enter_context(SessionLoop(spec, observer))
        return measure(loop, search, wait=wait, say=say)
