"""A private PipeWire server without hardware, with its session manager, and programs that play.

The speakers are a null sink, which has the pace of a sound card. Nothing here starts or stops
anybody else's; it needs no session of a desktop.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import soundfile

from rtsep.sound_servers.pipewire import Documents

RATE = 48_000
SPEAKERS = "Built-in Audio"
TONE_PEAK = 0.25
_START_SECONDS = 20.0
_SONG_SECONDS = 300

_CONFIG = """
context.properties = {
    core.daemon = true
    core.name = pipewire-0
    default.clock.rate = %(rate)d
    default.clock.quantum = 1024
}
context.spa-libs = {
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}
context.modules = [
    { name = libpipewire-module-rt flags = [ ifexists nofail ] }
    { name = libpipewire-module-protocol-native }
    { name = libpipewire-module-metadata }
    { name = libpipewire-module-spa-node-factory }
    { name = libpipewire-module-client-node }
    { name = libpipewire-module-access }
    { name = libpipewire-module-adapter }
    { name = libpipewire-module-link-factory }
    { name = libpipewire-module-session-manager }
]
context.objects = [
    { factory = adapter args = {
        factory.name = support.null-audio-sink
        node.name = speakers
        node.description = "%(speakers)s"
        media.class = Audio/Sink
        object.linger = true
        audio.position = [ FL FR ]
        priority.session = 1000
        priority.driver = 1000
    } }
]
"""


@dataclass(frozen=True)
class PipeWire:
    """A running server; `env` is for processes that shall use it."""

    env: dict[str, str]
    process: subprocess.Popen[bytes]

    def run(self, *command: str) -> str:
        return subprocess.run(command, env=self.env, capture_output=True, text=True).stdout

    def links(self) -> set[tuple[str, str]]:
        """Names of nodes, from where and to where."""
        things: dict[int, dict[str, Any]] = {}
        for document in Documents().feed(self.run("pw-dump")):
            things |= {thing["id"]: thing for thing in document}

        def name(node: int) -> str:
            return str(_properties(things.get(node, {})).get("node.name", "?"))

        return {
            (name(thing["info"]["output-node-id"]), name(thing["info"]["input-node-id"]))
            for thing in things.values()
            if thing.get("type") == "PipeWire:Interface:Link"
        }

    def hears(self, sink: str) -> set[str]:
        """Who plays to it."""
        return {source for source, target in self.links() if target == sink}


@contextmanager
def running_pipewire(folder: Path, *, instead: PipeWire | None = None) -> Iterator[PipeWire]:
    """With a runtime folder of its own, or in the place of one that has ended. Ended on the way
    out."""
    (folder / "pipewire.conf").write_text(_CONFIG % {"rate": RATE, "speakers": SPEAKERS})
    _without_logind(folder / "CONFIG" / "wireplumber")
    with tempfile.TemporaryDirectory(prefix="pw") as short:  # sockets have short names
        env = instead.env if instead else _environment(folder, short)
        with tempfile.TemporaryFile() as log, _server(env, folder, log) as server:
            _wait(server, lambda: "default.audio.sink" in server.run("pw-metadata"), log)
            yield server


def _without_logind(config: Path) -> None:
    """WirePlumber asks it who may use Bluetooth, and ends where nobody answers. It has its settings
    in Lua up to 0.4, and from 0.5 on in files of its own."""
    for name, text in (
        ("bluetooth.lua.d/90-enable-all.lua", ""),
        ("bluetooth.lua.d/30-bluez-monitor.lua", ""),
        ("bluetooth.lua.d/50-bluez-config.lua", ""),
        (
            "wireplumber.conf.d/rig.conf",
            "wireplumber.profiles = { main = "
            "{ hardware.bluetooth = disabled support.logind = disabled } }",
        ),
    ):
        path = config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _environment(folder: Path, runtime: str) -> dict[str, str]:
    return {
        **os.environ,
        **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("STATE", "CONFIG")},
        "XDG_RUNTIME_DIR": runtime,
        "PIPEWIRE_RUNTIME_DIR": runtime,
        "JACK_DEFAULT_SERVER": f"none{uuid.uuid4().hex[:8]}",
        "JACK_NO_START_SERVER": "1",
    }


@contextmanager
def _server(env: dict[str, str], folder: Path, log: IO[bytes]) -> Iterator[PipeWire]:
    def begin(*command: str, **more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**env, **more}
        )

    server = PipeWire(env, begin("pipewire", PIPEWIRE_CONFIG_DIR=str(folder)))
    try:
        _wait(server, lambda: bool(server.run("pw-cli", "info", "0")), log)
        manager = begin("dbus-run-session", "--", "wireplumber")
        try:
            yield server
        finally:
            server.process.terminate()  # the manager follows it
            manager.wait(20)
    finally:
        server.process.kill()
        server.process.wait()


def _wait(server: PipeWire, condition: Callable[[], bool], log: IO[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while not condition():
        if server.process.poll() is not None or time.monotonic() > end:
            log.seek(0)
            raise RuntimeError(f"PipeWire did not start: {log.read().decode(errors='replace')}")
        time.sleep(0.05)


class Program:
    """One that plays a tone, until it quits. Each has a stream called `node`."""

    def __init__(
        self, server: PipeWire, folder: Path, name: str, *, node: str, **properties: str
    ) -> None:
        song = folder / "tone.wav"
        if not song.exists():
            _write_tone(song)
        told = {"application.name": name, "node.name": node, **properties}
        listed = " ".join(f'{key}="{value}"' for key, value in told.items())
        self.node = node
        self._process = subprocess.Popen(
            ["pw-cat", "--playback", "--properties", f"{{ {listed} }}", str(song)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=server.env,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def quit(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *error: object) -> None:
        self.quit()


def _write_tone(path: Path) -> None:
    at = np.arange(8000 * _SONG_SECONDS) / 8000
    soundfile.write(path, TONE_PEAK * np.sin(2 * np.pi * 441 * at), 8000, subtype="PCM_16")


def _properties(thing: dict[str, Any]) -> dict[str, Any]:
    return (thing.get("info") or {}).get("props") or {}
