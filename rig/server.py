"""A private JACK server without hardware, and a player and recorder on its clock.

The server belongs to one test session and has a name of its own. Nothing here starts or stops
anybody else's.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import soundfile

RATE = 44_100
PERIOD = 256


@dataclass(frozen=True)
class JackServer:
    """A running server; `env` is for processes that shall use it."""

    name: str
    env: dict[str, str]
    process: subprocess.Popen[bytes]


@contextmanager
def running_jack(
    *, rate: int = RATE, period: int = PERIOD, name: str | None = None, outputs: int = 2
) -> Iterator[JackServer]:
    """A server with the dummy backend: no sound card, but the pace of one, with so many outputs.
    Ended on the way out."""
    name = name or f"rtsep{uuid.uuid4().hex[:8]}"
    env = {
        **os.environ,
        "JACK_DEFAULT_SERVER": name,
        "JACK_NO_START_SERVER": "1",
        "JACK_NO_AUDIO_RESERVATION": "1",
    }
    realtime = ["-R", "-P70"] if _may_be_realtime() else ["-r"]
    backend = ["-d", "dummy", "-r", str(rate), "-p", str(period), "-C", "2",
               "-P", str(outputs)]  # fmt: skip
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["jackd", "--name", name, "--sync", *realtime, *backend],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=env,
        )
        try:
            _wait_for(name, env, log)
            yield JackServer(name, env, process)
        finally:
            process.terminate()
            process.wait(20)
            if process.returncode == -signal.SIGKILL:
                # JACK knows 8 servers, and forgets a dead one when its name is used again.
                with running_jack(name=name):
                    pass


def _may_be_realtime() -> bool:
    done = subprocess.run(["chrt", "-f", "1", "true"], stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def _wait_for(name: str, env: dict[str, str], log: IO[bytes]) -> None:
    command = ["jack_wait", "-s", name, "-w", "-t", "20"]
    if subprocess.run(command, env=env, capture_output=True).returncode:
        log.seek(0)
        raise RuntimeError(f"jackd did not start: {log.read().decode(errors='replace')}")


def wait_for_ports(server: JackServer, client: str, seconds: float = 60.0) -> None:
    """Until a client has made its ports."""
    end = time.monotonic() + seconds
    while client + ":" not in all_ports(server):
        assert time.monotonic() < end, f"no ports of {client} in {seconds:.0f} s"
        time.sleep(0.1)


def all_ports(server: JackServer) -> str:
    command = ["jack_lsp", "-s", server.name]
    return subprocess.run(command, env=server.env, capture_output=True, text=True).stdout


def activate(client: Any) -> None:
    """A client of the module `jack`. The server waits for its next period and says after ten of
    them that there was none; on a machine that stalled it came later, and asking again is told."""
    try:
        client.activate()
    except Exception:  # the module's error, which is not imported for this
        client.activate()


@dataclass(frozen=True)
class Capture:
    """What came back, aligned with what was played: sample i left while sample i was sent."""

    audio: np.ndarray  # (2, samples), or a row for each port that was named
    missing_frames: int
    xruns: int
    wall_seconds: float


class Player:
    """Plays a signal into a JACK client and records what the client plays, in its own process."""

    def __init__(
        self,
        server: JackServer,
        folder: Path,
        audio: np.ndarray,
        *,
        seconds: float,
        client: str,
        rate: int = RATE,
        ports: Sequence[str] = (),
    ) -> None:
        """Without `ports` of the client the first two are recorded."""
        self._result = folder / f"capture-{uuid.uuid4().hex[:6]}.wav"
        played = folder / f"played-{uuid.uuid4().hex[:6]}.wav"
        soundfile.write(played, audio.T, rate, subtype="FLOAT")
        script = Path(__file__).with_name("player.py")
        self._process = subprocess.Popen(
            [sys.executable, script, played, self._result, client, str(seconds), *ports],
            stdout=subprocess.PIPE,
            text=True,
            env=server.env,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "playing\n"

    def finish(self) -> Capture:
        """Wait for the end of the recording."""
        out, _ = self._process.communicate(timeout=900)
        assert self._process.returncode == 0, out
        figures = json.loads(out.splitlines()[-1])
        audio, _ = soundfile.read(self._result, dtype="float32", always_2d=True)
        return Capture(audio.T, **figures)

    def stop(self) -> None:
        """End it early, without a result."""
        self._process.terminate()
        self._process.wait(20)


@contextmanager
def running_loop(
    server: JackServer, client: str = "loop", delay: int = 0, **settings: object
) -> Iterator[None]:
    """A client that gives back what it gets, `delay` samples later; see `rig/loop.py`. To whoever
    opens it for both directions it is a closed loop."""
    settings = {"matrix": [[1, 0], [0, 1]], "delay": delay, **settings}
    script = Path(__file__).with_name("loop.py")
    with subprocess.Popen(
        [sys.executable, script, client, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=server.env,
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            assert process.stdout.readline() == "looping\n"
            yield
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            finally:
                process.kill()


class Deck:
    """A client that comes and goes: plays a tone, and has inputs that nobody hears."""

    def __init__(self, server: JackServer, name: str) -> None:
        script = Path(__file__).with_name("deck.py")
        self._process = subprocess.Popen(
            [sys.executable, script, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what libjack says of a server that has ended
            text=True,
            env=server.env,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "playing\n"

    def quit(self) -> None:
        """Returns when it is gone."""
        self._process.communicate(timeout=20)

    def kill(self) -> None:
        self._process.kill()
        self.quit()

    def __enter__(self) -> Deck:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self.kill()


def set_period(server: JackServer, period: int) -> None:
    """While its clients run."""
    command = ["jack_bufsize", str(period)]
    subprocess.run(command, env=server.env, capture_output=True, check=True)


def connections(server: JackServer, port: str) -> set[str]:
    """Names of the ports that one is connected to."""
    done = subprocess.run(
        ["jack_lsp", "-s", server.name, "-c", port], env=server.env, capture_output=True, text=True
    )
    return {line.strip() for line in done.stdout.splitlines() if line.startswith(" ")}


class Stage:
    """Two decks, "one" and "two", and two rooms, "hall" and "booth"; see `rig/stage.py`."""

    def __init__(self, server: JackServer, folder: Path) -> None:
        self._path = folder / f"stage-{uuid.uuid4().hex[:6]}.npz"
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("stage.py"), self._path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=server.env,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "playing\n"

    def finish(self) -> dict[str, np.ndarray]:
        """What each played or heard, by name, and `missing`, a number of samples."""
        self._process.communicate(timeout=60)
        with np.load(self._path) as heard:
            return dict(heard)

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *error: object) -> None:
        """Ports of a client that was killed can still be met by the next one of its name."""
        try:
            self._process.communicate(timeout=20)
        finally:
            self._process.kill()


def latencies(server: JackServer, port: str) -> dict[str, tuple[int, int]]:
    """What the graph says of a port, "capture" and "playback": least and most frames."""
    done = subprocess.run(
        ["jack_lsp", "-s", server.name, "-l", port], env=server.env, capture_output=True, text=True
    )
    said = re.findall(r"port (\w+) latency = \[ (\d+) (\d+) \]", done.stdout)
    return {mode: (int(least), int(most)) for mode, least, most in said}
