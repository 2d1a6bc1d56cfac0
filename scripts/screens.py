"""Capture what a newcomer sees: `python scripts/screens.py [FOLDER]`, docs/images if none.

The real commands at a terminal of 80 by 24, on a private JACK server whose microphone hears the
demo song; each is looked at when its screen is worth it, and ended.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jack
import pyte
import soundfile
from rich.console import Console
from rich.style import Style
from rich.text import Text

from rig.server import RATE, JackServer, running_jack, wait_for_ports
from rtsep.demo import demo_song

FOLDER = Path(__file__).parent.parent / "docs" / "images"
COLUMNS, LINES = 80, 24
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Shot:
    """`rtsep ARGUMENTS`, drawn when it has ended, or `after` seconds once `ready` is on its screen;
    with a `voice` the microphone hears the song."""

    name: str
    arguments: str
    after: float | None = None
    ready: str = ""
    voice: bool = False


SHOTS = (
    Shot("first-command", "--input demo --output demo-stems"),
    Shot("loading", "--input mic", after=0.3, ready="loading"),
    Shot("mic", "--input mic", after=12.0, ready="RUNNING", voice=True),
    Shot("tune", "tune", after=20.0, ready="left"),
    Shot("wrong-device", "--input focusrit"),
    Shot("wrong-file", "--input songs/first.flac --output stems"),
    Shot("wrong-model", "--input demo --output stems --model htdemuks"),
    Shot("bare-file", "demo-stems/mix.wav"),
)


def main(folder: Path = FOLDER) -> None:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as place, running_jack() as server, _deck(server):
        os.chdir(place)
        try:
            for shot in SHOTS:
                screen = _taken(shot, server)
                _draw(shot, screen, (here / folder / f"screen-{shot.name}.svg"))
                print(f"screen-{shot.name}.svg")
        finally:
            os.chdir(here)


@contextmanager
def _deck(server: JackServer) -> Iterator[None]:
    script = Path(__file__).parents[1] / "rig" / "deck.py"
    with tempfile.NamedTemporaryFile(suffix=".wav") as song:
        soundfile.write(song.name, demo_song(RATE).mix.T, RATE)
        command = [sys.executable, script, "deck", song.name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=server.env) as process:
            try:
                wait_for_ports(server, "deck")
                yield
            finally:
                process.kill()


def _taken(shot: Shot, server: JackServer) -> pyte.Screen:
    """Runs the command as long as that needs."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(screen)
    stream.feed(f"$ rtsep {shot.arguments}\r\n")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {**server.env, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with subprocess.Popen(
        [sys.executable, "-m", "rtsep", *shlex.split(shot.arguments)],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        try:
            if shot.voice:
                wait_for_ports(server, "rtsep", PATIENCE_SECONDS)
                _connect(server)
            _read(ours, stream, _until(shot, screen))
        finally:
            process.kill()
    os.close(ours)
    return screen


def _connect(server: JackServer) -> None:
    """The deck to where the microphone was."""
    os.environ.update(JACK_DEFAULT_SERVER=server.name, JACK_NO_START_SERVER="1")
    client = jack.Client("hand")
    for channel in (1, 2):
        client.connect(f"deck:out_{channel}", f"rtsep:in_{channel - 1}")
    client.close()


def _until(shot: Shot, screen: pyte.Screen) -> Callable[[], bool]:
    """Whether it is time to look."""
    end = time.monotonic() + PATIENCE_SECONDS
    seen: list[float] = []

    def done() -> bool:
        now = time.monotonic()
        if shot.after is not None and shot.ready.strip() in "\n".join(screen.display):
            seen.append(now)
        return now > end or bool(seen and shot.after is not None and now - seen[0] > shot.after)

    return done


def _read(terminal: int, stream: pyte.Stream, done: Callable[[], bool]) -> None:
    while not done():
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                came = os.read(terminal, 1 << 16)
            except OSError:  # its program has ended
                return
            stream.feed(came.decode("utf-8", "replace"))


def _draw(shot: Shot, screen: pyte.Screen, path: Path) -> None:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for row in range(LINES):
        line = Text()
        for column in range(COLUMNS):
            cell = screen.buffer[row][column]
            line.append(cell.data or " ", _style(cell))
        line.rstrip()
        console.print(line, overflow="crop", no_wrap=True)
    svg = console.export_svg(title=f"rtsep {shot.arguments}", unique_id=shot.name)
    path.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


def _style(cell: pyte.screens.Char) -> Style:
    def colour(name: str) -> str | None:
        if name == "default":
            return None
        return f"#{name}" if len(name) == 6 and name.isalnum() and not name.isalpha() else name

    names = {"brown": "yellow", "brightbrown": "bright_yellow"}
    front, back = (colour(names.get(name, name)) for name in (cell.fg, cell.bg))
    return Style(color=front, bgcolor=back, bold=cell.bold, reverse=cell.reverse)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
