"""What programs play, taken away from the speakers and brought to a sink of our own.

The session manager moves the streams, as it does for pavucontrol. Where our sink goes without a
word, since everything of ours was killed, it moves them back by itself.
"""

from __future__ import annotations

import difflib
import re
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from rtsep.audio.computer import OURS
from rtsep.closing import Closing
from rtsep.errors import ConfigError, RtsepError
from rtsep.names import fitting
from rtsep.sound_servers.pipewire import TARGET, Graph, Program, Stream
from rtsep.sound_servers.pipewire_tools import OwnSink, Watch, asked, send


class Wanted:
    """Which streams shall be heard: those of a program, or without a name all of them."""

    def __init__(self, name: str | None, ours: Callable[[int], bool]) -> None:
        """`ours` says of a process whether its sound is that of the session."""
        self._name, self._ours = name, ours
        self._program: Program | None = None

    def settle(self, graph: Graph, *, waits: bool) -> str:
        """Find the program. Returns a sentence, or nothing. Raises ConfigError with the candidates
        for a name that none has, unless it `waits`, or that several have."""
        if self._name is None:
            return ""
        found = called(self._name, graph.streams)
        if len(found) > 1:
            raise ConfigError(
                f"app {self._name!r} fits {len(found)} programs; write more of the name: "
                f"{_listed(found)}"
            )
        if found:
            self._program = found[0]
            return ""
        names = [program.name for program in graph.silent_programs]
        if waits or fitting(self._name, names):
            return f"{self._name} does not play yet; it is heard as soon as it does"
        raise ConfigError(_unknown(self._name, graph.programs))

    def takes(self, stream: Stream) -> bool:
        if any(self._ours(pid) for pid in stream.pids):
            return False
        if self._name is None:
            return True
        if self._program is None and called(self._name, [stream]):
            self._program = stream.program
        return stream.program == self._program


class Capture(Closing):
    """The sound of what is wanted, at a sink called `description`. To be asked to `look` whenever
    `watch` has something to tell. Each stream is moved once: where somebody sends it after that,
    it stays."""

    def __init__(self, watch: Watch, wanted: Wanted, name: str) -> None:
        """Raises ConfigError where PipeWire makes no sink, or another session has it."""
        slug = re.sub(r"[^\w]+", "-", name.casefold()).strip("-") or "app"
        self.name, self.description = f"rtsep.{slug}", f"{OURS}{slug}"
        self._watch, self._wanted = watch, wanted
        self._moved: dict[int, Any] = {}  # each with where it was sent before
        self._seen: set[int] = set()
        if not watch.without(self.name):
            raise ConfigError(f"another session hears {name} already; stop it first")
        self._sink = OwnSink(self.name, self.description)
        try:
            watch.wait_for(self.name)
        except BaseException:
            self.close()
            raise

    def look(self) -> list[str]:
        """Move what has come. Returns sentences for a person. Raises RtsepError when the server, or
        what holds the sink, has ended."""
        self._watch.read()
        if not self._sink.alive:
            raise RtsepError("PipeWire's program pw-cli has ended")
        return self._take()

    def close(self) -> None:
        """Send everything back to where it played before."""
        with suppress(subprocess.SubprocessError):  # without our sink they play elsewhere anyway
            self._give_back()
        self._sink.close()

    def _take(self) -> list[str]:
        streams = {stream.serial: stream for stream in self._watch.graph.streams}
        self._seen &= streams.keys()
        new = [one for one in streams.values() if one.serial not in self._seen]
        new = [one for one in new if self._wanted.takes(one)]
        self._seen |= {one.serial for one in new}
        metadata = asked().metadata if new else {}
        for stream in new:
            if stream.movable:
                self._moved[stream.serial] = metadata.get((stream.id, TARGET))
                send(stream.id, self.name)
        fixed = [stream.program for stream in new if not stream.movable]
        return [f"{program} does not let its sound be moved" for program in dict.fromkeys(fixed)]

    def _give_back(self) -> None:
        """Whatever is still where we have sent it."""
        graph = asked()
        for stream in graph.streams:
            sent_to = graph.metadata.get((stream.id, TARGET))
            if stream.serial in self._moved and sent_to == self.name:
                send(stream.id, self._moved[stream.serial])


def called(name: str, streams: Sequence[Stream]) -> list[Program]:
    """The programs that a person may mean."""
    known = [(each, stream.program) for stream in streams for each in stream.names]
    places = fitting(name, [each for each, _ in known])
    return list(dict.fromkeys(known[place][1] for place in places))


def _unknown(name: str, programs: Sequence[Program]) -> str:
    names = {program.name.casefold(): program.name for program in programs}
    close = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.5)
    hint = f"did you mean {names[close[0]]!r}? " if close else ""
    there = f"there are: {_listed(programs)}" if programs else "no program plays"
    return f"no program plays that is called {name!r}; {hint}{there}; --wait waits for it"


def _listed(programs: Sequence[Program]) -> str:
    return ", ".join(str(program) for program in programs)
