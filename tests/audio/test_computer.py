"""The computer's own sound where PortAudio's devices are all there is, by lists of them."""

from __future__ import annotations

import re

import pytest

from rtsep.audio.choose import choose
from rtsep.audio.computer import app_name, check_hearing, is_computer
from rtsep.audio.devices import Device
from rtsep.errors import ConfigError


def device(
    index: int, host: str, name: str, inputs: int = 2, outputs: int = 2, *, default: bool = False
) -> Device:
    return Device(
        index=index,
        name=name,
        host_api=host,
        inputs=inputs,
        outputs=outputs,
        default_rate=48_000,
        default_output=default,
    )


SPEAKERS = device(1, "WASAPI", "Speakers (Realtek)", 0, 2, default=True)
PHONES = device(2, "WASAPI", "Headphones (USB)", 0, 2)
WINDOWS = [
    device(0, "MME", "System capture (Realtek)", 2, 0), SPEAKERS, PHONES,
    device(3, "WASAPI", "Microphone (Realtek)", 2, 0),
]  # fmt: skip
LOOPBACKS = [
    device(4, "WASAPI", "Headphones (USB) [Loopback]", 2, 0),
    device(5, "WASAPI", "Speakers (Realtek) [Loopback]", 2, 0),
]
MACBOOK = device(0, "Core Audio", "MacBook Pro Speakers", 0, 2, default=True)
MICROPHONE = device(1, "Core Audio", "MacBook Pro Microphone", 1, 0)
BLACKHOLE = device(2, "Core Audio", "BlackHole 2ch")
LINUX = [device(0, "ALSA", "System default"), device(1, "JACK", "system")]
MIXXX = device(2, "JACK", "Mixxx", 4, 2)


def chosen(text: str, *devices: Device) -> Device:
    return choose(text, kind="input", devices=devices)


def refused(text: str, *devices: Device) -> str:
    with pytest.raises(ConfigError) as error:
        chosen(text, *devices)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_words() -> None:
    assert is_computer("system") and is_computer("app:mpv")
    assert not is_computer("System") and not is_computer("application:mpv")
    assert app_name("app: Google Chrome ") == "Google Chrome" and app_name("system") is None


def test_windows_records_the_loopback_of_the_default_output() -> None:
    assert chosen("system", *WINDOWS, *LOOPBACKS) is LOOPBACKS[1]


def test_windows_without_loopbacks_says_what_to_install() -> None:
    told = refused("system", *WINDOWS)
    assert told == refused("system", *WINDOWS, LOOPBACKS[0])  # not what is heard
    assert "VB-CABLE" in told and "cable output" in told
    assert "that program" in refused("app:spotify", *WINDOWS, *LOOPBACKS)


def test_macos_says_what_blackhole_needs() -> None:
    told = refused("system", MACBOOK, MICROPHONE)
    assert re.search(r"brew install blackhole-2ch.*output of the system.*--input blackhole", told)
    assert "brew" not in refused("app:spotify", MACBOOK, MICROPHONE, BLACKHOLE)
    assert chosen("system", MACBOOK, MICROPHONE, BLACKHOLE) is BLACKHOLE


def test_a_jack_server_has_clients() -> None:
    assert chosen("system", *LINUX, MIXXX) is LINUX[1]
    assert chosen("app:MIX", *LINUX, MIXXX) is MIXXX
    assert "no input device 'app:ardour'; there are" in refused_lines("app:ardour", *LINUX, MIXXX)
    assert "needs PipeWire or JACK" in refused("system", LINUX[0])


def refused_lines(text: str, *devices: Device) -> str:
    with pytest.raises(ConfigError) as error:
        chosen(text, *devices)
    return str(error.value)


@pytest.mark.parametrize(
    ("input", "output"),
    [
        (LOOPBACKS[1], SPEAKERS),
        (BLACKHOLE, BLACKHOLE),
        (device(0, "JACK", "rtsep hears mpv"), device(0, "JACK", "rtsep hears mpv")),
    ],
)
def test_a_closed_loop_is_refused(input: Device, output: Device) -> None:
    with pytest.raises(ConfigError, match=r"rtsep would hear itself.*give another --output"):
        check_hearing(input, output)


@pytest.mark.parametrize(
    ("input", "output"),
    [(LOOPBACKS[1], PHONES), (BLACKHOLE, MACBOOK), (LINUX[1], LINUX[1]), (MIXXX, LINUX[1])],
)
def test_other_ways_are_open(input: Device, output: Device) -> None:
    check_hearing(input, output)


def test_an_output_is_never_the_computer() -> None:
    assert choose("system", kind="output", devices=LINUX) is LINUX[1]
