"""MIDI systems, controllers, and maps for them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from rtsep.control.midi.library import Library
from rtsep.control.midi.ports import APIS, load_rtmidi, open_backend
from rtsep.doctor.outcome import Outcome, advise, ok
from rtsep.errors import ConfigError, RtsepError
from rtsep.processes.questions import Failure

_NOBODY = "Midi Through"  # a port that Linux has without any controller

_INSTALL = "pip install --force-reinstall python-rtmidi"
_REMEDIES = {
    "linux": "sudo modprobe snd-seq (and be in the group audio: sudo usermod -aG audio $USER); "
    "or start JACK or PipeWire",
}


@dataclass(frozen=True, kw_only=True)
class MidiFacts:
    """`inputs` are those of the system that --midi auto takes, each with its map, if any."""

    working: tuple[str, ...]
    broken: tuple[str, ...]  # reasons
    inputs: dict[str, str | None]
    maps: int
    problems: tuple[str, ...]  # maps that were left out


def look(config: Path | None) -> MidiFacts:
    """Starts every MIDI system there is, one after the other. Raises RtsepError without rtmidi."""
    load_rtmidi()
    library = Library(config)
    working: dict[str, list[str]] = {}
    broken = []
    for api in APIS[1:]:
        try:
            backend = open_backend(api)
        except ConfigError:  # rtmidi was built without it
            continue
        except RtsepError as error:
            broken.append(str(error))
            continue
        try:
            working[api] = backend.inputs()
        finally:
            backend.close()
    names = _chosen(working)
    maps = {name: library.best(name) for name in names}
    return MidiFacts(
        working=tuple(working),
        broken=tuple(dict.fromkeys(broken)),
        inputs={name: entry.name if entry else None for name, entry in maps.items()},
        maps=len(library.entries),
        problems=tuple(library.problems),
    )


def _chosen(working: dict[str, list[str]]) -> list[str]:
    """Inputs of the system that comes first, as for --midi auto: JACK is the second choice."""
    for api in sorted(working, key=lambda name: name == "jack"):
        return working[api]
    return []


def systems(facts: MidiFacts | Failure, platform: str) -> Outcome:
    """Whether any MIDI system works."""
    if isinstance(facts, MidiFacts) and facts.working:
        rest = f" ({'; '.join(facts.broken)})" if facts.broken else ""
        return ok(f"{' and '.join(facts.working)}{rest}")
    if isinstance(facts, Failure):
        found, _, told = facts.reason.partition("; ")
        remedy = told or f"restart JACK, unplug controllers, and look again; or {_INSTALL}"
    else:
        found = "; ".join(facts.broken) or "this build of rtmidi has no MIDI system"
        remedy = _REMEDIES.get(platform, _INSTALL)
    return advise(found, remedy, "no controllers; the keyboard and OSC work without")


def controllers(facts: MidiFacts) -> Outcome | None:
    """Which controllers are plugged in, and whether their faders are known."""
    if not facts.working:
        return None
    there = {name: known for name, known in facts.inputs.items() if _NOBODY not in name}
    if not there:
        return ok("none is plugged in")
    told = "; ".join(f"{name}: {known or 'no map'}" for name, known in there.items())
    strangers = [name for name, known in there.items() if known is None]
    if not strangers:
        return ok(told)
    return advise(
        told,
        f"rtsep midi learn --port {shlex.quote(strangers[0])}",
        "--midi auto opens only controllers that it has a map for",
    )


def maps(facts: MidiFacts) -> Outcome:
    if not facts.problems:
        return ok(f"{facts.maps} are known")
    return advise(
        "; ".join(facts.problems),
        "correct these files, or delete them (rtsep midi presets shows one that is right)",
        "they are left out",
    )
