"""Who can reach rtsep: this machine, unless somebody asked for more and is told."""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

import rtsep
from rtsep.cli.live import run as live_run
from rtsep.cli.live.remote import remote_place
from rtsep.cli.live.run import Controls
from rtsep.control.listening import LOOPBACK, is_loopback
from rtsep.control.osc import OscServer, OscSpec, parse_osc_spec
from rtsep.errors import ConfigError
from rtsep.live_session.events import Events
from rtsep.mixer.desk import local_desk
from rtsep.swaps.swaps import Swaps
from tests.fuzz import tiny
from tests.fuzz.controls import STATUS
from tests.fuzz.sandbox import ROOT

WIDE = ["0.0.0.0", "::", "0", "::ffff:0.0.0.0"]


def serve(host: str, said: list[str] | None) -> tuple[str, list[str]]:
    """Where it was bound, and what became an event."""
    desk, _ = local_desk(("a", "b"))
    events: list[str] = []
    warn = None if said is None else said.append
    with OscServer(desk, lambda: STATUS, OscSpec(host, 0), events.append, warn=warn) as server:
        return server.address[0], events


def test_a_port_alone_is_of_this_machine() -> None:
    for text in ("0", ":0"):
        said: list[str] = []
        address, events = serve(parse_osc_spec(text).host, said)
        assert address == LOOPBACK == "127.0.0.1" and said == []
        assert len(events) == 1 and "everybody" not in events[0]


@pytest.mark.parametrize("host", WIDE)
def test_nothing_wider_in_silence(host: str) -> None:
    with pytest.raises(ConfigError, match=r"is open to others, and nobody is told; take 127\.0"):
        serve(host, None)


@pytest.mark.parametrize("host", WIDE)
def test_something_wider_is_said_aloud(host: str) -> None:
    said: list[str] = []
    try:
        address, events = serve(host, said)
    except ConfigError as error:
        assert host.startswith("::") and "cannot listen" in str(error)  # a machine without IPv6
        return
    assert not is_loopback(address)
    (warning,) = said
    assert warning.startswith("warning: OSC on ") and "everybody on that network" in warning
    assert "everybody on that network can move the faders" in events[0]


def test_who_does_not_hear_the_warning_is_not_served() -> None:
    def fail(text: str) -> None:
        raise BrokenPipeError("nobody listens")

    desk, _ = local_desk(("a", "b"))
    with pytest.raises(BrokenPipeError):
        OscServer(desk, lambda: STATUS, OscSpec("0.0.0.0", 0), lambda text: None, warn=fail)


NETWORKS = {"socket", "socketserver", "asyncio", "http.server", "xmlrpc.server", "wsgiref", "ssl",
            "aiohttp"}  # fmt: skip
LISTENS = {"bind", "listen", "create_server", "start_server", "run_app", "TCPSite", "SockSite",
           "create_datagram_endpoint", "start_unix_server"}  # fmt: skip
TREES = {
    path.relative_to(Path(rtsep.__file__).parent).as_posix(): ast.parse(path.read_text("utf-8"))
    for path in Path(rtsep.__file__).parent.rglob("*.py")
}


def networks(tree: ast.AST) -> set[str]:
    """What it imports, or uses of multiprocessing, that can reach others."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Attribute) and node.attr in ("Listener", "Manager"):
            names.add("socket")
    return names & NETWORKS


def called(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_only_osc_and_the_remote_page_know_sockets() -> None:
    """Two listeners, and one place that binds for both and warns of it first."""
    asks_only = {"library/joining.py"}  # whether a Ray cluster is there
    others = {
        "cli/live/remote.py",  # whether the packages are there
        "control/apart.py",  # asyncio without its networks
    }
    page = {name for name in TREES if name.startswith("remote/")}
    found = {name for name, tree in TREES.items() if networks(tree)}
    assert found - page == {"control/osc.py", "control/listening.py"} | asks_only | others
    assert networks(TREES["cli/live/remote.py"]) == {"aiohttp"}
    listens = {name: called(TREES[name]) & LISTENS for name in found}
    assert {name: words for name, words in listens.items() if words} == {
        "control/listening.py": {"bind"},
        "remote/server.py": {"create_server"},
    }
    assert "create_connection" in called(TREES["library/joining.py"])
    (serving,) = (
        node
        for node in ast.walk(TREES["remote/server.py"])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "create_server"
    )
    assert [word.arg for word in serving.keywords] == ["sock"]  # one that was bound there


def sockets(pid: int) -> set[str]:
    """What a process listens on, UDP and TCP: the kernel's view."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = line.split()
            if cells[9] in inodes and (table.startswith("udp") or cells[3] == "0A"):
                found.add(f"{table} {cells[1]}")
    return found


