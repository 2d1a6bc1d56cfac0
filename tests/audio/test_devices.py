"""Which device a name means, at which rate and through which channels; and `rtsep devices`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cli_support import Done

from rig.server import RATE, JackServer, running_jack
from rtsep.audio import devices as devices_module
from rtsep.audio import hostapi
from rtsep.audio.channels import Inlet, Outlet
from rtsep.audio.choose import choose, choose_rate
from rtsep.audio.devices import Device, Kind, ask_for_devices, find_again, list_devices
from rtsep.audio.hostapi import (
    RATES,
    HostSettings,
    core_audio_map,
    extra_settings,
    takes_rate,
    with_rates,
)
from rtsep.audio.portaudio import portaudio
from rtsep.audio.routes import Route, parse_channels, parse_route
from rtsep.audio.streams import DuplexSpec, share_clock
from rtsep.cli.devices import _print_table
from rtsep.errors import ConfigError


def device(index: int, host_api: str, name: str, inputs: int = 2, outputs: int = 2) -> Device:
    return Device(
        index=index,
        name=name,
        host_api=host_api,
        inputs=inputs,
        outputs=outputs,
        default_rate=48_000,
        default_input=index == 4,
        default_output=index == 5,
    )


# The same card under four host APIs, as PortAudio shows it on Windows.
WINDOWS = [
    device(0, "MME", "Microsoft Sound Mapper - Input", 2, 0),
    device(1, "MME", "Line (Focusrite USB Audio Devic", 2, 0),  # cut
    device(2, "MME", "Speakers (Focusrite USB Audio D", 0, 2),
    device(3, "DirectSound", "Line (Focusrite USB Audio Device)", 2, 0),
    device(4, "WASAPI", "Line (Focusrite USB Audio Device)", 2, 0),
    device(5, "WASAPI", "Speakers (Focusrite USB Audio Device)", 0, 2),
    device(6, "WASAPI", "Microphone (Webcam)", 1, 0),
    device(7, "ASIO", "Focusrite USB ASIO", 18, 20),
    device(8, "WDM-KS", "Line (Focusrite USB Audio Device)", 2, 0),
]
LINUX = [
    device(0, "ALSA", "HDA Intel PCH: ALC257 Analog (hw:0,0)"),
    device(1, "ALSA", "USB Audio (hw:1,0)", 2, 0),
    device(2, "ALSA", "USB Audio (hw:1,1)", 2, 0),
    device(3, "ALSA", "pulse", 32, 32),
    device(4, "JACK", "system"),
    device(5, "JACK", "system monitor", 2, 2),
]


@pytest.mark.parametrize(
    ("name", "kind", "index"),
    [
        ("mic", "input", 4),
        ("Default", "input", 4),
        ("speakers", "output", 5),
        ("default", "output", 5),
        ("7", "output", 7),
        ("1", "input", 1),
        ("Focusrite USB ASIO", "input", 7),
        ("line", "input", 4),  # WASAPI before MME, DirectSound and WDM-KS
        ("line (focusrite usb audio device)", "input", 4),
        ("speakers (", "output", 5),
        ("webcam", "input", 6),
        ("asio: focusrite", "input", 7),
        ("ASIO:focusrite", "output", 7),
        ("direct sound: line", "input", 3),
        ("wdm: line", "input", 8),
        ("MME: line", "input", 1),
    ],
)
def test_names_on_windows(name: str, kind: Kind, index: int) -> None:
    assert choose(name, kind=kind, devices=WINDOWS).index == index


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("HDA Intel PCH: ALC", 0),  # a name that contains a colon
        ("alsa: hda intel pch: alc", 0),
        ("system", 4),  # a whole name before a part of one
        ("jack:system", 4),
        ("jack: monitor", 5),
        ("(hw:1,1)", 2),
        ("PULSE", 3),
    ],
)
def test_names_on_linux(name: str, index: int) -> None:
    assert choose(name, kind="input", devices=LINUX).index == index


def test_every_label_finds_its_device() -> None:
    for devices in (WINDOWS, LINUX):
        for one in devices:
            kind: Kind = "input" if one.inputs else "output"
            assert choose(one.label, kind=kind, devices=devices) is one


def test_an_ambiguous_name_lists_the_candidates_as_they_can_be_written() -> None:
    with pytest.raises(ConfigError) as error:
        choose("usb", kind="input", devices=LINUX)
    lines = str(error.value).splitlines()
    assert lines[0].startswith("input 'usb' fits 2 devices; write more of the name, or the number")
    assert lines[1].strip() == "[1] ALSA: USB Audio (hw:1,0), [2] ALSA: USB Audio (hw:1,1)"


@pytest.mark.parametrize("name", ["focusrite", "a"])
def test_different_devices_under_different_host_apis_are_ambiguous(name: str) -> None:
    with pytest.raises(ConfigError, match="fits"):
        choose(name, kind="input", devices=WINDOWS)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("focusritte usb asio", "input", "did you mean 'Focusrite USB ASIO'"),
        ("xyz", "output", r"no output device 'xyz'; there are:\n  \[2\] MME: Speakers"),
        ("99", "input", "no input device '99'"),
        ("", "input", "no input device ''"),
        ("webcam", "output", r"WASAPI: Microphone \(Webcam\) has no outputs; there are"),
        ("6", "output", r"WASAPI: Microphone \(Webcam\) has no outputs"),
        ("jack: line", "input", "no input device 'jack: line'"),
    ],
)
def test_unknown_names(name: str, kind: Kind, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        choose(name, kind=kind, devices=WINDOWS)


def test_no_default_and_no_device() -> None:
    plain = [replace(one, default_input=False) for one in LINUX]
    with pytest.raises(ConfigError, match="no input device 'mic'"):
        choose("mic", kind="input", devices=plain)
    with pytest.raises(ConfigError, match="no output device that PortAudio can reach"):
        choose("speakers", kind="output", devices=[LINUX[1]])


def takes(table: dict[int, set[int]]) -> Callable[[Device, Kind, int], bool]:
    return lambda one, kind, rate: rate in table[one.index]


@pytest.mark.parametrize(
    ("inputs", "outputs", "wanted", "rate"),
    [
        ({44_100, 48_000}, {44_100, 48_000}, None, 44_100),  # the model's
        ({48_000}, {44_100, 48_000}, None, 48_000),  # a default
        ({96_000}, {44_100, 96_000}, None, 96_000),  # any
        ({44_100, 96_000}, {44_100, 96_000}, 96_000, 96_000),
    ],
)
def test_the_rate_of_two_devices(
    inputs: set[int], outputs: set[int], wanted: int | None, rate: int
) -> None:
    asked = {"wanted": wanted, "model_rate": 44_100, "takes": takes({0: inputs, 4: outputs})}
    assert choose_rate(LINUX[0], LINUX[4], **asked) == rate


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (None, "a device takes no rate at all; they take, in Hz: JACK: system as output: 44100; A"),
        (48_000, "48000 Hz is refused; they take, in Hz: JACK: system as output: 44100; ALSA: HDA"),
    ],
)
def test_no_rate(wanted: int | None, message: str) -> None:
    inputs = {48_000} if wanted else set[int]()
    asked = {"wanted": wanted, "model_rate": 44_100, "takes": takes({0: inputs, 4: {44_100}})}
    with pytest.raises(ConfigError, match=message):
        choose_rate(LINUX[0], LINUX[4], **asked)


def test_the_rate_of_one_device() -> None:
    asked = {"wanted": None, "model_rate": 44_100, "takes": takes({0: {48_000}})}
    assert choose_rate(LINUX[0], None, **asked) == choose_rate(None, LINUX[0], **asked) == 48_000


@pytest.mark.parametrize(("text", "channels"), [("1-2", (0, 1)), ("3 - 4", (2, 3)), ("5", (4,))])
def test_channels(text: str, channels: tuple[int, ...]) -> None:
    assert parse_channels(text) == channels
    assert parse_route(f" vocals = {text}") == Route("vocals", channels)


@pytest.mark.parametrize("text", ["", "0", "0-1", "1-", "-2", "1-3", "2-1", "a", "1-2-3", "²"])
def test_channels_that_mean_nothing(text: str) -> None:
    with pytest.raises(ConfigError, match="like 3-4"):
        parse_channels(text)


@pytest.mark.parametrize("text", ["vocals", "=3-4", "vocals=", "vocals=x"])
def test_routes_that_mean_nothing(text: str) -> None:
    with pytest.raises(ConfigError, match=r"like (vocals=)?3-4"):
        parse_route(text)


def test_inputs_of_one_and_of_many_channels() -> None:
    block = np.arange(12, dtype=np.float32).reshape(4, 3)
    mono, many = device(0, "ALSA", "one", 1), device(0, "ALSA", "many", 8)
    np.testing.assert_array_equal(Inlet(mono).take(block[:1]), block[[0, 0]])
    assert Inlet(mono).notes == ("ALSA: one is mono: it is heard on both sides",)
    np.testing.assert_array_equal(Inlet(many).take(block[:2]), block[:2])
    assert Inlet(many).notes == ("ALSA: many has 8 inputs: 1-2 are used",)
    chosen = Inlet(many, (2, 3))
    assert chosen.opened == (0, 1, 2, 3) and chosen.notes == ()
    np.testing.assert_array_equal(chosen.take(block), block[2:])
    np.testing.assert_array_equal(Inlet(many, (2,)).take(block), block[[2, 2]])


def test_host_apis_that_pick_channels_open_no_others() -> None:
    asio = device(0, "ASIO", "card", 18, 20)
    assert Inlet(asio, (6, 7)).opened == (6, 7)
    outlet = Outlet(asio, (Route("vocals", (8, 9)), Route("click", (3,))))
    assert outlet.opened == (3, 8, 9)
    played = np.full((3, 2), 9, np.float32)
    buses = outlet.buses(played)
    buses[:] = [[1, 1], [2, 2], [3, 3], [4, 4]]
    outlet.deliver(buses, played)
    assert played[:, 0].tolist() == [3.5, 1, 2]  # the click's mean, then the vocals


def test_channels_without_a_route_are_silent_whatever_was_in_them() -> None:
    outlet = Outlet(device(0, "ALSA", "card", 2, 8), (Route("mix", (4, 5)),))
    played = np.full((6, 9000), 9, np.float32)  # longer than usual
    buses = outlet.buses(played)
    buses[:] = 1
    outlet.deliver(buses, played)
    assert played[:, -1].tolist() == [0, 0, 0, 0, 1, 1]


def test_headphones_are_a_bus_of_their_own() -> None:
    card = device(0, "ALSA", "card", 2, 8)
    outlet = Outlet(card, cue=(4, 5))
    assert outlet.routes == (Route("mix", (0, 1)), Route("cue", (4, 5)))
    played = np.full((6, 2), 9, np.float32)
    buses = outlet.buses(played)
    buses[:] = [[1, 1], [2, 2], [3, 3], [4, 4]]
    outlet.deliver(buses, played)
    assert played[:, 0].tolist() == [1, 2, 0, 0, 3, 4]
    asio = Outlet(device(0, "ASIO", "card", 18, 20), (Route("vocals", (8, 9)),), (2, 3))
    assert asio.opened == (2, 3, 8, 9)  # and the mix is not asked for
    assert asio.routes == (Route("vocals", (8, 9)), Route("cue", (2, 3)))


@pytest.mark.parametrize(
    ("outputs", "routes", "cue", "told"),
    [
        (1, (), (2, 3), "--cue 3-4 is out of range: ALSA: card has 1 output; take another"),
        (2, (), (2, 3), "has 2 outputs; take another --output, or two of these for a splitter"),
        (3, (), (2, 3), "--cue 3-4 is out of range: ALSA: card has 3 outputs; take another"),
        (6, (), (6, 7), "ALSA: card has 6 outputs; there are --cue 1-2 to 5-6"),
        (4, (), (0, 1), "routes mix=1-2 and cue=1-2 both take output 1; move one of them"),
        (4, (), (1, 2), "routes mix=1-2 and cue=2-3 both take output 2; move one of them"),
        (4, ("drums=4",), (2, 3), "routes drums=4 and cue=3-4 both take output 4"),
    ],
)
def test_headphones_where_there_are_none(
    outputs: int, routes: tuple[str, ...], cue: tuple[int, ...], told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        Outlet(device(0, "ALSA", "card", 2, outputs), tuple(map(parse_route, routes)), cue)
    assert told in str(refused.value) and "\n" not in str(refused.value)


def test_a_stereo_device_is_written_to_directly() -> None:
    outlet = Outlet(device(0, "ALSA", "card"))
    played = np.zeros((2, 4), np.float32)
    assert outlet.buses(played) is played and outlet.routes == (Route("mix", (0, 1)),)
    assert Outlet(device(0, "ALSA", "one", 0, 1)).routes == (Route("mix", (0,)),)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (WINDOWS[4], WINDOWS[5], True),  # two ends of one card
        (WINDOWS[6], WINDOWS[5], False),  # a webcam and a card
        (WINDOWS[4], WINDOWS[2], False),  # two host APIs
        (WINDOWS[7], WINDOWS[7], True),
        (LINUX[4], LINUX[5], True),  # JACK has one clock
        (LINUX[1], LINUX[0], False),
        (LINUX[0], LINUX[0], True),
        (device(9, "WASAPI", "Speakers (Card) [Loopback]"), WINDOWS[5], False),
    ],
)
def test_which_devices_share_a_clock(one: Device, other: Device, shared: bool) -> None:
    assert share_clock(one, other) is shared
    spec = DuplexSpec(rate=RATE, input=one, output=other)
    assert spec.two_clocks is not shared
    assert replace(spec, one_clock=shared).two_clocks is not shared
    assert replace(spec, one_clock=not shared).two_clocks is shared
    assert not DuplexSpec(rate=RATE, output=other).two_clocks


def test_settings_are_for_wasapi_only() -> None:
    exclusive = HostSettings(exclusive=True)
    DuplexSpec(rate=RATE, input=WINDOWS[4], output=WINDOWS[5], settings=exclusive)
    with pytest.raises(ConfigError, match="exclusive mode is for WASAPI devices, not for JACK"):
        DuplexSpec(rate=RATE, output=LINUX[4], settings=exclusive)
    with pytest.raises(ConfigError, match="automatic conversion is for WASAPI"):
        DuplexSpec(rate=RATE, input=LINUX[0], settings=HostSettings(auto_convert=True))


def test_what_host_apis_are_told(system: Device) -> None:
    """The structures of PortAudio itself, which are declared on all platforms."""
    module = portaudio()
    plain, exclusive = HostSettings(), HostSettings(exclusive=True)
    assert extra_settings(WINDOWS[5], "output", (0, 1), plain) is None
    wasapi = extra_settings(WINDOWS[5], "output", (0, 1), exclusive)
    assert wasapi._streaminfo.flags & module._lib.paWinWasapiExclusive
    asio = extra_settings(WINDOWS[7], "input", (6, 7), plain)
    assert list(asio._selectors) == [6, 7]
    assert extra_settings(system, "input", (0, 1), plain) is None


def test_core_audio_is_told_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[list[int]] = []
    fake = SimpleNamespace(CoreAudioSettings=lambda channel_map: made.append(channel_map))
    monkeypatch.setattr(hostapi, "portaudio", lambda: fake)
    card = device(0, "Core Audio", "card", 6, 6)
    extra_settings(card, "input", (2, 3), HostSettings())
    extra_settings(card, "output", (2, 4), HostSettings())
    assert made == [[2, 3], [-1, -1, 0, -1, 1, -1]]
    assert core_audio_map((0, 1), 2) == [0, 1]


HOSTS = {
    "MME": ("mapper", 0),
    "Windows WASAPI": ("card", 1),
    "ALSA": ("default", 0),
    "JACK Audio Connection Kit": ("system", 1),
    "PipeWire's JACK": ("Built-in Audio", 1),
}


@pytest.mark.parametrize(
    ("hosts", "default"),
    [
        (["MME", "Windows WASAPI"], "WASAPI: card"),
        (["ALSA", "JACK Audio Connection Kit"], "JACK: system"),
        (["ALSA", "PipeWire's JACK"], "ALSA: default"),  # no sound card of a JACK server
        (["ALSA"], "ALSA: default"),
    ],
)
def test_the_default(hosts: list[str], default: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def info(host: int) -> dict[str, Any]:
        latencies = {
            f"default_{level}_{kind}_latency": 0.01
            for level in ("low", "high")
            for kind in ("input", "output")
        }
        channels = {"max_input_channels": 2, "max_output_channels": 2}
        name = HOSTS[hosts[host]][0]
        here = {"index": host, "name": name, "hostapi": host, "default_samplerate": 48_000.0}
        return {**here, **channels, **latencies}

    fake = SimpleNamespace(
        query_devices=lambda: [info(host) for host in range(len(hosts))],
        query_hostapis=lambda: [
            {"name": host.replace("PipeWire's JACK", "JACK Audio Connection Kit"),
             "default_input_device": index, "default_output_device": index}
            for index, host in enumerate(hosts)
        ],
        default=SimpleNamespace(device=(0, 0)),
    )  # fmt: skip
    monkeypatch.setattr(devices_module, "portaudio", lambda: fake)
    assert choose("mic", kind="input").label == default
    assert choose("speakers", kind="output").label == default


def test_devices_of_the_server(system: Device, jack_server: JackServer) -> None:
    assert system in list_devices()
    assert (system.label, system.inputs, system.outputs) == ("JACK: system", 2, 2)
    assert choose("mic", kind="input") == choose("speakers", kind="output") == system
    assert choose("jack:sys", kind="output") == system
    assert find_again(replace(system, index=99)) == system
    assert (system.twins[system.place], system.twins) == ("system", ("system",))
    assert takes_rate(system, "input", RATE) and not takes_rate(system, "output", 2 * RATE)
    (probed,) = (one for one in with_rates([system]))
    assert probed.rates == (RATE,)
    assert choose_rate(system, system, wanted=None, model_rate=48_000) == RATE


def rtsep_devices(env: dict[str, str], *arguments: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "rtsep", "devices", *arguments],
        env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def test_the_command_lists_them(jack_server: JackServer) -> None:
    done = rtsep_devices(jack_server.env)
    assert (done.code, done.err) == (0, "")  # nothing of what the C libraries say
    row = next(line.split() for line in done.out.splitlines() if "JACK" in line)
    assert row[1:] == ["system", "JACK", "2", "2", "44.1", "6+6", "ms", "mic"]
    assert done.out.splitlines()[2].split() == ["speakers"]
    done = rtsep_devices(jack_server.env, "--json")
    listed = next(one for one in json.loads(done.out) if one["host_api"] == "JACK")
    assert (listed["name"], listed["rates"]) == ("system", [RATE])
    assert listed["default_input"] and listed["default_output"]


def test_other_clients_of_the_server_are_devices(jack_server: JackServer) -> None:
    jack = "import jack, sys; c = jack.Client('deck'); c.outports.register('out'); c.activate()"
    client = subprocess.Popen(
        [sys.executable, "-c", f"{jack}; print('up', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=jack_server.env,
    )  # fmt: skip
    assert client.stdout is not None
    assert client.stdout.readline() == b"up\n"
    try:
        listed = json.loads(rtsep_devices(jack_server.env, "--json").out)
    finally:
        client.communicate(timeout=20)
    (deck,) = (one for one in listed if one["name"] == "deck")
    assert (deck["inputs"], deck["outputs"]) == (1, 0)


def stub(folder: Path, source: str) -> dict[str, str]:
    """An environment in which sounddevice is something else."""
    (folder / "sounddevice.py").write_text(source)
    return {**os.environ, "PYTHONPATH": str(folder)}


def test_the_command_without_devices(tmp_path: Path) -> None:
    source = """
