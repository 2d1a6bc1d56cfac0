"""PortAudio, its host APIs and devices, and what the default ones cost in latency."""

from __future__ import annotations

from dataclasses import dataclass

from rtsep.audio.devices import JACK, Device, Kind, list_devices
from rtsep.audio.hostapi import with_rates
from rtsep.audio.portaudio import portaudio
from rtsep.audio.quiet import quiet
from rtsep.audio.streams import share_clock
from rtsep.doctor.outcome import Outcome, advise, ok, problem
from rtsep.engine.rates import conversion_samples
from rtsep.processes.questions import Failure

MODEL_RATE = 44_100  # of all official models
_MUCH_DELAY = 0.04  # seconds in and out together; blocks of 256 samples need a third of that

_LESS_DELAY = {
    "linux": "start JACK, or PipeWire with `PIPEWIRE_QUANTUM=256/44100 pw-jack rtsep ...` "
    "(docs/audio.md)",
    "darwin": "--blocksize 256",
    "win32": "--wasapi exclusive --blocksize 256, or ASIO (set SD_ENABLE_ASIO=1; docs/audio.md)",
}
_SHORTER_PERIOD = (
    "shorten the server's period: jackd -p 256, or PIPEWIRE_QUANTUM=256/44100 for PipeWire "
    "(docs/audio.md)"
)
_RIGHT_RATE = {
    "linux": "run the server at 44100 Hz (jackd -r 44100; PIPEWIRE_QUANTUM=256/44100), or take a "
    "device that has it",
    "darwin": "set 44.1 kHz for both devices in Audio MIDI Setup",
    "win32": "set 44100 Hz for both devices in the sound settings (Properties > Advanced), or "
    "--wasapi exclusive",
}
_UNHANG = {
    "linux": "restart the sound server (systemctl --user restart pipewire wireplumber; or end "
    "jackd and start it again), unplug USB devices, and look again",
    "darwin": "sudo killall coreaudiod, unplug USB devices, and look again",
    "win32": "restart the service Windows Audio, unplug USB devices, and look again",
}


@dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """What PortAudio tells. Only default devices know their rates."""

    version: str
    host_apis: tuple[str, ...]
    devices: tuple[Device, ...]

    def default(self, kind: Kind) -> Device | None:
        fit = (device for device in self.devices if device.channels(kind))
        return next((device for device in fit if device.is_default(kind)), None)


def look() -> SoundFacts:
    """Starts PortAudio. Raises ConfigError where there is none."""
    with quiet():
        module = portaudio()
        devices = list_devices()
        hosts = module.query_hostapis()
        _, version = module.get_portaudio_version()
    usual = [one for one in devices if one.default_input or one.default_output]
    rates = {one.index: one for one in with_rates(usual)}
    return SoundFacts(
        version=version.partition(",")[0],
        host_apis=tuple(str(host["name"]) for host in hosts),
        devices=tuple(rates.get(one.index, one) for one in devices),
    )


def library(facts: SoundFacts | Failure, platform: str) -> Outcome:
    """Whether PortAudio is there and answers."""
    if isinstance(facts, SoundFacts):
        return ok(f"{facts.version}; host APIs: {', '.join(facts.host_apis) or 'none'}")
    found, _, advice = facts.reason.partition("; ")
    return problem(
        found,
        advice or _UNHANG.get(platform, "restart the sound server, and look again"),
        "without PortAudio there is neither live input nor output",
    )


def devices(facts: SoundFacts) -> Outcome:
    """Whether there is something to listen to and something to play on."""
    outputs = [device for device in facts.devices if device.outputs]
    inputs = [device for device in facts.devices if device.inputs]
    told = f"{len(inputs)} with inputs, {len(outputs)} with outputs"
    if not outputs:
        return problem(
            f"{told}: nothing to play on",
            "plug an audio interface in, or start JACK or PipeWire (docs/audio.md)",
            "only files can be separated, into files",
        )
    if not inputs:
        return advise(
            f"{told}: nothing to listen to",
            "plug an audio interface in; on macOS allow the terminal the microphone",
            "only files and the demo can be played, no deck or microphone",
        )
    usual = {"mic": facts.default("input"), "speakers": facts.default("output")}
    told += "".join(f"; {name}: {one.label}" for name, one in usual.items() if one)
    lacking = [name for name, one in usual.items() if one is None]
    if lacking:
        return advise(
            f"{told}; {' and '.join(lacking)} would be nothing",
            "name the devices: rtsep devices; rtsep --input NAME --output NAME",
            "a session without names does not start",
        )
    return ok(told)


def sample_rate(facts: SoundFacts, platform: str) -> Outcome | None:
    """Whether the default devices run at the model's rate."""
    ends = _ends(facts)
    if not ends:
        return None
    told = "; ".join(f"{one.label}: {_rates(one)}" for one in dict.fromkeys(ends))
    if all(MODEL_RATE in (one.rates or ()) for one in ends):
        return ok(told)
    if not all(one.rates for one in ends):
        return advise(
            told,
            "end other programs that play or record, or name another device (rtsep devices)",
            "a session could not open the device now",
        )
    rate = ends[-1].default_rate
    cost = 1000 * conversion_samples(rate, MODEL_RATE) / rate
    return advise(
        told,
        _RIGHT_RATE.get(platform, "run both devices at 44100 Hz"),
        f"{cost:.0f} ms of latency less: that is what resampling from {rate} Hz adds",
    )


def delay(facts: SoundFacts, platform: str) -> Outcome | None:
    """What the default devices buffer, as their host API tells."""
    source, sink = facts.default("input"), facts.default("output")
    if source is None and sink is None:
        return None
    parts = [source.low_latency[0]] if source else []
    parts += [sink.low_latency[1]] if sink else []
    told = f"{' + '.join(f'{1000 * part:.0f}' for part in parts)} ms in and out, as PortAudio tells"
    if sum(parts) < _MUCH_DELAY:
        return ok(told)
    on_jack = all(one.host_api == JACK for one in _ends(facts))
    return advise(
        told,
        _SHORTER_PERIOD if on_jack else _LESS_DELAY.get(platform, "--blocksize 256"),
        f"up to {1000 * sum(parts):.0f} ms of latency less, all of it outside of the network",
    )


def clocks(facts: SoundFacts) -> Outcome | None:
    """Whether one clock paces the input and the output."""
    source, sink = facts.default("input"), facts.default("output")
    if source is None or sink is None:
        return None
    if share_clock(source, sink):
        return ok("input and output share one clock")
    return advise(
        f"two clocks: {source.label} and {sink.label}",
        "use one device for both: rtsep --input NAME --output NAME; on macOS an aggregate device",
        "14 ms of latency less, or more: that is what joining two clocks adds (docs/audio.md)",
    )


def _ends(facts: SoundFacts) -> list[Device]:
    kinds: tuple[Kind, ...] = ("input", "output")
    return [one for kind in kinds if (one := facts.default(kind))]


def _rates(device: Device) -> str:
    listed = " ".join(f"{rate / 1000:g}" for rate in device.rates or ())
    return f"{listed} kHz" if listed else "no rate at all now"
