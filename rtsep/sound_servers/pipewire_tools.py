"""PipeWire's programs, and a sink that lasts as long as this process."""

from __future__ import annotations

import codecs
import os
import select
import shutil
import subprocess
import time
from typing import Any

from rtsep.closing import Closing
from rtsep.errors import ConfigError, RtsepError
from rtsep.sound_servers.pipewire import TARGET, Documents, Graph, Sink

_SECONDS = 5.0  # for PipeWire to do what it is told
_GOING_SECONDS = 1.0
_QUIET = 0.05  # after which it has told what there is
_CHUNK = 1 << 16
_PORTS = 4  # of a stereo sink: two that it plays, two that it is heard at
_WITH_US = ("setpriv", "--pdeathsig", "KILL")  # of util-linux: ends it when we end, however
_SINK = (
    "create-node adapter {{ factory.name=support.null-audio-sink media.class=Audio/Sink "
    'node.name="{name}" node.description="{description}" audio.position=[FL,FR] '
    "object.linger=false node.virtual=true priority.session=0 priority.driver=0 }}\n"
)


class Watch(Closing):
    """The server's graph, followed by `pw-dump`. Raises ConfigError where no server answers."""

    def __init__(self) -> None:
        self.graph = Graph()
        self._process = started("pw-dump", "--monitor")
        assert self._process.stdout is not None
        self.fd = self._process.stdout.fileno()
        os.set_blocking(self.fd, False)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._documents = Documents()
        try:
            self._begin()
        except RtsepError as error:
            self.close()
            raise ConfigError(f"PipeWire does not answer: {error}") from error

    def read(self) -> None:
        """What has been told since the last time. Raises RtsepError when the server has ended."""
        while True:
            try:
                piece = os.read(self.fd, _CHUNK)
            except BlockingIOError:
                return
            if not piece:
                raise RtsepError("its program pw-dump has ended")
            for document in self._documents.feed(self._decoder.decode(piece)):
                self.graph.update(document)

    def wait_for(self, sink: str) -> Sink:
        """Until there is one of that name, with its ports. Raises ConfigError."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            for each in self.graph.sinks:
                if each.name == sink and self.graph.ports(each.id) >= _PORTS:
                    return each
            self._wait(_QUIET)
        raise ConfigError(f"PipeWire made no sink {sink!r}; is WirePlumber running?")

    def without(self, sink: str) -> bool:
        """Whether there is none of that name. One that goes takes a moment."""
        end = time.monotonic() + _GOING_SECONDS
        while any(each.name == sink for each in self.graph.sinks):
            if time.monotonic() > end:
                return False
            self._wait(_QUIET)
        return True

    def close(self) -> None:
        end(self._process)

    def _begin(self) -> None:
        last = time.monotonic() + _SECONDS
        while not self.graph.sinks and time.monotonic() < last:
            self._wait(_QUIET)
        while self._wait(_QUIET) and time.monotonic() < last:
            continue

    def _wait(self, seconds: float) -> bool:
        told, _, _ = select.select([self.fd], [], [], seconds)
        self.read()
        return bool(told)


def asked() -> Graph:
    """The server's graph as it is now; empty without a server."""
    done = subprocess.run(["pw-dump"], capture_output=True, timeout=_SECONDS, check=False)
    graph = Graph()
    for document in Documents().feed(done.stdout.decode("utf-8", "replace")):
        graph.update(document)
    return graph


class OwnSink(Closing):
    """A sink that nobody hears but who records it. It goes when this object is closed, and when
    this process is killed: `pw-cli` holds it, and ends with us. (At the end of its input alone
    pw-cli 0.3.65 would not end, but take a processor for itself.)"""

    def __init__(self, name: str, description: str) -> None:
        self._process = started("pw-cli", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert self._process.stdin is not None
        self._process.stdin.write(_SINK.format(name=name, description=description).encode())
        self._process.stdin.flush()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        end(self._process)


def send(stream: int, target: Any) -> None:
    """Have a stream play to that sink, by name or serial number; None is wherever it likes.

    A name is not remembered by WirePlumber for the next time that the program plays; a number is.
    """
    command = ["pw-metadata", *(["-d"] if target is None else []), str(stream), TARGET]
    if target is not None:
        command += [str(target), *(["Spa:Id"] if str(target).isdecimal() else [])]
    subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)


def started(*command: str, **streams: Any) -> subprocess.Popen[bytes]:
    """One of PipeWire's programs, which ends when this process does. Raises ConfigError."""
    if shutil.which(command[0]) is None:
        raise ConfigError(
            f"PipeWire's {command[0]} is missing; install it: apt install pipewire-bin (Debian, "
            "Ubuntu), dnf install pipewire-utils (Fedora), pacman -S pipewire (Arch)"
        )
    if shutil.which(_WITH_US[0]):
        command = (*_WITH_US, *command)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **streams}
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, **streams)


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
