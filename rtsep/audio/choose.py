"""Which device a name means, and at which rate devices can run together.

Nothing is ever chosen for the user, with one exception: where a name fits the same device under
several host APIs, the one is taken that comes first in `PREFERRED`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence

from rtsep.audio.computer import computer_device, is_computer
from rtsep.audio.devices import (
    ASIO,
    CORE_AUDIO,
    JACK,
    MME,
    MME_NAME,
    WASAPI,
    Device,
    Kind,
    list_devices,
)
from rtsep.audio.hostapi import LOW_RATES, RATES, taken_rates, takes_rate
from rtsep.errors import ConfigError
from rtsep.names import fitting

PREFERRED = (JACK, WASAPI, CORE_AUDIO, ASIO, "DirectSound", MME, "WDM-KS", "ALSA", "OSS")
DEFAULTS = {"input": ("default", "mic"), "output": ("default", "speakers")}
_LONGEST_NUMBER = 10


class NoSuchDevice(ConfigError):
    """A name that means no device, or not yet. `wanted` is one as in "an input named 'deck'"."""

    def __init__(self, text: str, wanted: str) -> None:
        super().__init__(text, wanted)
        self.wanted = wanted

    def __str__(self) -> str:
        return str(self.args[0])


def choose(name: str, *, kind: Kind, devices: Sequence[Device] | None = None) -> Device:
    """The device that `name` means: default, mic, speakers; an index; a name or part of one, also
    behind a host API, like "WASAPI: focusrite"; as an input also the computer itself, "system".

    Raises ConfigError with the candidates for names that fit several devices, or none.
    """
    everything = list_devices() if devices is None else devices
    fit = [device for device in everything if device.channels(kind)]
    if not fit:
        raise NoSuchDevice(
            f"this machine has no {kind} device that PortAudio can reach", _wanted(name, kind)
        )
    name = name.strip()
    if kind == "input" and is_computer(name):
        found = _brings(name, everything, fit)
    elif name.casefold() in DEFAULTS[kind]:
        found = [device for device in fit if device.is_default(kind)]
    elif name.isdecimal() and len(name) < _LONGEST_NUMBER:
        found = [device for device in fit if device.index == int(name)]
    else:
        found = _best(_named(name, fit))
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"{kind} {name!r} fits {len(found)} devices; write more of the name, or the number:\n"
            f"  {_listed(found)}"
        )
    raise NoSuchDevice(_unknown(name, kind, fit, everything), _wanted(name, kind))


def _brings(name: str, everything: Sequence[Device], fit: Sequence[Device]) -> list[Device]:
    """What brings the computer's own sound; a JACK client may be another day's."""
    means = computer_device(name, everything)
    return [means] if isinstance(means, Device) else _best(_named(means, fit))


def _wanted(name: str, kind: Kind) -> str:
    return f"an {kind} named {name!r}"


def _named(name: str, devices: Sequence[Device]) -> list[Device]:
    """Devices of that name, else with it in their name, else the same without the numbers that
    systems change, else all this within a host API."""
    places = fitting(name, [device.name for device in devices])
    host, colon, rest = (piece.strip() for piece in name.partition(":"))
    if places or not (colon and rest):
        return [devices[place] for place in places]
    return _named(rest, [device for device in devices if _bare(host) in _bare(device.host_api)])


def _bare(host_api: str) -> str:
    return host_api.replace(" ", "").replace("-", "").casefold()


def _best(devices: list[Device]) -> list[Device]:
    """Without those that are another one's double under a less preferred host API."""
    return [
        device
        for device in devices
        if not any(_same(device, other) and _rank(other) < _rank(device) for other in devices)
    ]


def _same(one: Device, other: Device) -> bool:
    cut = any(device.host_api == MME for device in (one, other))
    length = MME_NAME if cut else None
    return one.name[:length] == other.name[:length]


def _rank(device: Device) -> int:
    return PREFERRED.index(device.host_api) if device.host_api in PREFERRED else len(PREFERRED)


def _unknown(name: str, kind: Kind, fit: Sequence[Device], everything: Sequence[Device]) -> str:
    others = [device for device in everything if device not in fit]
    wrong = _named(name, others) or [d for d in others if str(d.index) == name]
    if wrong:
        return f"{wrong[0].label} has no {kind}s; there are:\n  {_listed(fit)}"
    names = {device.name.casefold(): device.name for device in fit}
    close = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.5)
    hint = f"; did you mean {names[close[0]]!r}?" if close else "; there are:"
    return f"no {kind} device {name!r}{hint}\n  {_listed(fit)}"


def _listed(devices: Iterable[Device]) -> str:
    """On one line, each as it can be written."""
    return ", ".join(f"[{device.index}] {device.label}" for device in devices)


def choose_rate(
    input: Device | None,
    output: Device | None,
    *,
    wanted: int | None,
    model_rate: int,
    takes: Callable[[Device, Kind, int], bool] = takes_rate,
) -> int:
    """The rate of a session: the wanted one, else the model's, else a default of the devices, else
    any that both take. Where there is none, or only lower ones, it is the output's, and the input
    runs at one of its own. Raises ConfigError, naming who refuses what."""
    ends: list[tuple[Device, Kind]] = []
    if output is not None:
        ends.append((output, "output"))
    if input is not None:
        ends.append((input, "input"))
    usual = [device.default_rate for device, _ in ends]
    rates = [wanted] if wanted else [model_rate, *usual, *RATES, *LOW_RATES]
    for rate in rates:
        if rate >= min(model_rate, *rates[:1]) and all(takes(*end, rate) for end in ends):
            return rate
    if all(taken_rates(*end, takes) for end in ends):
        for rate in rates:
            if takes(*ends[0], rate):
                return rate
    able = [(device.label, kind, taken_rates(device, kind, takes)) for device, kind in ends]
    listed = "; ".join(
        f"{label} as {kind}: {' '.join(map(str, rates)) or 'none'}" for label, kind, rates in able
    )
    refused = f"{wanted} Hz is refused" if wanted else "a device takes no rate at all"
    raise ConfigError(f"{refused}; they take, in Hz: {listed}")


def choose_input_rate(
    input: Device, rate: int, takes: Callable[[Device, Kind, int], bool] = takes_rate
) -> int:
    """The rate to record at in a session of `rate`: that one, else the device's default, else the
    highest that it takes. Raises ConfigError if it takes none."""
    for each in (rate, input.default_rate, *reversed(RATES), *LOW_RATES):
        if takes(input, "input", each):
            return each
    raise ConfigError(f"{input.label} takes no rate at all as input now; close what else uses it")
