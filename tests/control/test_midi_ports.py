"""Real ports: a controller made of software on a JACK server, found, heard, answered, unplugged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from midi_rig import VirtualController, eventually, plugged_in, sweep

from rig.server import JackServer
from rtsep.config import STEMS_4
from rtsep.control.midi import Controllers, MidiSpec, open_controllers
from rtsep.control.midi.library import Library
from rtsep.control.midi.mapping import read_map
from rtsep.control.midi.ports import open_backend, output_for
from rtsep.control.midi.scout import chosen
from rtsep.errors import ConfigError, RtsepError
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.levels import travel_to_db

CC = 0xB0
NANO = "nanoKONTROL2:nanoKONTROL2 MIDI 1"

Open = Callable[..., Controllers]

pytestmark = pytest.mark.usefixtures("jack_server")


@pytest.fixture
def desk() -> Desk:
    return local_desk(STEMS_4)[0]


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def listen(desk: Desk, events: list[str], tmp_path: Path) -> Iterator[Open]:
    """Opens controllers that look for ports five times a second; afterwards they are closed."""
    opened: list[Controllers] = []

    def listen(**spec: object) -> Controllers:
        given = {"api": "jack", "folder": tmp_path, "rescan_s": 0.2, **spec}
        opened.append(open_controllers(desk, MidiSpec(**given), events.append))  # type: ignore[arg-type]
        return opened[-1]

    yield listen
    for controllers in opened:
        controllers.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "midi"]


@pytest.fixture
def nano() -> Iterator[VirtualController]:
    with plugged_in() as controller:
        yield controller


def test_a_controller_moves_the_desk(nano: VirtualController, listen: Open, desk: Desk) -> None:
    controllers = listen()
    assert controllers.names == [NANO]
    sweep(nano, (CC, 3), range(127, 60, -3))  # the fader of the vocals, from above our 0 dB
    eventually(lambda: desk.fader("vocals").gain_db < -5)
    nano.send(CC, 48, 127)
    eventually(lambda: desk.fader("drums").mute)
    nano.send(CC, 48, 0)
    nano.send(CC, 35, 127)
    eventually(lambda: desk.fader("vocals").solo)
    nano.send(CC, 45, 127)
    eventually(lambda: desk.recording)
    nano.send(CC, 64 + 1, 127)  # the second R: acapella
    eventually(lambda: [one.mute for one in desk.faders] == [True, True, True, False])
    controllers.close()
    controllers.close()
    assert controllers.names == []
    before = desk.changes
    nano.send(CC, 48, 127)
    time.sleep(0.1)
    assert desk.changes == before


def test_its_lamps_show_the_desk(nano: VirtualController, listen: Open, desk: Desk) -> None:
    desk.set_mute("bass", True)
    controllers = listen()
    eventually(lambda: nano.last(CC, 49) == 127)  # what is so at the beginning
    eventually(lambda: nano.last(CC, 50) == 0)
    desk.set_mute("bass", False)
    desk.set_solo("vocals", True)
    desk.set_recording(True)
    eventually(lambda: (nano.last(CC, 49), nano.last(CC, 35), nano.last(CC, 71)) == (0, 127, 127))
    desk.set_gain("drums", -20)
    time.sleep(0.1)
    assert nano.last(CC, 0) is None  # its faders have no motors
    controllers.close()
    eventually(lambda: (nano.last(CC, 35), nano.last(CC, 71)) == (0, 0))


def test_motor_faders_follow_but_not_while_they_are_held(
    listen: Open, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtsep.control.midi.surface.QUIET_S", 1.0)  # this machine may be busy
    with plugged_in("Mackie", "Mackie Control") as mackie:
        listen()

        def fader() -> int | None:
            found = [one for one in mackie.listen() if one[0] == 0xE0]
            return found[-1][2] << 7 | found[-1][1] if found else None

        eventually(lambda: fader() == round(0.8 * 16383))
        desk.set_gain("drums", -10)  # half the way, by somebody else
        eventually(lambda: fader() == round(0.5 * 16383))
        heard = len(mackie.listen())
        end = time.monotonic() + 0.3
        value = 8000
        while time.monotonic() < end:
            value -= 50
            mackie.send(0xE0, value & 127, value >> 7)
            time.sleep(0.01)
        moves = [one for one in mackie.listen()[heard:] if one[0] == 0xE0]
        assert moves == []  # without takeover, since the motor keeps it where ours is:
        assert desk.fader("drums").gain_db < -10.1
        eventually(lambda: fader() == value)


def test_a_controller_comes_and_goes_and_comes_back(
    listen: Open, desk: Desk, events: list[str]
) -> None:
    controllers = listen()
    assert controllers.names == [] and events == []
    for turn in range(2):
        with plugged_in() as nano:
            eventually(lambda: controllers.names == [NANO])
            nano.send(CC, 48 + turn, 127)
            eventually(lambda turn=turn: desk.faders[turn].mute)
            eventually(lambda turn=turn, nano=nano: nano.last(CC, 48 + turn) == 127)
        eventually(lambda: controllers.names == [])
    came, gone = f"MIDI controller: {NANO} (map korg-nanokontrol2)", f"MIDI controller gone: {NANO}"
    assert events == [came, gone, came, gone]


def test_a_flood_starves_nobody(
    nano: VirtualController, listen: Open, desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    with plugged_in("MIDI Mix", "MIDI Mix") as mix:
        assert len(listen().names) == 2
        nano.send(CC, 2, 102)  # takes hold of our fader, at 0 dB
        flood = threading.Thread(target=_flood, args=(nano, 10_000))
        flood.start()
        for number in range(5):  # the other one is heard all the while
            mute = number % 2 == 0
            mix.send(0x90, 1, 127)
            mix.send(0x80, 1, 0)
            eventually(lambda mute=mute: desk.fader("drums").mute is mute, 5.0)
        flood.join()
        nano.send(CC, 2, 13)
        eventually(lambda: desk.fader("other").gain_db == pytest.approx(travel_to_db(13 / 127)))
    assert "limit" not in capfd.readouterr().err  # rtmidi prints that when it drops messages


def _flood(controller: VirtualController, messages: int) -> None:
    """About 10,000 messages a second."""
    for number in range(messages):
        controller.send(CC, 2, 60 + number % 60)
        if number % 20 == 19:
            time.sleep(0.002)


def test_the_users_map_wins(
    nano: VirtualController, listen: Open, desk: Desk, events: list[str], tmp_path: Path
) -> None:
    tables = {
        "device": {"name": "mine", "match": ["nano"]},
        "bindings": [{"type": "cc", "number": 48, "action": "solo:bass"}],
    }
    Library(tmp_path).store("mine", read_map(tables, "mine"))
    (tmp_path / "broken.toml").write_text("device = 1")
    listen()
    nano.send(CC, 48, 127)
    eventually(lambda: desk.fader("bass").solo)
    assert not desk.fader("drums").mute
    assert events[0].startswith("MIDI map left out: ") and "broken.toml" in events[0]
    assert events[1] == f"MIDI controller: {NANO} (map mine)"


def test_what_is_sent_when_it_connects(listen: Open, tmp_path: Path) -> None:
    with plugged_in("Launch Control XL", "Launch Control XL") as launch:
        listen()
        eventually(lambda: len(launch.listen()) > 9)
        assert launch.heard[0] == [0xF0, 0x00, 0x20, 0x29, 0x02, 0x11, 0x77, 0x08, 0xF7]
        assert [0x98, 41, 12] in launch.heard


def test_a_port_by_part_of_its_name(listen: Open, desk: Desk, events: list[str]) -> None:
    with plugged_in("strange box", "out") as box, plugged_in():
        controllers = listen(port="Strange")
        assert controllers.names == ["strange box:out"]
        box.send(CC | 1, 102, 127)  # of the generic map
        eventually(lambda: desk.fader("bass").mute)
        assert events == ["MIDI controller: strange box:out (map generic)"]
    eventually(lambda: controllers.names == [])
    with plugged_in("strange box", "out"):
        eventually(lambda: controllers.names == ["strange box:out"])


def test_a_port_that_comes_back_with_another_number(
    listen: Open, desk: Desk, events: list[str]
) -> None:
    port = "strange box [{}] (capture): strange box MIDI 1"
    with plugged_in("a2j", port.format(20)):
        controllers = listen(port="strange")
        assert len(controllers.names) == 1
    eventually(lambda: controllers.names == [])
    with plugged_in("a2j", port.format(24)) as box:
        eventually(lambda: controllers.names == [f"a2j:{port.format(24)}"])
        box.send(CC | 1, 102, 127)
        eventually(lambda: desk.fader("bass").mute)


def test_a_map_by_its_name(nano: VirtualController, listen: Open, desk: Desk) -> None:
    listen(port="nano", map="generic")
    nano.send(CC, 102, 127)
    eventually(lambda: desk.fader("drums").mute)
    with pytest.raises(ConfigError, match="no map 'gneric'; there are generic"):
        listen(map="gneric")


def test_ports_that_are_not_there_or_not_the_only_ones(
    nano: VirtualController, listen: Open
) -> None:
    with plugged_in("nano pad", "nanoPAD"):
        with pytest.raises(ConfigError) as caught:
            listen(port="nano")
        assert str(caught.value) == (
            f"several MIDI inputs have 'nano' in their name: {NANO}, nano pad:nanoPAD"
        )
        with pytest.raises(ConfigError, match="no MIDI input 'korg'; there are: nanoKONTROL2:nano"):
            listen(port="korg")
        assert listen(port=NANO.upper()).names == [NANO]


def test_a_controller_that_speaks_otherwise_is_told_once(
    listen: Open, desk: Desk, events: list[str]
) -> None:
    told = (
        "MIDI controller X-TOUCH:X-TOUCH INT: the map mackie-control knows nothing of what it "
        "sends; is it in another mode? Otherwise make a map for it: rtsep midi learn --port "
        "'X-TOUCH:X-TOUCH INT'"
    )
    controllers = listen()
    for _ in range(2):
        with plugged_in("X-TOUCH", "X-TOUCH INT") as box:
            eventually(lambda: controllers.names)
            sweep(box, (CC, 70), range(0, 127, 5))  # the faders of its MIDI mode
            sweep(box, (CC, 16), range(100, 120))  # a position, where the map has clicks
            eventually(lambda: told in events)
            time.sleep(0.1)
        eventually(lambda: not controllers.names)
    assert events.count(told) == 1
    assert all(fader.gain_db == 0 for fader in desk.faders)


def test_a_controller_that_a_map_is_not_for_is_told_once(
    listen: Open, desk: Desk, events: list[str]
) -> None:
    with plugged_in("X-TOUCH COMPACT", "X-TOUCH COMPACT MIDI 1") as box:
        controllers = listen()
        sweep(box, (CC, 1), range(0, 127, 5))
        time.sleep(0.5)
        assert controllers.names == []
        assert events == [
            "MIDI controller X-TOUCH COMPACT:X-TOUCH COMPACT MIDI 1 has no map, and mackie-control "
            "is not for it; make a map for it: rtsep midi learn --port "
            "'X-TOUCH COMPACT:X-TOUCH COMPACT MIDI 1'"
        ]
        assert listen(port="compact").names == ["X-TOUCH COMPACT:X-TOUCH COMPACT MIDI 1"]


def test_off_opens_nothing(nano: VirtualController, listen: Open, desk: Desk) -> None:
    with listen(port="off", api="nonsense") as controllers:
        assert controllers.names == []


def test_twins_are_both_heard(listen: Open, desk: Desk) -> None:
    with plugged_in() as one:
        controllers = listen()
        with plugged_in() as other:
            eventually(lambda: len(controllers.names) == 2)
            one.send(CC, 48, 127)
            other.send(CC, 49, 127)
            eventually(lambda: desk.faders[0].mute and desk.faders[1].mute)
        eventually(lambda: len(controllers.names) == 1)
        one.send(CC, 50, 127)
        eventually(lambda: desk.faders[2].mute)


def test_a_fault_of_one_port_becomes_an_event(
    nano: VirtualController, listen: Open, desk: Desk, events: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from rtsep.control.midi.surface import Surface

    controllers = listen()
    receive, left = Surface.receive, [1]

    def broken(self: Surface, messages: object, now: float) -> None:
        if left and left.pop():
            raise OSError("the cable burns")
        receive(self, messages, now)  # type: ignore[arg-type]

    monkeypatch.setattr(Surface, "receive", broken)
    eventually(lambda: f"MIDI {NANO}: the cable burns" in events)
    eventually(lambda: controllers.names == [NANO])  # it is opened anew
    nano.send(CC, 48, 127)
    eventually(lambda: desk.fader("drums").mute)


# Systems


def test_systems_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch, desk: Desk, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "rtsep-nobody-there")
    with pytest.raises(RtsepError, match="no MIDI through jack: no server runs, start one"):
        open_backend("jack")
    with pytest.raises(ConfigError, match="no MIDI system 'also'; there are auto, alsa, jack"):
        open_backend("also")
    events: list[str] = []
    monkeypatch.setattr("rtsep.control.midi.ports._ALSA_DEVICE", str(tmp_path / "seq"))
    with open_controllers(desk, MidiSpec(folder=tmp_path), events.append) as controllers:
        assert controllers.names == []
    assert len(events) == 1 and events[0].startswith("no MIDI controllers: no MIDI through")
    with pytest.raises(RtsepError, match="no MIDI through"):
        open_controllers(desk, MidiSpec(port="nano", folder=tmp_path), events.append)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")  # neither JACK nor ALSA prints


def test_jack_is_found_where_there_is_no_alsa(
    jack_server: JackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("rtsep.control.midi.ports._ALSA_DEVICE", str(tmp_path / "seq"))
    backend = open_backend()
    assert backend.api == "jack"
    backend.close()


@pytest.mark.parametrize(
    ("name", "outputs", "found"),
    [
        ("nanoKONTROL2 SLIDER/KNOB", ["IAC Bus 1", "nanoKONTROL2 CTRL"], "nanoKONTROL2 CTRL"),
        ("nanoKONTROL2 1", ["Synth 0", "nanoKONTROL2 2"], "nanoKONTROL2 2"),
        ("nanoKONTROL2:a 24:0", ["x", "nanoKONTROL2:a 28:0", "nanoKONTROL2:a 24:0"],
         "nanoKONTROL2:a 24:0"),
        ("a2j:nanoKONTROL2 [24] (capture): n", ["a2j:Other [20] (playback): o",
         "a2j:nanoKONTROL2 [24] (playback): n"], "a2j:nanoKONTROL2 [24] (playback): n"),
        ("strange:out", ["synth:in", "strange:in"], "strange:in"),
        ("strange", ["synth"], None),
    ],
)  # fmt: skip
def test_the_output_of_an_input(
    tmp_path: Path, name: str, outputs: list[str], found: str | None
) -> None:
    assert output_for(name, outputs, Library(tmp_path).find("korg-nanokontrol2").map) == found


def test_choosing() -> None:
    assert chosen("b", ["a", "B", "bb"]) == "B"
    with pytest.raises(ConfigError, match="no MIDI input 'x'; there is none; see rtsep midi list"):
        chosen("x", [])
