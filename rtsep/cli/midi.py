"""`rtsep midi`: which controllers there are, what they send, and which map says what that does."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtsep.cli.common.options import config_option
from rtsep.cli.common.signals import stop_on_signals
from rtsep.cli.common.values import Number
from rtsep.cli.midi_import import import_mixxx
from rtsep.cli.midi_learn import learn
from rtsep.cli.midi_ports import (
    POLL_S,
    maps_of,
    midi_input,
    midi_system,
    port_options,
)
from rtsep.control.text import printable

if TYPE_CHECKING:
    from rtsep.control.midi.library import Entry
    from rtsep.control.midi.messages import Event
    from rtsep.control.midi.ports import Input


@click.group()
def midi() -> None:
    """List, watch and learn controllers with faders and buttons."""


midi.add_command(learn)
midi.add_command(import_mixxx)


@midi.command("list")
@port_options
def list_ports(config: Path | None, port: str | None, api: str) -> None:
    """Show the inputs, and the map that --midi auto uses for each."""
    from rtsep.names import fitting

    library = maps_of(config)
    with midi_system(api) as backend:
        inputs = backend.inputs()
        names = [inputs[place] for place in fitting(port, inputs)] if port else inputs
        click.echo(f"{'MIDI inputs' if names else 'no MIDI inputs'} ({backend.api})")
        width = max(map(len, names), default=0)
        for name in names:
            entry = library.best(name)
            known = f"{entry.name} ({_origin(entry)})" if entry else "no map: learn one"
            click.echo(f"  {printable(name):{width}}  {known}")


@midi.command("presets", short_help="List the maps there are, or print one.")
@click.argument("name", required=False)
@config_option
def show_presets(name: str | None, config: Path | None) -> None:
    """List the maps there are, yours and the shipped ones, or print the map NAME."""
    library = maps_of(config)
    if name is not None:
        click.echo(library.find(name).path.read_text(encoding="utf-8"), nl=False)
        return
    width = max(len(entry.name) for entry in library.entries)
    for entry in library.entries:
        click.echo(f"{entry.name:{width}}  {entry.map.name} ({_origin(entry)})")


@midi.command("monitor")
@port_options
@click.option("--map", "map_name", metavar="NAME", help="The map whose actions are shown.")
@click.option("--seconds", type=Number(min=0), metavar="S", help="End after so long; else Ctrl-C.")
def monitor(
    config: Path | None, port: str | None, api: str, map_name: str | None, seconds: float | None
) -> None:
    """Print what controllers send and what that would do. Nothing is moved."""
    from rtsep.control.midi.scout import chosen

    library = maps_of(config)
    with midi_system(api) as backend, stop_on_signals() as stop, ExitStack() as stack:
        names = [chosen(port, backend.inputs(), backend.api)] if port else backend.inputs()
        maps = {name: library.find(map_name) if map_name else library.best(name) for name in names}
        inputs = {name: stack.enter_context(midi_input(backend, name)) for name in names}
        for name, entry in maps.items():
            click.echo(f"listening to {printable(name)} (map {entry.name if entry else 'none'})")
        if not names:
            click.echo(f"no MIDI inputs ({backend.api})")
        for name, event in _events(inputs, seconds, stop):
            click.echo(f"{printable(name)}: {event}{_meaning(event, maps[name])}")
        if stop.is_set():  # the usual way to end this
            click.echo("")


def _events(
    inputs: dict[str, Input], seconds: float | None, stop: threading.Event
) -> Iterator[tuple[str, Event]]:
    """What comes in, for so long or until it is stopped."""
    from rtsep.control.midi.messages import parse

    end = math.inf if seconds is None else time.monotonic() + seconds
    while inputs and time.monotonic() < end and not stop.wait(POLL_S):
        for name, port in inputs.items():
            yield from ((name, event) for event in map(parse, port.messages()) if event)


def _meaning(event: Event, entry: Entry | None) -> str:
    bindings = entry.map.bindings if entry else ()
    actions = [f"{one.action} ({one.mode})" for one in bindings if one.means(event)]
    return f" -> {', '.join(actions)}" if actions else ""


def _origin(entry: Entry) -> str:
    return "shipped" if entry.shipped else "yours"
