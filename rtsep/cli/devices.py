"""`rtsep devices`: the sound devices of this machine."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rtsep.audio.devices import Device

# Everything else is imported where it is used: `rtsep --help` must not load PortAudio or rich.


@click.command(short_help="List sound devices and what they can do.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of a table.")
def devices(as_json: bool) -> None:
    """List sound devices, with what they can do and the defaults marked."""
    from rtsep.cli.common.progress import RichObserver
    from rtsep.errors import RtsepError

    with RichObserver("asking sound devices what they can do", log=False):
        from rtsep.audio.devices import ask_for_devices

        found = ask_for_devices(rates=True)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(device) for device in found], indent=2))
    elif found:
        _print_table(found)
    else:
        raise RtsepError("no sound devices; plug one in, or start JACK or PipeWire (docs/audio.md)")


def _print_table(found: list[Device]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    right: dict[str, Any] = {"justify": "right"}
    table.add_column("#", **right)
    table.add_column("name", overflow="fold")
    table.add_column("host API")
    table.add_column("in", **right)
    table.add_column("out", **right)
    table.add_column("kHz", max_width=12)
    table.add_column("latency", **right)
    table.add_column("default")
    for device in found:
        table.add_row(
            str(device.index),
            device.name,
            device.host_api,
            str(device.inputs or "-"),
            str(device.outputs or "-"),
            " ".join(f"{rate / 1000:g}" for rate in device.rates or ()) or "-",
            _latency(device),
            _marks(device),
        )
    Console(highlight=False).print(table, markup=False)
    click.echo(
        "\nWrite the number, the name or part of it, or both with the host API: 'ALSA: usb'."
    )


def _latency(device: Device) -> str:
    """The lower of what the host API offers, in and out."""
    parts = zip((device.inputs, device.outputs), device.low_latency, strict=True)
    return "+".join(f"{1000 * seconds:.0f}" for channels, seconds in parts if channels) + " ms"


def _marks(device: Device) -> str:
    marks = {"mic": device.default_input, "speakers": device.default_output}
    return "\n".join(name for name, on in marks.items() if on)
