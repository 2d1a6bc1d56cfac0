"""`rtsep --input mic`: a live session, its controls and displays, and what it tells at the end."""

from __future__ import annotations

import gc
import json
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtsep.audio.choose import NoSuchDevice
from rtsep.cli.common.figures import say
from rtsep.cli.common.progress import RichObserver
from rtsep.cli.common.signals import stop_on_signals
from rtsep.cli.live.remote import invitation, open_remote, remote_place
from rtsep.cli.live.report import as_dict, tell
from rtsep.control.listening import HostPort
from rtsep.control.osc import OscServer, OscSpec, parse_osc_spec
from rtsep.control.scene_file import SceneFile, scenes_path
from rtsep.files.places import Place
from rtsep.garbage import give_back_memory
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.request import live_spec
from rtsep.live_session.session import LiveSession
from rtsep.live_session.spec import LiveSpec
from rtsep.swaps.swaps import Swaps

if TYPE_CHECKING:
    from rtsep.cli.live.profile import LiveProfile

_LOOK_SECONDS = 0.1
_SWITCH_SECONDS = 0.0005  # how long a display may keep a controller from the interpreter


@dataclass(frozen=True, kw_only=True)
class Controls:
    """How a session is moved and shown."""

    ui: str
    midi: str
    osc: OscSpec | None
    remote: HostPort | None
    config: Path | None
    duration: float | None
    scene_fade: float


def run_live(
    source: Place,
    destination: Place,
    *,
    ui: str,
    midi: str,
    osc: str | None,
    remote: str | None,
    config: Path | None,
    duration: float | None,
    scene_fade: float,
    profile: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """A live session until its source ends, `duration` seconds are over, or somebody stops it."""
    if ui in ("auto", "tui"):
        ui = _screen(asked=ui == "tui")
    controls = Controls(
        ui=ui,
        midi=midi,
        osc=None if osc is None else parse_osc_spec(osc),
        remote=None if remote is None else remote_place(remote),
        config=config,
        duration=duration,
        scene_fade=scene_fade,
    )
    sys.setswitchinterval(_SWITCH_SECONDS)
    spec = live_spec(source, destination, **options)
    written, spec = _profiled(spec, profile) if profile else (None, spec)
    with ExitStack() as opened:
        stop = opened.enter_context(stop_on_signals()) if spec.waits else None
        session = _started(spec, stop)
        if session is None:
            return
        stop = stop or opened.enter_context(stop_on_signals())
        gc.collect()
        gc.freeze()  # a full collection would keep controllers waiting for some 50 ms
        give_back_memory()
        try:
            with written.watching(session) if written else nullcontext():
                _attend(session, controls, stop)
        finally:
            session.stop()
    if written:
        written.write()
    if session.failure:
        raise session.failure
    tell(session, events=controls.ui != "plain")
    if as_json:
        click.echo(json.dumps(as_dict(session)))


def _profiled(spec: LiveSpec, path: Path) -> tuple[LiveProfile, LiveSpec]:
    """A session that notes where its time goes, and who writes that down."""
    from rtsep.cli.live.profile import LiveProfile
    from rtsep.measure.profiling import profiled

    with RichObserver():
        return LiveProfile(path), profiled(spec)


def _screen(*, asked: bool) -> str:
    """The faders need a terminal to read keys from and to draw on; they are drawn on standard
    error, or on standard output, as the system has it. Without one it is a line a second."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if all(stream is not None and stream.isatty() for stream in streams):
        return "tui"
    if asked:
        say(
            "no faders: standard input, output and error are not all a terminal; a line a second "
            "instead"
        )
    return "plain"


def _started(spec: LiveSpec, stop: threading.Event | None) -> LiveSession | None:
    """None if somebody set `stop` before the devices were there."""
    with RichObserver() as observer:
        session = LiveSession(spec, observer)
        try:
            return session if session.start(stop) else None
        except NoSuchDevice as error:
            told = f"{error}{other_reading(error, spec.audio)}; or wait for it with --wait"
            raise NoSuchDevice(told, error.wanted) from error


def other_reading(error: NoSuchDevice, audio: AudioRequest) -> str:
    """What else a name that is no device could have been, and is not."""
    if error.wanted.startswith("an input"):
        return "" if audio.input == "default" else f"; no file is called {audio.input!r} either"
    if audio.output == "default" or not error.wanted.startswith("an output"):
        return ""
    return f"; no folder is called {audio.output!r} either, and ./{audio.output} would make one"


def _attend(session: LiveSession, controls: Controls, stop: threading.Event) -> None:
    """Display and controllers, until it is over."""
    with ExitStack() as opened:
        swaps = Swaps(session)
        page = _connect(session, controls, swaps, opened)
        opened.enter_context(_ending(session, controls.duration, stop))
        if controls.ui == "tui":
            with RichObserver("opening the display", log=False):
                from rtsep.tui import run_tui

            run_tui(session.desk, session.status, stop, page, swaps)
        elif controls.ui == "plain":
            from rtsep.control.plain import run_plain

            run_plain(session.desk, session.status, say, stop)
        else:
            stop.wait()


def _connect(
    session: LiveSession, controls: Controls, swaps: Swaps, opened: ExitStack
) -> Callable[[], str] | None:
    """Scenes; MIDI, OSC and the remote page, as far as they are wanted; who says where that page
    is."""
    scenes = SceneFile(scenes_path(), session.events.add)
    session.desk.keep_scenes(scenes.load(), scenes.keep, controls.scene_fade)
    if controls.midi != "off":
        from rtsep.control.midi import MidiSpec, open_controllers

        spec = MidiSpec(port=controls.midi, folder=controls.config)
        opened.enter_context(open_controllers(session.desk, spec, session.events.add))
    if controls.osc is not None:
        opened.enter_context(
            OscServer(session.desk, session.status, controls.osc, session.events.add, say, swaps)
        )
    if controls.remote is not None:
        server = opened.enter_context(open_remote(session, controls.remote, swaps))
        return partial(invitation, server)
    return None


@contextmanager
def _ending(session: LiveSession, duration: float | None, stop: threading.Event) -> Iterator[None]:
    """Sets `stop` when the source or the time is over."""
    end = math.inf if duration is None else time.monotonic() + duration

    def watch() -> None:
        while not stop.is_set() and not session.finished.wait(_LOOK_SECONDS):
            if time.monotonic() >= end:
                break
        stop.set()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
