"""`rtsep profile --roundtrip`: the true latency of a loop, measured with bursts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rtsep.cli.common.progress import RichObserver
from rtsep.cli.measure.roundtrip_report import as_dict, tell
from rtsep.errors import RtsepError
from rtsep.instant.settings import DELAY
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.recorder import RecordSpec
from rtsep.live_session.request import engine_request
from rtsep.live_session.spec import LiveSpec
from rtsep.measure.roundtrip.loops import DeviceLoop, SessionLoop
from rtsep.measure.roundtrip.measure import look_elsewhere, measure
from rtsep.measure.roundtrip.takes import Roundtrip, Search

NOWHERE = Path("rtsep-recordings")  # nothing is recorded
_SENDING = "sending bursts round the loop"


def run_roundtrip(
    *,
    repeats: int,
    level_db: float,
    search: float,
    wait: float,
    device_only: bool,
    as_json: bool,
    budget: float | None,
    **options: Any,
) -> None:
    """Measure the device path, and unless `device_only` the whole chain with a live engine. Tells a
    person, prints one JSON object if asked to, and raises RtsepError for what is no measurement.

    `search` and `wait` are seconds, like the engine's times. Options of the devices and the engine
    mean what they mean for a live session.
    """
    instant, delay = options.pop("instant"), options.pop("delay")
    engine = engine_request(options, adapts=False)
    audio = AudioRequest(**options)
    wanted = Search(repeats=repeats, level_db=level_db, seconds=search)
    if device_only:
        found = _device_path(audio, wanted, wait)
    else:
        record = RecordSpec(folder=NOWHERE)
        spec = LiveSpec(
            engine=engine,
            audio=audio,
            budget=budget,
            record=record,
            instant=instant,
            instant_delay=delay or DELAY,
            path="instant" if instant else "full",
        )
        found = _whole_chain(spec, wanted, wait)
    if found.path is None:
        found = look_elsewhere(found, audio)
    tell(found)
    if as_json:
        click.echo(json.dumps(as_dict(found)))
    if found.problem:
        raise RtsepError(found.problem)


def _device_path(audio: AudioRequest, search: Search, wait: float) -> Roundtrip:
    with RichObserver("opening the sound devices") as observer, DeviceLoop(audio) as loop:
        observer.phase(_SENDING)
        return measure(loop, search, wait=wait, say=observer.notice)


def _whole_chain(spec: LiveSpec, search: Search, wait: float) -> Roundtrip:
    with RichObserver() as observer, SessionLoop(spec, observer) as loop:
        observer.phase(_SENDING)
        return measure(loop, search, wait=wait, say=observer.notice)
