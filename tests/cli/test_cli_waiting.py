"""No terminal stays blank: what is being loaded is said before it is, and Ctrl-C then is clean."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cli_support import Rtsep

if sys.platform == "win32":
    pytest.skip("terminals as POSIX has them", allow_module_level=True)

from pty_support import CTRL_C, Terminal

# Waits until it is interrupted; where Ctrl-C is ignored, until it is ended.
BLOCKS = """
import pathlib, time
pathlib.Path({mark!r}).touch()
while True:
    time.sleep(0.05)
"""

Start = Callable[..., Terminal]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """A command at a terminal, with a module that takes for ever to load; it is being loaded."""
    opened = []
    fakes, mark = tmp_path / "fakes", tmp_path / "reached"

    def start(blocked: str, *arguments: object) -> Terminal:
        fakes.mkdir()
        (fakes / f"{blocked}.py").write_text(BLOCKS.format(mark=str(mark)))
        command = ("-m", "rtsep", *arguments)
        terminal = Terminal(*command, fakes=fakes, RTSEP_CACHE=str(tmp_path / "cache"))
        opened.append(terminal)
        terminal.wait_for(mark.exists)
        return terminal

    yield start
    for terminal in opened:
        terminal.close()


def ctrl_c(terminal: Terminal) -> None:
    terminal.type(CTRL_C)


def terminate(terminal: Terminal) -> None:
    terminal.program.send_signal(signal.SIGTERM)


def hang_up(terminal: Terminal) -> None:
    terminal.program.send_signal(signal.SIGHUP)


LIVE = ("--output", "null", "--pace", "realtime", "--ui", "off", "--midi", "off")


@pytest.mark.parametrize(
    ("blocked", "said", "arguments"),
    [
        ("torch", "loading PyTorch", ("--input", "demo", "--output", "null")),
        ("torch", "loading PyTorch", ("--input", "demo", *LIVE)),
        ("torch", "loading PyTorch", ("separate", "{song}", "--output", "out")),
        ("torch", "loading PyTorch", ("tune",)),
        ("torch", "loading PyTorch", ("compile",)),
        ("torch", "loading PyTorch", ("map", "{song}")),
        ("torch", "loading PyTorch", ("profile",)),
        ("torch", "looking at this machine", ("doctor",)),
        ("sounddevice", "looking for the sound devices", ("--input", "mic", "--midi", "off")),
        ("sounddevice", "asking sound devices", ("devices",)),
        ("rtmidi", "looking for controllers", ("midi", "list")),
        ("huggingface_hub", "fetching htdemucs", ("models", "pull", "htdemucs")),
        ("numpy", "loading", ("--input", "mic")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_what_is_loaded_is_said_before_and_can_be_interrupted(
    started: Start, song: Path, blocked: str, said: str, arguments: tuple[str, ...]
) -> None:
    terminal = started(blocked, *(str(song) if each == "{song}" else each for each in arguments))
    assert terminal.read() and "\r| " in terminal.written  # by now; a child's word comes later
    terminal.wait_for(lambda: said in terminal.written)
    assert terminal.stop(ctrl_c) == 1
    assert terminal.screen == ["rtsep: interrupted"]
    assert not terminal.left


@pytest.mark.parametrize("how", [terminate, hang_up])
def test_other_signals_are_as_clean(started: Start, how: Callable[[Terminal], None]) -> None:
    terminal = started("torch", "--input", "demo", *LIVE)
    assert terminal.stop(how) == 1
    assert terminal.screen == ["rtsep: interrupted"] and not terminal.left


def test_before_there_is_a_command_line(started: Start) -> None:
    """While its own first libraries are imported."""
    terminal = started("click", "devices")
    assert terminal.stop(ctrl_c) == 1
    assert terminal.screen[-1] == "rtsep: interrupted" and "Traceback" not in terminal.written


def test_it_moves(started: Start) -> None:
    terminal = started("torch", "tune")
    for turn in "/-\\|":
        terminal.wait_for(lambda turn=turn: f"\r{turn} loading PyTorch" in terminal.written)


def test_a_compilation_ends_with_all_its_compilers(tmp_path: Path, small_model: Path) -> None:
    """The compiler here takes for ever, and does not mind Ctrl-C."""
    compiler, mark, temporary = tmp_path / "c++", tmp_path / "compiling", tmp_path / "temporary"
    compiler.write_text(f"#!/bin/sh\ntrap '' INT\ntouch {mark}\nsleep 600\n")
    compiler.chmod(0o755)
    temporary.mkdir()
    for how in (ctrl_c, terminate):
        terminal = Terminal(
            "-m", "rtsep", "compile", "--model", small_model, "--device", "cpu", "--window", "0.6",
            fakes=tmp_path, RTSEP_CACHE=str(tmp_path / "cache"), CXX=str(compiler),
            TMPDIR=str(temporary),
        )  # fmt: skip
        try:
            terminal.wait_for(mark.exists)
            terminal.wait_for(lambda: "] 0:0" in terminal.written)  # noqa: B023
            assert terminal.stop(how) == 1
            assert len(terminal.children) > 2  # a Python, a shell and what it runs
            assert not terminal.left
            said, interrupted = terminal.screen
            assert said.startswith("compiling small in ") and interrupted == "rtsep: interrupted"
        finally:
            terminal.close()
        assert not list(temporary.iterdir())
        left = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert all(name.startswith("precision-") for name in left)  # and nothing of a step
        mark.unlink()


def test_a_log_has_lines(rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path) -> None:
    done = rtsep("separate", song, "--output", tmp_path, "--model", small_model)
    assert done.code == 0 and "\r" not in done.err
    assert done.err.splitlines() == ["loading PyTorch ...", f"loading {small_model} ..."]


def test_a_terminal_breaks_lines_between_words(tmp_path: Path) -> None:
    """80 columns; what was wrong and what to do stay whole words."""
    path = tmp_path / "a-song.wav"
    path.touch()
    with closing(Terminal("-m", "rtsep", path, fakes=tmp_path)) as terminal:
        while terminal.read(0.1):
            pass
        lines = terminal.screen
    told = " ".join(line.strip() for line in lines)
    assert f"--input {path} --output stems for stems" in told and "to play it live" in told
    assert len(lines) > 2
    assert all(len(line) < 80 or " " not in line.strip() for line in lines)
