"""What the commands of `rtsep midi` share: options, maps and ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtsep.cli.common.options import Command, config_option

if TYPE_CHECKING:
    from rtsep.control.midi.library import Library
    from rtsep.control.midi.ports import Backend, Input

# Everything else is imported where it is used: `rtsep --help` must not wait for it.

POLL_S = 0.002


def port_options(command: Command) -> Command:
    """--port, --api, --config"""
    for option in (
        click.option(
            "--api",
            default="auto",
            show_default=True,
            metavar="auto|alsa|jack|coremidi|winmm",
            help="The MIDI system.",
        ),
        click.option("--port", metavar="NAME", help="An input, or part of its name."),
    ):
        command = option(command)
    return config_option(command)


def maps_of(config: Path | None) -> Library:
    """All maps; those that are broken are told about."""
    from rtsep.control.midi.library import Library

    library = Library(config)
    for problem in library.problems:
        click.echo(f"left out: {problem}", err=True)
    return library


@contextmanager
def midi_system(api: str) -> Iterator[Backend]:
    from rtsep.cli.common.progress import RichObserver

    with RichObserver("looking for controllers", log=False):
        from rtsep.control.midi.ports import open_backend

        backend = open_backend(api)
    try:
        yield backend
    finally:
        backend.close()


@contextmanager
def midi_input(backend: Backend, name: str) -> Iterator[Input]:
    from rtsep.errors import RtsepError

    try:
        port = backend.open_input(name)
    except OSError as error:
        raise RtsepError(
            f"cannot open the MIDI input {name}: {error}; end other programs that use it"
        ) from error
    try:
        yield port
    finally:
        port.close()
