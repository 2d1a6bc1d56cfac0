"""Devices of two rates joined: in tune, as late as declared, nothing of what is too high, and no
pair of rates refused that two devices can be opened at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from two_clocks import TwoClocks, purity_db

from rtsep.audio import duplex as duplex_module
from rtsep.audio.choose import choose_input_rate, choose_rate
from rtsep.audio.devices import Device, Kind
from rtsep.audio.drift import AdaptiveResampler, needed_delay
from rtsep.audio.duplex import TwoStreams, open_duplex
from rtsep.audio.hostapi import taken_rates
from rtsep.audio.streams import DuplexSpec
from rtsep.errors import ConfigError
from rtsep.live_session import devices as devices_module
from rtsep.live_session.devices import SoundCards
from rtsep.live_session.messages import AudioRequest

PAIRS = [(16_000, 48_000), (8_000, 44_100), (48_000, 44_100), (44_100, 48_000), (96_000, 44_100),
         (44_100, 192_000), (192_000, 44_100), (48_000, 16_000)]  # fmt: skip
MIC = Device(index=0, name="Headset (Hands-Free)", host_api="WASAPI", inputs=1, outputs=0,
             default_rate=16_000)  # fmt: skip
PHONES = Device(index=1, name="Phones", host_api="WASAPI", inputs=0, outputs=2,
                default_rate=48_000)  # fmt: skip


def joined(rates: tuple[int, int], block_in: int = 256, block_out: int = 256) -> AdaptiveResampler:
    recorded, played = rates
    delay = needed_delay(block_in, block_out, recorded / played)
    return AdaptiveResampler(1, played, delay, recorded)


@pytest.mark.parametrize("rates", PAIRS, ids=str)
def test_a_tone_stays_in_tune_and_pure(rates: tuple[int, int]) -> None:
    resampler = joined(rates)
    clocks = TwoClocks(resampler=resampler, ppm=lambda t: 300)
    heard = clocks.play(40)
    assert resampler.gaps == 0
    assert purity_db(heard[-rates[1] :], 300, rates[0] / rates[1]) > 85
    assert resampler.drift == pytest.approx(300e-6, abs=2e-6)
    assert abs(clocks.delays[-1] - resampler.delay) < 1


@pytest.mark.parametrize("rates", PAIRS, ids=str)
@pytest.mark.parametrize("blocks", [(64, 512), (480, 256)], ids=str)
def test_an_impulse_is_as_late_as_declared(rates: tuple[int, int], blocks: tuple[int, int]) -> None:
    """It is recorded at a second of the clock; both clocks agree, callbacks come in time."""
    (recorded, played), (block_in, block_out) = rates, blocks
    resampler = joined(rates, block_in, block_out)
    seconds = 1.5
    signal = np.zeros((1, int(seconds * recorded)), np.float32)
    signal[0, recorded] = 1
    heard, written = np.zeros((1, int(seconds * played) // block_out * block_out), np.float32), 0
    for start in range(0, heard.shape[1], block_out):
        now = start / played
        # A block is handed over when its last sample has been recorded.
        while (written + block_in) / recorded <= now and written + block_in <= signal.shape[1]:
            block = signal[:, written : written + block_in]
            resampler.write(block, (written + block_in) / recorded)
            written += block_in
        resampler.read_into(heard[:, start : start + block_out], now)
    assert resampler.gaps == 0
    peak = int(np.argmax(np.abs(heard[0])))
    # When the first sample of a block was recorded, it had still to wait for the others.
    late = peak - played - block_in * played / recorded
    assert abs(late - resampler.delay) <= 1 + played / recorded / 2
    # No louder or softer than it was, whatever the rates.
    assert heard.sum() == pytest.approx(played / recorded, rel=0.01)


@pytest.mark.parametrize("rates", [(96_000, 44_100), (192_000, 44_100), (48_000, 16_000)], ids=str)
def test_what_is_too_high_for_the_output_does_not_come_back_lower(rates: tuple[int, int]) -> None:
    recorded, played = rates
    resampler = joined(rates)
    at = np.arange(recorded) / recorded
    high = np.sin(2 * np.pi * 0.62 * played * at)[None].astype(np.float32)
    heard, written = np.zeros((1, played // 2 // 256 * 256), np.float32), 0
    for start in range(0, heard.shape[1], 256):
        while (written + 256) / recorded <= start / played:
            resampler.write(high[:, written : written + 256], (written + 256) / recorded)
            written += 256
        resampler.read_into(heard[:, start : start + 256], start / played)
    assert np.abs(heard[0, played // 4 :]).max() < 1e-4


def takes(**able: set[int]) -> Callable[[Device, Kind, int], bool]:
    return lambda device, kind, rate: rate in able[kind]


@pytest.mark.parametrize(
    ("inputs", "outputs", "wanted", "rates"),
    [
        ({16_000}, {48_000}, None, (16_000, 48_000)),  # a headset
        ({16_000}, {16_000, 48_000}, None, (16_000, 48_000)),  # never music at 16 kHz
        ({8_000, 16_000}, {44_100}, None, (16_000, 44_100)),
        ({32_000}, {96_000, 192_000}, None, (32_000, 96_000)),
        ({11_025}, {48_000}, None, ConfigError),  # not its default either
        ({48_000}, {44_100}, None, (48_000, 44_100)),
        ({48_000}, {44_100, 48_000}, None, (48_000, 48_000)),  # one rate where there is one
        ({96_000}, {44_100, 96_000}, 44_100, (96_000, 44_100)),
        ({44_100}, {48_000}, 96_000, ConfigError),
        ({16_000}, {16_000}, None, (16_000, 16_000)),
        (set(), {48_000}, None, ConfigError),
    ],
    ids=str,
)
def test_any_two_rates_are_joined(
    inputs: set[int], outputs: set[int], wanted: int | None, rates: Any
) -> None:
    able = takes(input=inputs, output=outputs)

    def choose() -> tuple[int, int]:
        rate = choose_rate(MIC, PHONES, wanted=wanted, model_rate=44_100, takes=able)
        return choose_input_rate(MIC, rate, able), rate

    if rates is ConfigError:
        with pytest.raises(ConfigError, match="they take, in Hz: WASAPI: Phones as output: "):
            choose()
    else:
        assert choose() == rates


def test_a_refusal_names_low_rates_too() -> None:
    able = takes(input={16_000}, output={48_000})
    with pytest.raises(ConfigError, match=r"44100 Hz is refused; .*Hands-Free\) as input: 16000$"):
        choose_rate(MIC, PHONES, wanted=44_100, model_rate=44_100, takes=able)
    odd = replace(MIC, default_rate=11_025)
    assert taken_rates(odd, "input", takes(input={11_025}, output=set())) == [11_025]


class SimulatedStream:
    """A stream of PortAudio whose callback the test calls."""

    active = True

    def __init__(self, spec: DuplexSpec, callback: Callable[..., None]) -> None:
        self.samplerate = float(spec.rate)
        self.latency = 0.01
        self.callback = callback

    def start(self) -> None:
        pass

    stop = close = start


@pytest.mark.parametrize("rates", [(16_000, 48_000), (48_000, 44_100)], ids=str)
def test_two_devices_of_two_rates_play_as_late_as_they_say(
    rates: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way from a session's request to two streams, in simulated time: an impulse."""
    recorded, played = rates
    opened: list[SimulatedStream] = []
    now = [0.0]

    def open_stream(spec: DuplexSpec, callback: Callable[..., None], *ends: Any) -> SimulatedStream:
        opened.append(SimulatedStream(spec, callback))
        return opened[-1]

    able = takes(input={recorded}, output={played})
    monkeypatch.setattr(duplex_module, "open_stream", open_stream)
    monkeypatch.setattr(duplex_module, "find_again", lambda device: device)
    monkeypatch.setattr(duplex_module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    monkeypatch.setattr(
        devices_module,
        "choose",
        lambda name, kind, devices: MIC if kind == "input" else PHONES,
    )
    monkeypatch.setattr(
        devices_module, "takes_rate", lambda device, kind, rate, settings: able(device, kind, rate)
    )
    cards = SoundCards(AudioRequest(input="headset", output="phones")).open(44_100, ("vocals",))
    duplex = cards._duplex  # type: ignore[attr-defined]
    assert isinstance(duplex, TwoStreams)
    assert cards.ready.rate == duplex.rate == played
    assert [round(stream.samplerate) for stream in opened] == [recorded, played]
    assert f"run at {recorded} and {played} Hz; joining them takes" in duplex.notes[-1]
    parts = {part.name: part.samples for part in duplex.latency}
    assert parts["device in"] == parts["device out"] == round(0.01 * played)

    def through(audio: Any, buses: Any, count: int, flags: Any) -> None:
        buses[:] = audio

    duplex.start(through)
    recording, playing = opened
    block = 256
    signal = np.zeros((2 * recorded, 1), np.float32)
    signal[recorded] = 1
    heard, written = np.zeros((int(1.5 * played) // block * block, 2), np.float32), 0
    for start in range(0, len(heard), block):
        while (written + block) / recorded <= start / played:
            now[0] = (written + block) / recorded
            recording.callback(signal[written : written + block], block, None, 0)
            written += block
        now[0] = start / played
        playing.callback(heard[start : start + block], block, None, 0)
    peak = int(np.argmax(np.abs(heard[:, 0])))
    late = peak - played - block * played / recorded
    assert abs(late - parts["clocks"]) <= 1 + played / recorded / 2
    assert duplex.resampler.gaps == 0


def test_one_stream_has_one_rate() -> None:
    both = replace(PHONES, inputs=2)
    spec = DuplexSpec(rate=48_000, input=both, output=both)
    assert not spec.two_clocks
    assert not replace(spec, input_rate=48_000).two_clocks
    assert replace(spec, input_rate=16_000).two_clocks
    assert not DuplexSpec(rate=48_000, input_rate=16_000, input=both).two_clocks


def test_nothing_is_opened_twice_without_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """An input alone is recorded at the session's rate."""
    rates: list[int] = []

    def open_stream(spec: DuplexSpec, callback: Callable[..., None], *ends: Any) -> SimulatedStream:
        rates.append(spec.rate)
        return SimulatedStream(spec, callback)

    monkeypatch.setattr(duplex_module, "open_stream", open_stream)
    monkeypatch.setattr(duplex_module, "find_again", lambda device: device)
    open_duplex(DuplexSpec(rate=16_000, input_rate=16_000, input=MIC))
    assert rates == [16_000]