from types import SimpleNamespace
default = SimpleNamespace(device=(-1, -1))
query_devices = query_hostapis = lambda: ()
"""
    done = rtsep_devices(stub(tmp_path, source))
    assert done.code == 1
    assert done.complaint.startswith("rtsep: no sound devices; plug one in")
    done = rtsep_devices(stub(tmp_path, source), "--json")
    assert (done.code, json.loads(done.out)) == (0, [])


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("raise OSError('PortAudio library not found')", "the PortAudio library is missing (Po"),
        ("raise Exception('Error initializing')", "no sound system answers: Error initializing"),
    ],
)
def test_the_command_without_the_library(source: str, complaint: str, tmp_path: Path) -> None:
    done = rtsep_devices(stub(tmp_path, source))
    assert done.code == 2
    assert complaint in done.complaint


@pytest.mark.parametrize(
    ("platform", "package"),
    [("linux", "apt install libportaudio2"), ("darwin", "brew install"), ("win32", "reinstall")],
)
def test_the_package_to_install(
    platform: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # as if it could not be imported
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(ConfigError, match=package):
        portaudio()


def test_the_jack_client_is_called_rtsep(jack_server: JackServer) -> None:
    code = """
import jack
from rtsep.audio.choose import choose
from rtsep.audio.portaudio import portaudio
device = choose("jack: system", kind="output").index
stream = portaudio().OutputStream(channels=2, device=device)
with jack.Client("look") as client:
    print(*(port.name for port in client.get_ports(is_output=True, is_audio=True)))