def family(pid: int) -> list[int]:
    """A process and those that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


@pytest.mark.skipif(not Path("/proc/self/net/udp").exists(), reason="only Linux tells")
def test_a_live_session_listens_to_nobody_else(tmp_path: Path) -> None:
    model = tiny.write_model(tmp_path / "tiny.safetensors")
    words = ["--input", "demo", "--output", "null", "--pace", "realtime", "--model", str(model)]
    words += ["--window", "0.5", "--hop", "100", "--ui", "plain", "--midi", "off"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rtsep", *words, "--osc", "0", "--remote"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RTSEP_CACHE": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        told = []
        while not told or "OSC listens" not in told[-1]:
            line = process.stderr.readline()
            assert line, told
            told.append(line)
        time.sleep(0.5)
        found = {one for pid in family(process.pid) for one in sockets(pid)}
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert {one.partition(":")[0] for one in found} == {"udp 0100007F", "tcp 0100007F"}  # 127.0.0.1
    assert len(found) == 2


def a_session() -> SimpleNamespace:
    """What controls and displays use of one."""
    return SimpleNamespace(
        desk=local_desk(("a",))[0],
        status=lambda: STATUS,
        events=Events(lambda: 0.0),
        companions=[],
    )


def test_the_command_line_says_it_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, whatever the display shows; before a display begins."""
    session = a_session()
    for text, aloud in (("0", False), ("0.0.0.0:0", True)):
        spec = parse_osc_spec(text)
        controls = Controls(
            ui="off", midi="off", osc=spec, remote=None, config=None, duration=None, scene_fade=0.0
        )
        with ExitStack() as opened:
            live_run._connect(session, controls, Swaps(session), opened)  # type: ignore[arg-type]
        assert ("warning: OSC on 0.0.0.0 is open" in capsys.readouterr().err) is aloud


def test_the_remote_page_is_told_aloud_too(capsys: pytest.CaptureFixture[str]) -> None:
    """With a code where others can reach it, and one link that lets somebody in."""
    session = a_session()
    for text, aloud in (("0", False), ("0.0.0.0:0", True)):
        controls = Controls(
            ui="off", midi="off", osc=None, remote=remote_place(text), config=None, duration=None,
            scene_fade=0.0,
        )  # fmt: skip
        with ExitStack() as opened:
            told = live_run._connect(session, controls, Swaps(session), opened)  # type: ignore[arg-type]
            said = capsys.readouterr().err
            assert ("warning: the remote page on 0.0.0.0 is open" in said) is aloud
            assert ("?code=" in said) is aloud and (
                "█▀▀▀▀▀█" in said or "█ ▄▄▄▄▄ █" in said
            ) is aloud
            assert said.count("http://") >= 1 and ("127.0.0.1" in said) is not aloud
            assert told and "http://" in told()
        assert not any("code=" in event for event in session.events.texts)  # which logs keep


def test_what_the_page_needs_is_said_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(ConfigError, match=r"--remote needs aiohttp.*pip install 'rtsep\[remote\]'"):
        remote_place("0")
    monkeypatch.undo()
    for wrong in ("nonsense", "70000", "a:b", "127.0.0.1:"):
        with pytest.raises(ConfigError, match="the remote page listens on PORT or HOST:PORT"):
            remote_place(wrong)
