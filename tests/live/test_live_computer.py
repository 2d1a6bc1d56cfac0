"""`--input app:NAME` and `--input system`: heard through rtsep only, and given back at the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cli_support import finish, start
from live_rig import wait_until
from pythonosc.udp_client import SimpleUDPClient
from test_live_command import alive, children

from rig.pipewire import PipeWire, Program, running_pipewire
from rig.server import Deck, JackServer, connections

RIG = Path(__file__).parents[2] / "rig"
SOUND = re.compile(r" in -\d")  # on the meter; silence is -inf


class Session:
    """A command that runs, and what it says while it does."""

    def __init__(self, folder: Path, *command: object) -> None:
        self._log = folder / "said"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", *map(str, command)], stdout=log, stderr=log
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def stop(self) -> str:
        """End it well."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.said
        return self.said

    def waits_for(self, condition: Callable[[str], object]) -> None:
        def there() -> bool:
            assert self.process.poll() is None, self.said
            return bool(condition(self.said))

        wait_until(there)

    def waits_for_sound(self) -> None:
        self.waits_for(SOUND.search)


Begin = Callable[..., Session]


@pytest.fixture
def options(live_model: Path) -> list[object]:
    return ["-m", "rtsep", "--model", live_model, "--window", "0.2", "--hop", "140",
            "--lookahead", "0", "--midi", "off", "--ui", "plain"]  # fmt: skip


@pytest.fixture
def begin(options: list[object], tmp_path: Path) -> Iterator[Begin]:
    """Starts `rtsep` with a small model, and ends it."""
    with ExitStack() as ending:

        def run(*arguments: object) -> Session:
            session = Session(tmp_path, *options, *arguments)
            ending.callback(session.process.wait, 20)
            ending.callback(session.process.kill)
            return session

        yield run


@pytest.fixture
def spotify(pipewire_server: PipeWire, tmp_path: Path) -> Iterator[Program]:
    with Program(pipewire_server, tmp_path, "Spotify", node="audio stream") as program:
        wait_until(lambda: pipewire_server.hears("speakers") == {"audio stream"})
        yield program


@pytest.fixture
def film(pipewire_server: PipeWire, tmp_path: Path, spotify: Program) -> Iterator[Program]:
    with Program(pipewire_server, tmp_path, "mpv", node="film") as program:
        wait_until(lambda: "film" in pipewire_server.hears("speakers"))
        yield program


@pytest.mark.usefixtures("spotify", "film")
def test_a_program_is_heard_through_rtsep_only(pipewire_server: PipeWire, begin: Begin) -> None:
    """Others stay where they are; all is back at the end, and also when rtsep is killed."""
    session = begin("--input", "app:spotify", "--output", "speakers")
    session.waits_for_sound()
    assert pipewire_server.hears("rtsep.spotify") == {"audio stream"}
    assert pipewire_server.hears("speakers") == {"film", "rtsep"}
    assert "JACK: rtsep hears spotify to JACK: Built-in Audio" in session.stop()
    wait_until(lambda: pipewire_server.hears("speakers") == {"film", "audio stream"})
    assert "target.object" not in pipewire_server.run("pw-metadata")

    session = begin("--input", "app:SPOT", "--output", "speakers")
    session.waits_for_sound()
    helpers = children(session.process.pid)
    os.kill(session.process.pid, signal.SIGKILL)
    wait_until(lambda: pipewire_server.hears("speakers") == {"film", "audio stream"})
    wait_until(lambda: not any(alive(helper) for helper in helpers))
    assert "target.object" not in pipewire_server.run("pw-metadata")
    assert "rtsep." not in pipewire_server.run("pw-cli", "ls", "Node")


@pytest.mark.usefixtures("spotify", "film")
def test_the_whole_computer_is_heard_without_rtsep_itself(
    pipewire_server: PipeWire, begin: Begin
) -> None:
    session = begin("--input", "system", "--output", "speakers")
    session.waits_for_sound()
    assert pipewire_server.hears("rtsep.system") == {"audio stream", "film"}
    assert pipewire_server.hears("speakers") == {"rtsep"}
    assert pipewire_server.hears("rtsep") == {"rtsep.system"}
    session.stop()
    wait_until(lambda: pipewire_server.hears("speakers") == {"film", "audio stream"})


@pytest.mark.usefixtures("spotify", "film")
def test_another_program_is_heard_while_it_plays(pipewire_server: PipeWire, begin: Begin) -> None:
    """And the first one goes back to where it was; the ports of rtsep stay."""
    hears = pipewire_server.hears
    session = begin("--input", "app:spotify", "--output", "speakers", "--osc", "0")
    session.waits_for_sound()
    port = re.search(r"OSC listens on 127.0.0.1:(\d+)", session.said)
    assert port
    with SimpleUDPClient("127.0.0.1", int(port[1])) as client:
        client.send_message("/input", "app:mpv")
        session.waits_for(lambda said: "input is now JACK: rtsep hears mpv, 1-2" in said)
        wait_until(lambda: hears("rtsep.mpv") == {"film"} and "audio stream" in hears("speakers"))
        assert hears("rtsep") == {"rtsep.mpv"}
        client.send_message("/input", "app:nobody")
        session.waits_for(
            lambda said: "input stays JACK: rtsep hears mpv: no program plays" in said
        )
        assert hears("rtsep.mpv") == {"film"}
    session.stop()
    wait_until(lambda: hears("speakers") == {"film", "audio stream"})