stream.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=jack_server.env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    # There may be a first client of that name: this very process.
    assert re.search(r"\brtsep(-01)?:out_1\b", done.stdout), done
    assert "PortAudio" not in done.stdout


def test_a_server_that_hangs_hangs_nobody_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtsep.audio.devices._SECONDS", 1.0)
    with running_jack() as server:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            monkeypatch.setenv(name, server.env[name])
        assert "JACK: system" in [device.label for device in ask_for_devices()]
        server.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(ConfigError, match="cannot be listed: no answer in 1 s"):
                ask_for_devices()
        finally:
            server.process.send_signal(signal.SIGCONT)


def test_a_process_outlives_a_server_that_died(tmp_path: Path) -> None:
    """Closing does not hang, nor does the end of the process."""
    code = """
import os
import time
from rig.server import running_jack
with running_jack() as server:
    os.environ.update(server.env)
    from rtsep.audio.choose import choose
    from rtsep.audio.duplex import open_duplex
    from rtsep.audio.streams import DuplexSpec
    duplex = open_duplex(DuplexSpec(rate=44100, output=choose("system", kind="output")))
    duplex.start(lambda *block: None)
    assert duplex.active
    server.process.terminate()
    server.process.wait()
deadline = time.monotonic() + 10
while duplex.active and time.monotonic() < deadline:
    time.sleep(0.01)
assert not duplex.active
duplex.close()
print("closed")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr


def test_long_names_leave_room_for_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "Microphone Array (Intel Smart Sound Technology)"
    device = Device(
        index=11, name=name, host_api="Windows WASAPI", inputs=18, outputs=20, default_rate=RATE,
        default_input=True, default_output=True, rates=RATES,
    )  # fmt: skip
    _print_table([device])
    lines = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    assert len(lines) == 4 and max(map(len, lines)) <= 80  # a heading, and three lines of name
    words = " ".join(lines).split()
    assert {*name.split(), "default", "mic", "speakers", "44.1", "192", "WASAPI"} <= {*words}
