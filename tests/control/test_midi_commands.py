"""`rtsep midi`: list, presets, monitor and learn, with a controller made of software."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_support import Done, Rtsep
from midi_rig import VirtualController, eventually, plugged_in, sweep

from rtsep.cli.main import main
from rtsep.control.actions import parse_action
from rtsep.control.midi import MidiSpec, open_controllers
from rtsep.control.midi.library import SHIPPED, Library, read_map_file
from rtsep.mixer.desk import local_desk

CC = 0xB0
NANO = "nanoKONTROL2:nanoKONTROL2 MIDI 1"

pytestmark = pytest.mark.usefixtures("jack_server")


@pytest.fixture
def midi(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rtsep:
    """`rtsep midi ...` in this process, with an empty folder of maps."""

    def call(command: str, *arguments: str) -> Done:
        system = ["--api", "jack"] if command != "presets" else []
        code = main(["midi", command, "--config", str(tmp_path), *system, *arguments])
        return Done(code, *capsys.readouterr())

    return call


@pytest.fixture
def nano() -> Iterator[VirtualController]:
    with plugged_in() as controller:
        yield controller


class Running:
    """`rtsep midi ...` in a process of its own, whose lines are read as they come."""

    def __init__(self, *arguments: object, stdin: int = subprocess.DEVNULL) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "rtsep", "midi", *map(str, arguments)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def line(self, start: str) -> str:
        """The next line, which begins so."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith(start):
            self.process.kill()
            raise AssertionError((start, line, *self.process.communicate()))
        return line.rstrip("\n")

    def end(self) -> Done:
        """Wait for its end; what it printed since."""
        out, err = self.process.communicate(timeout=60)
        return Done(self.process.returncode, out, err)


Run = Callable[..., Running]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started: list[Running] = []

    def run(*arguments: object, **more: int) -> Running:
        where = ("--config", tmp_path, "--api", "jack")
        started.append(Running(*arguments, *where, **more))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def test_list(midi: Rtsep, nano: VirtualController) -> None:
    with plugged_in("strange", "out"):
        done = midi("list")
        assert done == Done(
            0,
            "MIDI inputs (jack)\n"
            f"  {NANO}  korg-nanokontrol2 (shipped)\n"
            "  strange:out                       no map: learn one\n",
            "",
        )
        assert midi("list", "--port", "STRANGE").out.count("\n") == 2
    assert midi("list", "--port", "x").out == "no MIDI inputs (jack)\n"


def test_presets(midi: Rtsep, tmp_path: Path) -> None:
    Library(tmp_path).store("mine", read_map_file(SHIPPED / "generic.toml"))
    done = midi("presets")
    assert done.code == 0 and "\nmine  " not in done.out
    assert done.out.splitlines()[0].split(maxsplit=1) == ["mine", "Generic (yours)"]
    assert "korg-nanokontrol2           Korg nanoKONTROL2 (shipped)" in done.out
    text = (SHIPPED / "akai-midimix.toml").read_text("utf-8")
    assert midi("presets", "akai-midimix") == Done(0, text, "")
    done = midi("presets", "akai")
    assert (
        done.code == 2 and "no map 'akai'; there are akai-apc40, akai-midimix\n" in done.complaint
    )


