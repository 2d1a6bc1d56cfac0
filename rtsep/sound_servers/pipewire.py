"""What is on a PipeWire server, as its program `pw-dump` tells it.

Knows the programs that play, the sinks that they play to, and where each was sent; moves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PLAYING = "Stream/Output/Audio"
SINK = "Audio/Sink"
TARGET = "target.object"  # in the server's metadata: where somebody has sent a stream

Properties = Mapping[str, Any]
Metadata = dict[tuple[int, str], Any]


@dataclass(frozen=True)
class Program:
    """One that plays. Its streams come and go with its songs and windows."""

    name: str
    binary: str = ""

    def __str__(self) -> str:
        known = self.binary.casefold() in ("", self.name.casefold())
        return self.name if known else f"{self.name} ({self.binary})"


@dataclass(frozen=True)
class Stream:
    """`names` are all that a person may call it by."""

    id: int  # which another may have as soon as this one has gone
    serial: int  # which no other ever has
    program: Program
    names: tuple[str, ...]
    pids: tuple[int, ...]  # of who plays, or of who plays for it
    movable: bool


@dataclass(frozen=True)
class Sink:
    id: int
    name: str  # as the server calls it
    description: str  # as people and JACK do


class Documents:
    """JSON documents out of text that comes in pieces."""

    def __init__(self) -> None:
        self._text = ""
        self._decoder = json.JSONDecoder()

    def feed(self, text: str) -> Iterator[Any]:
        """Those that are complete now."""
        self._text = (self._text + text).lstrip()
        while self._text:
            try:
                document, end = self._decoder.raw_decode(self._text)
            except json.JSONDecodeError:  # there is more to come
                return
            self._text = self._text[end:].lstrip()
            yield document


class Graph:
    """All objects of the server as they were last told."""

    def __init__(self) -> None:
        self._objects: dict[int, dict[str, Any]] = {}

    def update(self, changed: list[dict[str, Any]]) -> None:
        """A document of `pw-dump --monitor`: what is new or another, or gone. Of metadata it holds
        the changed entries only, and of those that were taken away nothing."""
        for thing in changed:
            if thing.get("info", "") is None:  # gone
                self._objects.pop(thing["id"], None)
            else:
                self._objects[thing["id"]] = thing

    @property
    def streams(self) -> list[Stream]:
        """What programs play. Filters and loops play for others, and are none."""
        return [
            self._stream(number, properties)
            for number, properties in self._nodes()
            if properties.get("media.class") == PLAYING and "node.link-group" not in properties
        ]

    @property
    def programs(self) -> list[Program]:
        """Those that play."""
        return list(dict.fromkeys(stream.program for stream in self.streams))

    @property
    def silent_programs(self) -> list[Program]:
        """Those that are connected without playing anything."""
        clients = (properties for _, properties in self._of("Client"))
        found = (_program(properties) for properties in clients)
        return [program for program in dict.fromkeys(found) if program not in self.programs]

    @property
    def jack_clients(self) -> list[str]:
        """Programs that connect their ports themselves; nobody sends them anywhere."""
        return [
            str(properties.get("node.name", ""))
            for _, properties in self._nodes()
            if properties.get("client.api") == "jack"
        ]

    @property
    def sinks(self) -> list[Sink]:
        return [
            Sink(number, str(name), str(properties.get("node.description", name)))
            for number, properties in self._nodes()
            if properties.get("media.class") == SINK and (name := properties.get("node.name"))
        ]

    @property
    def default_sink(self) -> Sink | None:
        """What programs play to unless they are sent somewhere else."""
        value = self.metadata.get((0, "default.audio.sink"))
        name = value.get("name") if isinstance(value, dict) else None
        return next((sink for sink in self.sinks if sink.name == name), None)

    @property
    def metadata(self) -> Metadata:
        """By the number of the object that it is about, and a key. Only a graph that was just asked
        for knows all."""
        lists = (thing.get("metadata", ()) for thing in self._objects.values())
        return {(one["subject"], one["key"]): one["value"] for each in lists for one in each}

    def ports(self, node: int) -> int:
        """How many a node has."""
        return sum(properties.get("node.id") == node for _, properties in self._of("Port"))

    def _nodes(self) -> Iterator[tuple[int, Properties]]:
        """Each with what its client says of itself, where it says nothing."""
        for number, properties in self._of("Node"):
            client = self._objects.get(properties.get("client.id", -1), {})
            yield number, {**_properties(client), **properties}

    def _of(self, kind: str) -> Iterator[tuple[int, Properties]]:
        for number, thing in self._objects.items():
            if thing.get("type") == f"PipeWire:Interface:{kind}":
                yield number, _properties(thing)

    def _stream(self, number: int, properties: Properties) -> Stream:
        program = _program(properties)
        more = ("node.name", "application.id", "pipewire.access.portal.app_id")
        names = (program.name, program.binary, *(str(properties.get(key, "")) for key in more))
        keys = ("application.process.id", "pipewire.sec.pid")
        pids = [str(properties.get(key, "")) for key in keys]
        fixed = any(_true(properties.get(key)) for key in ("node.dont-reconnect", "node.dont-move"))
        return Stream(
            id=number,
            serial=int(properties.get("object.serial", number)),
            program=program,
            names=tuple(dict.fromkeys(name for name in names if name)),
            pids=tuple(int(pid) for pid in pids if pid.isdecimal()),
            movable=not fixed,
        )


def _properties(thing: dict[str, Any]) -> dict[str, Any]:
    return (thing.get("info") or {}).get("props") or {}


def _program(properties: Properties) -> Program:
    binary = str(properties.get("application.process.binary", ""))
    name = properties.get("application.name") or properties.get("node.name") or binary
    return Program(str(name), binary)


def _true(value: Any) -> bool:
    return str(value).casefold() in ("true", "1")
