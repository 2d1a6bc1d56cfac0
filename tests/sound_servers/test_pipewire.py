"""What plays on a PipeWire server, and how it comes to us and goes back."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from live_rig import wait_until

from rig.pipewire import SPEAKERS, PipeWire, Program
from rtsep.errors import ConfigError, RtsepError
from rtsep.sound_servers import pipewire_tools as tools
from rtsep.sound_servers.pipewire import Documents, Graph, Stream
from rtsep.sound_servers.pipewire import Program as Playing
from rtsep.sound_servers.pipewire_capture import Capture, Wanted, called
from rtsep.sound_servers.pipewire_tools import Watch


def thing(number: int, kind: str, **properties: Any) -> dict[str, Any]:
    """As `pw-dump` shows one."""
    told = {key.replace("__", "-").replace("_", "."): value for key, value in properties.items()}
    return {"id": number, "type": f"PipeWire:Interface:{kind}", "info": {"props": told}}


def stream(number: int, **properties: Any) -> dict[str, Any]:
    return thing(number, "Node", media_class="Stream/Output/Audio", **properties)


def graph(*things: dict[str, Any]) -> Graph:
    found = Graph()
    found.update(list(things))
    return found


def nobody(pid: int) -> bool:
    return False


FIREFOX = {"application_name": "Firefox", "application_process_binary": "firefox"}
DISCORD = {"application_name": "WEBRTC VoiceEngine", "application_process_binary": "Discord"}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_documents_come_out_whole_however_they_are_cut(size: int) -> None:
    told = [[{"id": 1, "name": 'a "b" ] ü'}], [], [{"id": 1, "info": None}]]
    text = "\n".join(json.dumps(each, indent=1) for each in told) + "\n"
    documents = Documents()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert [one for piece in pieces for one in documents.feed(piece)] == told


def test_a_program_has_streams_and_they_have_names() -> None:
    """What a program does not say of a stream it says of itself."""
    found = graph(
        thing(5, "Client", application_name="Spotify", pipewire_sec_pid=77),
        stream(6, client_id=5, node_name="audio stream"),
        stream(7, **DISCORD, application_process_id="78"),
        stream(8, node_name="echo", node_link__group="loopback-1"),
        thing(9, "Node", media_class="Audio/Sink", node_name="speakers"),
    )
    first, second = found.streams
    assert (first.id, str(first.program), first.pids) == (6, "Spotify", (77,))
    assert (second.id, str(second.program), second.pids) == (
        7, "WEBRTC VoiceEngine (Discord)", (78,)
    )  # fmt: skip
    assert called("discord", found.streams) == [second.program]
    assert called("STREAM", found.streams) == [first.program]
    found.update([{"id": 6, "info": None}])
    assert [one.id for one in found.streams] == [7]
    assert [str(one) for one in found.silent_programs] == ["Spotify"]


def test_a_stream_that_has_the_number_of_one_that_has_gone_is_another() -> None:
    """Between two looks one may go and the next come, with its number."""
    found = graph(stream(6, object_serial=60, **FIREFOX))
    (gone,) = found.streams
    found.update([{"id": 6, "info": None}, stream(6, object_serial=61, **FIREFOX)])
    (come,) = found.streams
    assert (gone.id, come.id) == (6, 6)
    assert gone.serial != come.serial


def test_where_the_system_plays_to() -> None:
    metadata = {
        "id": 3,
        "type": "PipeWire:Interface:Metadata",
        "metadata": [{"subject": 0, "key": "default.audio.sink", "value": {"name": "hdmi"}}],
    }
    sink = thing(4, "Node", media_class="Audio/Sink", node_name="hdmi", node_description="TV")
    assert graph(sink).default_sink is None
    found = graph(metadata, sink).default_sink
    assert found and found.description == "TV"


def test_names_that_fit_nobody_or_several() -> None:
    found = graph(
        stream(1, **FIREFOX), stream(2, **FIREFOX), stream(3, application_name="Firewatch")
    )
    with pytest.raises(ConfigError, match=r"fits 2 programs; write more.*: Firefox, Firewatch"):
        Wanted("fire", nobody).settle(found, waits=False)
    with pytest.raises(ConfigError, match=r"'firefix'; did you mean 'Firefox'\? there are: Fire"):
        Wanted("firefix", nobody).settle(found, waits=False)
    with pytest.raises(ConfigError, match="no program plays; --wait waits for it"):
        Wanted("spotify", nobody).settle(graph(), waits=False)
    assert "as soon as it does" in Wanted("spotify", nobody).settle(found, waits=True)
    there = graph(thing(5, "Client", application_name="spotify"))
    assert "as soon as it does" in Wanted("Spotify", nobody).settle(there, waits=False)
    wanted = Wanted("firefox", nobody)
    assert wanted.settle(found, waits=False) == ""
    assert [wanted.takes(one) for one in found.streams] == [True, True, False]


def test_what_is_waited_for_is_one_program() -> None:
    """The first that fits; another one that does is left alone."""
    wanted = Wanted("fire", nobody)
    wanted.settle(graph(), waits=True)
    found = graph(stream(1, **FIREFOX), stream(3, application_name="Firewatch"))
    assert [wanted.takes(one) for one in found.streams] == [True, False]


def test_all_of_the_computer_is_all_but_ourselves() -> None:
    wanted = Wanted(None, lambda pid: pid == 77)
    assert wanted.settle(graph(), waits=False) == ""
    playing = [
        Stream(number, number, Playing("python"), ("python",), pids, True)
        for number, pids in enumerate([(77,), (12, 77), (12,), ()])
    ]
    assert [wanted.takes(one) for one in playing] == [False, False, True, True]


def test_tools_that_are_missing_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match=r"PipeWire's pw-dump is missing; install it: apt"):
        Watch()


@pytest.fixture
def watch(pipewire_server: PipeWire) -> Iterator[Watch]:
    with Watch() as watch:
        yield watch


Start = Callable[..., Program]


@pytest.fixture
def play(pipewire_server: PipeWire, tmp_path: Path) -> Iterator[Start]:
    """Programs that play to the speakers already."""
    started: list[Program] = []

    def start(name: str, node: str, **properties: str) -> Program:
        program = Program(pipewire_server, tmp_path, name, node=node, **properties)
        started.append(program)
        wait_until(lambda: any(node == source for source, _ in pipewire_server.links()))
        return program

    yield start
    for program in started:
        program.quit()


def follow(watch: Watch, capture: Capture, condition: Callable[[], bool]) -> list[str]:
    """What is told until it is so."""
    told: list[str] = []
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        select.select([watch.fd], [], [], 0.1)
        told += capture.look()
    return told


def test_all_streams_of_a_program_come_and_go_back(
    pipewire_server: PipeWire, watch: Watch, play: Start
) -> None:
    """Others play on as they did; new streams are taken too; and nothing is left behind."""
    for name, node in (("Firefox", "tab"), ("Firefox", "tab2"), ("mpv", "film")):
        play(name, node)
    watch.read()
    wanted = Wanted("FIREFOX", nobody)
    wanted.settle(watch.graph, waits=False)
    before = pipewire_server.run("pw-metadata")
    with Capture(watch, wanted, "FIREFOX") as capture:
        assert capture.description == "rtsep hears firefox"
        assert pipewire_server.hears("speakers") == {"tab", "tab2", "film"}  # nobody has looked
        follow(watch, capture, lambda: pipewire_server.hears(capture.name) == {"tab", "tab2"})
        assert pipewire_server.hears("speakers") == {"film"}
        late = play("Firefox", "tab3")
        follow(watch, capture, lambda: "tab3" in pipewire_server.hears(capture.name))
        late.quit()
        play("Firefox", "tab3")  # started again
        follow(watch, capture, lambda: "tab3" in pipewire_server.hears(capture.name))
        assert pipewire_server.hears("speakers") == {"film"}
        with pytest.raises(ConfigError, match="another session hears firefox already"):
            Capture(watch, wanted, "firefox")
    everything = {"tab", "tab2", "tab3", "film"}
    wait_until(lambda: pipewire_server.hears("speakers") == everything)
    assert pipewire_server.run("pw-metadata") == before


def test_what_somebody_moves_stays_where_it_is(
    pipewire_server: PipeWire, watch: Watch, play: Start
) -> None:
    """And what was sent somewhere before goes back there."""
    play("mpv", "film")
    with tools.OwnSink("phones", "Headphones"):
        phones = watch.wait_for("phones")
        (film,) = watch.graph.streams
        tools.send(film.id, phones.name)
        wait_until(lambda: pipewire_server.hears("phones") == {"film"})
        watch.read()
        with Capture(watch, Wanted(None, nobody), "system") as capture:
            follow(watch, capture, lambda: pipewire_server.hears(capture.name) == {"film"})
        wait_until(lambda: pipewire_server.hears("phones") == {"film"})
        watch.read()
        with Capture(watch, Wanted(None, nobody), "system") as capture:
            follow(watch, capture, lambda: pipewire_server.hears(capture.name) == {"film"})
            tools.send(film.id, "speakers")
            follow(watch, capture, lambda: pipewire_server.hears("speakers") == {"film"})
            assert capture.look() == []
        assert pipewire_server.hears("speakers") == {"film"}


def test_what_may_not_be_moved_is_told(
    pipewire_server: PipeWire, watch: Watch, play: Start
) -> None:
    play("mpv", "film", **{"node.dont-reconnect": "true"})
    watch.read()
    with Capture(watch, Wanted(None, nobody), "system") as capture:
        assert capture.look() == ["mpv (pw-cat) does not let its sound be moved"]
        assert capture.look() == []
        assert pipewire_server.hears("speakers") == {"film"}


def test_a_kill_gives_the_sound_back(pipewire_server: PipeWire, play: Start) -> None:
    """Of the process that took it, which could not say a word."""
    play("mpv", "film")
    code = (
        "from rtsep.sound_servers.pipewire_capture import *\n"
        "watch = Watch()\n"
        "capture = Capture(watch, Wanted(None, lambda pid: False), 'system')\n"
        "capture.look()\n"
        "print('taken', flush=True)\n"
        "input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as taker:
        assert taker.stdout and taker.stdout.readline() == "taken\n"
        wait_until(lambda: pipewire_server.hears("rtsep.system") == {"film"})
        os.kill(taker.pid, signal.SIGKILL)
    wait_until(lambda: pipewire_server.hears("speakers") == {"film"})
    assert "rtsep.system" not in pipewire_server.run("pw-cli", "ls", "Node")


def test_a_server_that_ends_is_told(pipewire_server: PipeWire, watch: Watch) -> None:
    assert [sink.description for sink in watch.graph.sinks] == [SPEAKERS]
    with closing(Capture(watch, Wanted(None, nobody), "system")) as capture:
        pipewire_server.process.kill()
        with pytest.raises(RtsepError, match="has ended"):
            follow(watch, capture, lambda: False)
    with pytest.raises(ConfigError, match="PipeWire does not answer"):
        Watch()