def test_a_broken_map_is_told_about(midi: Rtsep, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("device = 5\nbindings = []", "utf-8")
    done = midi("list")
    assert done.code == 0
    assert done.err == f"left out: {tmp_path / 'bad.toml'}: device must be a table, got 5\n"


def test_monitor(run: Run, nano: VirtualController) -> None:
    watching = run("monitor", "--port", "nano")
    watching.line(f"listening to {NANO} (map korg-nanokontrol2)")
    for message, text in [
        ((CC, 48, 127), "channel 1 cc 48 value 127 -> mute:1 (toggle)"),
        ((CC, 3, 64), "channel 1 cc 3 value 64 -> gain:4 (absolute)"),
        ((0x91, 60, 9), "channel 2 note 60 value 9"),
        ((0xE2, 0, 64), "channel 3 pitch value 8192"),
    ]:
        nano.send(*message)
        assert watching.line(NANO) == f"{NANO}: {text}"
    watching.process.send_signal(signal.SIGINT)
    done = watching.end()
    assert (done.code, done.out, done.err) == (0, "\n", "")


def test_monitor_for_some_seconds(midi: Rtsep) -> None:
    with plugged_in("strange", "out"):
        done = midi("monitor", "--seconds", "0.1", "--map", "generic")
    assert done == Done(0, "listening to strange:out (map generic)\n", "")
    assert midi("monitor") == Done(0, "no MIDI inputs (jack)\n", "")


def test_learn_every_kind_of_control(run: Run, tmp_path: Path) -> None:
    with plugged_in("My Box", "faders 1") as box:
        actions = ["gain:drums", "gain:2", "gain:3", "master", "mute:1", "solo:1"]
        learning = run("learn", *actions, "--seconds", "30", "--feedback")
        learning.line("learning from My Box:faders 1")
        learning.line("1/6 gain:drums: move a fader")
        sweep(box, (CC, 20), range(40, 100, 5))
        learning.line("  learned: channel 1 cc 20 (absolute)")
        learning.line("2/6 gain:2: ")
        box.send(0x90, 1, 100)
        box.send(0x80, 1, 0)
        learning.line("  that cannot do it: it sends notes, as keys and buttons do; move a fader")
        for value in range(2000, 9000, 500):
            box.send(CC | 1, 5, value >> 7)
            box.send(CC | 1, 37, value & 127)
            time.sleep(0.005)
        learning.line("  learned: channel 2 cc 5 (14bit)")
        learning.line("3/6 gain:3: ")
        sweep(box, (CC, 30), [65, 65, 66, 65, 63, 63])
        learning.line("  learned: channel 1 cc 30 (relativebo)")
        learning.line("4/6 master: ")
        sweep(box, (0xE8, 0), range(30, 90, 5))
        learning.line("  learned: channel 9 pitch 0 (absolute)")
        learning.line("5/6 mute:1: press and release a button")
        box.send(0x92, 40, 90)
        box.send(0x82, 40, 0)
        learning.line("  learned: channel 3 note 40 (toggle)")
        learning.line("6/6 solo:1: ")
        sweep(box, (CC, 50), [127, 0])
        learning.line("  learned: channel 1 cc 50 (toggle)")
        path = tmp_path / "my-box.toml"
        done = learning.end()
        assert done == Done(0, f"6 of 6 learned, written to {path}\n", "")
        learned = read_map_file(path)
        assert learned.match == ("My Box:faders 1",)
        assert [one.feedback is not None for one in learned.bindings] == [False] * 4 + [True] * 2

        desk, _ = local_desk(("drums", "bass", "other", "vocals"))
        events: list[str] = []
        with open_controllers(desk, MidiSpec(api="jack", folder=tmp_path), events.append):
            assert events == ["MIDI controller: My Box:faders 1 (map my-box)"]
            sweep(box, (CC, 20), [120, 30])
            eventually(lambda: parse_action("gain:1").value(desk) == pytest.approx(30 / 127))
            box.send(CC, 30, 60)
            eventually(lambda: parse_action("gain:3").value(desk) == pytest.approx(0.76))
            box.send(0x92, 40, 90)
            eventually(lambda: desk.fader("drums").mute)


def test_learn_beside_a_control_that_never_rests(run: Run, tmp_path: Path) -> None:
    with plugged_in("a2j", "My Box [20] (capture): My Box MIDI 1") as box:
        chatter = threading.Event()

        def chattering() -> None:
            count = 0
            while not chatter.wait(0.05):
                box.send(CC, 50, 63 + count % 2)
                box.send(0x90, 99, count % 2 * 127)
                count += 1

        thread = threading.Thread(target=chattering)
        thread.start()
        try:
            learning = run("learn", "gain:1", "mute:1", "--seconds", "30")
            learning.line("learning from a2j:My Box [20] (capture): My Box MIDI 1")
            learning.line("1/2 gain:1")
            for value in range(0, 16384, 200):  # which rtsep does not read
                for number, half in ((99, 1), (98, 5), (6, value >> 7), (38, value & 127)):
                    box.send(CC, number, half)
            learning.line("  that cannot do it: it sends NRPN 1:5, which rtsep does not read;")
            sweep(box, (CC, 20), range(40, 100, 5))
            learning.line("  learned: channel 1 cc 20 (absolute)")
            learning.line("2/2 mute:1")
            box.send(0x92, 40, 90)
            box.send(0x82, 40, 0)
            learning.line("  learned: channel 3 note 40 (toggle)")
            assert learning.end().code == 0
        finally:
            chatter.set()
            thread.join()
    path = tmp_path / "my-box.toml"
    match = read_map_file(path).match
    assert match == ("a2j:My Box [*] (capture): My Box MIDI 1",)
    found = Library(tmp_path).best("a2j:My Box [24] (capture): My Box MIDI 1")
    assert found is not None and found.path == path


def test_learn_keeps_what_the_map_did(run: Run, tmp_path: Path, nano: VirtualController) -> None:
    learning = run("learn", "bypass", "--port", "nano")
    learning.line("learning")
    learning.line("1/1 bypass")
    sweep(nano, (CC, 60), [127, 0])
    learning.line("  learned")
    assert learning.end().code == 0
    mine = read_map_file(tmp_path / "korg-nanokontrol2.toml")
    shipped = read_map_file(SHIPPED / "korg-nanokontrol2.toml")
    assert str(mine.bindings[0].action) == "bypass" and mine.bindings[0].number == 60
    others = [one for one in shipped.bindings if str(one.action) != "bypass"]
    assert list(mine.bindings[1:]) == others and mine.match == shipped.match

    learning = run("learn", "record", "--port", "nano", "--fresh", "--map", "tiny")
    learning.line("learning")
    learning.line("1/1 record")
    nano.send(0x90, 3, 1)
    nano.send(0x80, 3, 0)
    learning.line("  learned")
    assert learning.end().code == 0
    assert len(read_map_file(tmp_path / "tiny.toml").bindings) == 1


def test_a_map_that_is_taught_a_device_is_for_it(run: Run, tmp_path: Path) -> None:
    port = "X-TOUCH COMPACT:X-TOUCH COMPACT MIDI 1"
    with plugged_in(*port.split(":")) as box:
        learning = run("learn", "bypass", "--port", "compact", "--map", "mackie-control")
        learning.line("learning")
        learning.line("1/1 bypass")
        sweep(box, (CC, 60), [127, 0])
        learning.line("  learned")
        assert learning.end().code == 0
    mine = read_map_file(tmp_path / "mackie-control.toml")
    assert mine.fit(port) and mine.excludes("X-TOUCH MINI") and len(mine.bindings) > 20


def test_enter_skips(run: Run, tmp_path: Path, nano: VirtualController) -> None:
    terminal, inside = pty.openpty()
    learning = run("learn", "--stems", "1", "--seconds", "60", stdin=inside)
    learning.line("learning")
    learning.line("1/2 gain:1")
    os.write(terminal, b"\n")
    learning.line("  skipped")
    learning.line("2/2 mute:1")
    sweep(nano, (CC, 60), [127, 0])
    learning.line("  learned")
    done = learning.end()
    os.close(terminal)
    os.close(inside)
    assert done.code == 0 and done.out.startswith("1 of 2 learned, written to ") and not done.err


def test_learn_without_anything_moved(midi: Rtsep, tmp_path: Path, nano: VirtualController) -> None:
    done = midi("learn", "master", "--seconds", "0.1")
    assert done.code == 1 and f"rtsep: nothing was learned from {NANO}" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("learn", "gian:1"), "no action 'gian:1'; did you mean gain?"),
        (("learn", "master", "--map", "../x", "--port", "nano"), "a map's name is letters"),
        (("learn", "master", "--port", "korg"), "no MIDI input 'korg'; there are: "),
        (("learn", "master"), "which MIDI input? Choose one with --port: nanoKONTROL2:nano"),
        (("monitor", "--port", "o"), "several MIDI inputs have 'o' in their name"),
        (("monitor", "--map", "x"), "no map 'x'; there are"),
        (("list", "--api", "midi"), "no MIDI system 'midi'; there are auto, alsa, jack"),
        (("list", "--api", "winmm"), "no MIDI system 'winmm' on this machine; there is "),
    ],
)
def test_mistakes(
    midi: Rtsep, nano: VirtualController, arguments: tuple[str, ...], complaint: str
) -> None:
    with plugged_in("other", "out"):
        done = midi(*arguments)
    assert done.code == 2 and complaint in done.complaint


@pytest.mark.parametrize("command", ["list", "monitor", "learn"])
def test_no_midi_system(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "rtsep-nobody-there")
    done = run(command).end()
    assert done.code == 1 and done.complaint.startswith("rtsep: no MIDI through jack: ")
    assert done.err.count("\n") == 1