def test_a_program_may_come_later_and_again(
    pipewire_server: PipeWire, tmp_path: Path, begin: Begin
) -> None:
    session = begin("--input", "app:spotify", "--output", "speakers", "--wait")
    session.waits_for(lambda said: "spotify does not play yet; it is heard as soon as" in said)
    session.waits_for(lambda said: "running" in said)
    for _ in range(2):
        with Program(pipewire_server, tmp_path, "Spotify", node="song"):
            wait_until(lambda: pipewire_server.hears("rtsep.spotify") == {"song"})
            assert "song" not in pipewire_server.hears("speakers")
    session.stop()


def test_the_server_may_start_again(
    pipewire_server: PipeWire, tmp_path: Path, begin: Begin
) -> None:
    with Program(pipewire_server, tmp_path, "Spotify", node="song"):
        wait_until(lambda: pipewire_server.hears("speakers") == {"song"})
        session = begin("--input", "app:spotify", "--output", "speakers")
        session.waits_for_sound()
        pipewire_server.process.terminate()
        session.waits_for(lambda said: "no sound, trying again" in said)
    with (
        running_pipewire(tmp_path, instead=pipewire_server) as again,
        Program(again, tmp_path, "Spotify", node="song"),
    ):
        session.waits_for(lambda said: "the sound is back" in said)
        wait_until(lambda: again.hears("rtsep.spotify") == {"song"})
        assert again.hears("speakers") == {"rtsep"}
        assert session.stop().count("listening is started again") == 1


@pytest.mark.usefixtures("spotify")
def test_who_does_not_play_is_told_with_who_does(options: list[object]) -> None:
    done = finish(start(*options, "--input", "app:spotfy", "--output", "speakers"))
    assert done.code == 2
    assert done.complaint == (
        "rtsep: no program plays that is called 'spotfy'; did you mean 'Spotify'? there are: "
        "Spotify (pw-cat); --wait waits for it\n"
    )
    assert finish(start(*options, "--input", "app:", "--output", "null")).code == 2


def test_a_jack_client_of_pipewire(pipewire_server: PipeWire, begin: Begin) -> None:
    """It is recorded as it is, and its own wires to the speakers are away meanwhile."""
    deck = subprocess.Popen(
        ["pw-jack", sys.executable, RIG / "deck.py", "Deck"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=pipewire_server.env,
    )
    with deck:
        assert deck.stdout and deck.stdout.readline() == b"playing\n"
        for side, port in enumerate(("playback_FL", "playback_FR"), 1):
            pipewire_server.run("pw-link", f"Deck:out_{side}", f"speakers:{port}")
        assert pipewire_server.hears("speakers") == {"Deck"}
        session = begin("--input", "app:deck", "--output", "speakers")
        session.waits_for_sound()
        wait_until(lambda: pipewire_server.hears("speakers") == {"rtsep"})
        assert pipewire_server.hears("rtsep") == {"Deck"}
        assert "Deck is heard through rtsep only" in session.stop()
        wait_until(lambda: pipewire_server.hears("speakers") == {"Deck"})
        deck.terminate()


def test_a_client_of_a_jack_server(jack_server: JackServer, begin: Begin) -> None:
    """Only the pair that rtsep hears is taken from the sound card. What is connected again by hand
    stays."""
    with Deck(jack_server, "Deck"):

        def connect(*ports: str) -> None:
            subprocess.run(["jack_connect", "-s", jack_server.name, *ports], check=True)

        left, right = (f"system:playback_{side}" for side in (1, 2))
        connect("Deck:out_1", left)
        connect("Deck:out_2", right)
        session = begin("--input", "app:deck", "--output", "system")
        session.waits_for_sound()
        wait_until(lambda: connections(jack_server, left) == {"rtsep:out_0"})
        wait_until(lambda: connections(jack_server, right) == {"rtsep:out_1"})
        connect("Deck:out_1", left)
        lines = session.said.count("running ")  # one a second
        session.waits_for(lambda said: said.count("running ") > lines + 2)
        assert "Deck:out_1" in connections(jack_server, left)
        assert "Deck is heard through rtsep only" in session.stop()
        wait_until(lambda: connections(jack_server, right) == {"Deck:out_2"})


def test_without_pipewire_and_jack(
    options: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIPEWIRE_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    done = finish(start(*options, "--input", "system", "--output", "null"))
    assert done.code == 2
    assert done.complaint.startswith("rtsep: system needs PipeWire or JACK; PipeWire does not")
