"""`rtsep midi learn`: a map, made by moving controls."""

from __future__ import annotations

import os
import queue
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtsep.cli.common.values import Number
from rtsep.cli.midi_ports import POLL_S, maps_of, midi_input, midi_system, port_options
from rtsep.control.text import printable

if TYPE_CHECKING:
    from rtsep.control.actions import Action
    from rtsep.control.midi.learn import Gesture
    from rtsep.control.midi.library import Library
    from rtsep.control.midi.maps import Binding, DeviceMap
    from rtsep.control.midi.ports import Input
    from rtsep.control.midi.traces import Address

LISTEN_S = 0.5  # before the first control is asked for: what sends now sends by itself


@click.command("learn", short_help="Bind controls to actions by moving them.")
@click.argument("actions", nargs=-1)
@port_options
@click.option("--map", "map_name", metavar="NAME", help="The map to write; else the one in use.")
@click.option("--fresh", is_flag=True, help="Forget what the map did before.")
@click.option("--feedback", is_flag=True, help="Light a button's lamp with the button's message.")
@click.option(
    "--stems",
    type=Number(1, 99, whole=True),
    default=4,
    show_default=True,
    metavar="N",
    help="How many stems to learn gains and mutes for, without ACTIONS.",
)
@click.option(
    "--seconds",
    type=Number(min=0),
    default=10,
    show_default=True,
    metavar="S",
    help="How long to wait for each control.",
)
def learn(
    actions: Sequence[str], config: Path | None, port: str | None, api: str, **wishes: Any
) -> None:
    """Bind controls to ACTIONS (gain:vocals, mute:1, master, record ...) by moving them.

    Asks for one control after the other; Enter skips one. Writes a map of your own, which
    --midi auto uses from then on.
    """
    from rtsep.control.actions import parse_action
    from rtsep.control.midi.learn import learned
    from rtsep.errors import RtsepError

    wish = Wishes(**wishes)
    wanted = [parse_action(text) for text in actions or wish.usual_actions]
    library = maps_of(config)
    with midi_system(api) as backend:
        source = _source(port, backend.inputs(), backend.api)
        name, base = _base(library, source, wish, backend.api)
        library.path_of(name)  # complains before there is work to lose
        with midi_input(backend, source) as opened:
            click.echo(f"learning from {printable(source)}")
            bindings = _ask_all(wanted, opened, wish.seconds)
    if not bindings:
        raise RtsepError(f"nothing was learned from {source}; is it the right port?")
    if wish.feedback:
        bindings = [_with_lamp(binding) for binding in bindings]
    path = library.store(name, learned(base, bindings))
    click.echo(f"{len(bindings)} of {len(wanted)} learned, written to {path}")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The options of the command beside the port's."""

    map_name: str | None
    fresh: bool
    feedback: bool
    stems: int
    seconds: float

    @property
    def usual_actions(self) -> list[str]:
        return [f"{verb}:{n}" for verb in ("gain", "mute") for n in range(1, self.stems + 1)]


def _ask_all(wanted: Sequence[Action], port: Input, seconds: float) -> list[Binding]:
    from rtsep.control.midi.learn import Gesture, addresses
    from rtsep.control.midi.parameters import Parameters

    bindings: list[Binding] = []
    known: set[Address] = set()
    restless, parameters = _restless(port), Parameters()
    with _entered_lines() as lines:
        for number, action in enumerate(wanted, 1):
            click.echo(f"{number}/{len(wanted)} {action}: {_request(action)}")
            gesture = Gesture(action, known, restless=restless, parameters=parameters)
            binding = _ask(gesture, action, port, seconds, lines)
            if binding is None:
                click.echo("  skipped")
                continue
            bindings.append(binding)
            known.update(addresses(binding))
            channel = f"channel {binding.channel} {binding.type}"
            click.echo(f"  learned: {channel} {binding.number} ({binding.mode})")
    return bindings


def _restless(port: Input) -> set[Address]:
    """The controls that send while nobody has been asked to move any."""
    from rtsep.control.midi.messages import parse

    found: set[Address] = set()
    end = time.monotonic() + LISTEN_S
    while time.monotonic() < end:
        for event in filter(None, map(parse, port.messages())):
            found.add((event.type, event.channel, event.number))
        time.sleep(POLL_S)
    return found


def _ask(
    gesture: Gesture, action: Action, port: Input, seconds: float, lines: queue.Queue[bytes]
) -> Binding | None:
    """Wait for the control for one action; None if it does not come."""
    from rtsep.control.midi.messages import parse

    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        for message in port.messages():
            gesture.add(parse(message), now)
        if not lines.empty():
            lines.get()
            return None
        if gesture.finished(now):
            binding = gesture.binding()
            if binding is not None:
                return binding
            click.echo(f"  that cannot do it: {gesture.why}; {_request(action)}")
            end = now + seconds  # no reason is told twice, so this ends
        time.sleep(POLL_S)
    return None


def _request(action: Action) -> str:
    if action.kind == "fader":
        return "move a fader up and down, or turn a knob right and left"
    return "press and release a button"


def _source(port: str | None, inputs: Sequence[str], api: str) -> str:
    """The input to learn from: the one that is named, or the only one."""
    from rtsep.control.midi.scout import chosen
    from rtsep.errors import ConfigError

    if port is None and len(inputs) > 1:
        raise ConfigError(f"which MIDI input? Choose one with --port: {', '.join(inputs)}")
    return inputs[0] if inputs and not port else chosen(port or "", inputs, api)


def _base(library: Library, source: str, wish: Wishes, api: str) -> tuple[str, DeviceMap]:
    """Name and content of the map to add to. It will fit the source."""
    from rtsep.control.midi.maps import DeviceMap, matches

    used = library.best(source)
    name = wish.map_name or (used.name if used else _slug(source, api))
    found = next((entry.map for entry in library.entries if entry.name == name), None)
    base = found or DeviceMap(name=name, match=(), bindings=())
    if wish.fresh:
        base = replace(base, bindings=())
    not_for = tuple(part for part in base.not_for if not matches(part, source))
    base = replace(base, not_for=not_for)  # whoever teaches it knows better
    if base.fit(source):
        return name, base
    return name, replace(base, match=(*base.match, _part(source, api)))


def _part(source: str, api: str = "") -> str:
    """What will be the same in the port's name when it comes back."""
    from rtsep.control.midi.naming import pattern

    return pattern(source, api)


def _slug(source: str, api: str = "") -> str:
    """A file's name for a port's."""
    from rtsep.control.midi.naming import device

    name = re.sub(r"[^a-z0-9]+", "-", device(source, api).lower())
    return name.strip("-")[:64] or "controller"


def _with_lamp(binding: Binding) -> Binding:
    from rtsep.control.midi.maps import Feedback

    if binding.action.kind != "switch" or binding.type not in ("cc", "note"):
        return binding
    lamp = Feedback(type=binding.type, channel=binding.channel, number=binding.number)
    return replace(binding, feedback=lamp)


@contextmanager
def _entered_lines() -> Iterator[queue.Queue[bytes]]:
    """What a person types, if this is a terminal."""
    lines: queue.Queue[bytes] = queue.Queue()
    if sys.stdin is not None and sys.stdin.isatty():
        threading.Thread(target=_read_lines, args=(lines,), daemon=True).start()
    yield lines


def _read_lines(lines: queue.Queue[bytes]) -> None:
    # Not through sys.stdin: a thread that waits in there can keep Python from ending.
    while line := os.read(0, 1024):
        lines.put(line)
