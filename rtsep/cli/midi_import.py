"""`rtsep midi import`: a map from a mapping of Mixxx."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtsep.cli.common.options import config_option
from rtsep.cli.midi_ports import maps_of
from rtsep.control.text import printable

if TYPE_CHECKING:
    from rtsep.mixxx.importing import Imported

MOST_NAMES = 6  # of controls that are left out for one reason


@click.command("import", short_help="Make a map from a mapping of Mixxx.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.midi.xml")
@click.option(
    "--layout",
    default="auto",
    show_default=True,
    metavar="auto|stems|decks|eq",
    help="What is a stem: a stem of Mixxx's, a deck, or a fader and knobs of a deck.",
)
@click.option(
    "--stem",
    "stems",
    multiple=True,
    metavar="GROUP=STEM",
    help="Instead: a group of Mixxx's, and its stem or stems (Channel2=bass+other) or `master`.",
)
@click.option("--map", "map_name", metavar="NAME", help="The map to write; else the device's name.")
@click.option("--match", multiple=True, metavar="PART", help="A part of the name of its port.")
@click.option("--replace", is_flag=True, help="Write over a map of yours with this name.")
@config_option
def import_mixxx(
    file: Path,
    layout: str,
    stems: Sequence[str],
    map_name: str | None,
    match: Sequence[str],
    replace: bool,
    config: Path | None,
) -> None:
    """Take from a MIDI mapping of Mixxx what needs no script, and say what is left out.

    Writes a map of your own, which --midi auto uses for the device from then on.
    """
    from rtsep.errors import ConfigError
    from rtsep.mixxx.importing import device_map, import_mapping
    from rtsep.mixxx.layouts import check_wishes
    from rtsep.mixxx.mapping import read_mixxx_file

    check_wishes(layout, stems)
    mapping = read_mixxx_file(file)
    imported = import_mapping(mapping, layout, stems)
    if not imported.bindings:
        raise ConfigError(f"{file}: has nothing to take: {'; '.join(_reasons(imported))}")
    device = device_map(mapping, imported, match)
    library = maps_of(config)
    name = map_name or _slug(device.name)
    if library.path_of(name).exists() and not replace:
        raise ConfigError(f"there is a map {name!r} already; --replace it, or --map another NAME")
    for line in _report(imported):
        click.echo(line)
    shipped = {entry.name for entry in library.entries if entry.shipped}
    known = {entry.name for part in device.match if (entry := library.best(part))} & shipped
    for one in sorted(known):
        click.echo(f"rtsep has a map of its own for this device, {one}; yours goes before it")
    path = library.store(name, device)
    parts = " or ".join(repr(part) for part in device.match)
    click.echo(f"written to {path}, for ports with {parts} in their name (else say --match)")


def _report(imported: Imported) -> Iterator[str]:
    total = imported.taken + len(imported.left)
    actions = dict.fromkeys(str(one.action) for one in imported.bindings)
    yield f"{imported.taken} of {total} controls taken, as {len(imported.bindings)} bindings"
    strips = [f"{strip} {words}" for strip, words in imported.strips.items()]
    yield f"layout {imported.layout}: {'; '.join(strips) or 'no strip'}"
    yield f"bound: {', '.join(actions)}"
    for reason, count in _counted(imported).most_common():
        yield f"left out: {count} {reason} ({_names(imported, reason)})"


def _reasons(imported: Imported) -> list[str]:
    return [f"{count} {reason}" for reason, count in _counted(imported).most_common()]


def _counted(imported: Imported) -> Counter[str]:
    return Counter(one.reason for one in imported.left)


def _names(imported: Imported, reason: str) -> str:
    """The keys that are left out for a reason, those that come most often first."""
    keys = Counter(one.control.key for one in imported.left if one.reason == reason)
    names = [printable(key)[:40] or "no key" for key, _ in keys.most_common(MOST_NAMES)]
    return ", ".join(names) + (" ..." if len(keys) > MOST_NAMES else "")


def _slug(name: str) -> str:
    """A file's name for a device's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64] or "mixxx"
