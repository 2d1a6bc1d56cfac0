"""What "system" and "app:NAME" mean as an input: what the computer plays, or one program of it.

On Linux a process beside the session sees to it (`rtsep.sound_servers`); here is what PortAudio's
devices offer on the other systems. That was written after the documents of Windows, PortAudio and
BlackHole, and tried with lists of devices only, never on such a machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from rtsep.audio.devices import CORE_AUDIO, JACK, WASAPI, Device
from rtsep.errors import ConfigError

SYSTEM = "system"
APP = "app:"
LOOPBACK = " [Loopback]"  # PortAudio puts it behind the name of the output that is recorded
_BLACKHOLE = "blackhole"
OURS = "rtsep hears "  # in the names of sinks that rtsep makes


def is_computer(text: str) -> bool:
    return text == SYSTEM or text.startswith(APP)


def app_name(text: str) -> str | None:
    """The program that is meant; None for all of them. Raises ConfigError for no name."""
    name = text.removeprefix(APP).strip()
    if text.startswith(APP) and not name:
        raise ConfigError("app: needs the name of a program that plays, like app:spotify")
    return name if text.startswith(APP) else None


def computer_device(text: str, devices: Sequence[Device]) -> Device | str:
    """Which device brings what `text` means, or another name for it. Raises ConfigError, saying
    what is missing."""
    hosts = {device.host_api for device in devices}
    app = app_name(text)
    if app is not None and JACK in hosts:
        return f"{JACK}: {app}"
    if app is None and any((one.host_api, one.name) == (JACK, SYSTEM) for one in devices):
        return f"{JACK}: {SYSTEM}"
    if CORE_AUDIO in hosts:
        return _on_macos(text, devices)
    if WASAPI in hosts:
        return _on_windows(text, devices)
    raise ConfigError(f"{text} needs PipeWire or JACK, and neither is there; see docs/audio.md")


def hears_itself(input: Device, output: Device) -> bool:
    """Whether what is played on the one comes back on the other, through no microphone."""
    if input.name == output.name + LOOPBACK:
        return True
    virtual = any(name in input.name.casefold() for name in (_BLACKHOLE, OURS))
    return virtual and input.name == output.name


def check_hearing(input: Device, output: Device) -> None:
    """Raises ConfigError for a closed loop."""
    if hears_itself(input, output):
        raise ConfigError(
            f"rtsep would hear itself: {input.label} records what {output.label} plays; give "
            "another --output, see `rtsep devices`"
        )


def _on_windows(text: str, devices: Sequence[Device]) -> Device:
    """The loopback of the output that the system plays to."""
    if app_name(text) is not None:
        raise ConfigError(
            f"{text} is for Linux; on Windows make VB-CABLE's CABLE Input the output of that "
            'program, and write --input "wasapi: cable output" (docs/audio.md)'
        )
    output = next((one for one in devices if one.host_api == WASAPI and one.default_output), None)
    for device in devices:
        if output and device.host_api == WASAPI and device.name == output.name + LOOPBACK:
            return device
    raise ConfigError(
        "--input system needs WASAPI's loopback, which this PortAudio does not have; take "
        'VB-CABLE: make CABLE Input the output of the system, and write --input "wasapi: cable '
        'output" --output "wasapi: speakers" (docs/audio.md)'
    )


def _on_macos(text: str, devices: Sequence[Device]) -> Device:
    """BlackHole, if it is there; macOS itself lets nobody hear what it plays."""
    found = [one for one in devices if _BLACKHOLE in one.name.casefold() and one.inputs]
    if found and text == SYSTEM:
        return found[0]
    install = "" if found else "brew install blackhole-2ch; "
    player = "the system" if text == SYSTEM else "that program"
    raise ConfigError(
        f"{text}: macOS lets nobody hear what it plays, but for a virtual device: {install}make "
        f"BlackHole 2ch the output of {player}, and write --input blackhole --output NAME, with "
        "the name of your speakers in `rtsep devices` (docs/audio.md)"
    )
