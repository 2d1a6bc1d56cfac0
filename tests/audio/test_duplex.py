"""Streams on a real JACK server: what comes in goes out, exactly as late as was said."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rig.server import RATE, JackServer, Player
from rtsep.audio import duplex as duplex_module
from rtsep.audio.devices import Device
from rtsep.audio.drift import needed_delay
from rtsep.audio.duplex import Duplex, Process, TwoStreams, open_duplex
from rtsep.audio.routes import Route
from rtsep.audio.streams import DuplexSpec
from rtsep.errors import ConfigError

SECONDS = 0.4


def patiently(test: Callable[..., None]) -> Callable[..., None]:
    """Three tries: a busy machine may lose a block on the way; a wrong program always does."""

    @functools.wraps(test)
    def repeated(*arguments: Any, **fixtures: Any) -> None:
        for last in (False, False, True):
            try:
                return test(*arguments, **fixtures)
            except AssertionError:
                if last:
                    raise

    return repeated


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    random = np.random.default_rng(3)
    return (0.1 * random.standard_normal((2, int(SECONDS * RATE)))).astype(np.float32)


@contextmanager
def running(process: Process, **spec: Any) -> Iterator[Duplex]:
    duplex = open_duplex(DuplexSpec(rate=RATE, **spec))
    try:
        duplex.start(process)
        yield duplex
    finally:
        duplex.close()


def through(audio: np.ndarray | None, buses: np.ndarray | None, count: int, flags: Any) -> None:
    assert audio is not None and buses is not None
    assert audio.shape == buses.shape == (2, count)
    buses[:] = audio


def delay_of(duplex: Duplex) -> int:
    return sum(part.samples for part in duplex.latency)


@pytest.mark.parametrize("blocksize", [0, 64, 256, 1024])
@patiently
def test_the_loop_is_exact_and_as_late_as_declared(
    blocksize: int, system: Device, noise: np.ndarray, jack_server: JackServer, tmp_path: Path
) -> None:
    with running(through, input=system, output=system, blocksize=blocksize) as duplex:
        assert duplex.active
        delay = delay_of(duplex)
        capture = Player(
            jack_server, tmp_path, noise, seconds=SECONDS + 0.1, client="rtsep"
        ).finish()
    assert capture.missing_frames == 0
    np.testing.assert_array_equal(capture.audio[:, delay : delay + noise.shape[1]], noise)
    assert np.all(capture.audio[:, :delay] == 0)
    assert [part.name for part in duplex.latency] == ["device in", "device out"]
    assert (delay, duplex.blocksize, duplex.at_once) == (0, 256, 256)
    assert duplex.notes == ("the JACK server's own latency comes on top: 5.8 ms in, 5.8 ms out",)


@patiently
def test_two_streams_joined_by_resampling(
    system: Device, jack_server: JackServer, tmp_path: Path
) -> None:
    at = np.arange(int(2.0 * RATE))
    chirp = 0.5 * np.sin(2 * np.pi * (200 * at + 0.005 * at**2) / RATE).astype(np.float32)
    spec = {"input": system, "output": system, "one_clock": False}
    with running(through, **spec) as duplex:
        assert isinstance(duplex, TwoStreams)
        player = Player(jack_server, tmp_path, np.stack([chirp] * 2), seconds=2.1, client="rtsep")
        capture = player.finish()
        delay, gaps = delay_of(duplex), duplex.resampler.gaps
    assert gaps == 0 and capture.missing_frames == 0
    assert [part.name for part in duplex.latency] == ["device in", "clocks", "device out"]
    assert "clocks of their own" in duplex.notes[-1]
    sent = chirp[RATE // 2 : 3 * RATE // 2]
    similarity = [
        float(np.dot(sent, capture.audio[0, RATE // 2 + delay + k :][: len(sent)]))
        for k in range(-40, 41)
    ]
    assert abs(int(np.argmax(similarity)) - 40) <= 13  # 0.3 ms: when callbacks happen to come
    assert max(similarity) > 0.97 * float(np.dot(sent, sent))


@patiently
def test_input_only(
    system: Device, noise: np.ndarray, jack_server: JackServer, tmp_path: Path
) -> None:
    blocks: list[np.ndarray] = []

    def listen(audio: np.ndarray | None, buses: np.ndarray | None, count: int, flags: Any) -> None:
        assert audio is not None and buses is None and audio.shape == (2, count)
        blocks.append(audio.copy())

    with running(listen, input=system, blocksize=128) as duplex:
        assert [part.name for part in duplex.latency] == ["device in"]
        assert duplex.routes == ()
        Player(jack_server, tmp_path, noise, seconds=SECONDS + 0.1, client="rtsep").finish()
    heard = np.concatenate(blocks, axis=1)
    start = int(np.flatnonzero(heard[0])[0])
    np.testing.assert_array_equal(heard[:, start : start + noise.shape[1]], noise)


@patiently
def test_output_only(system: Device, jack_server: JackServer, tmp_path: Path) -> None:
    played = [0]

    def count_up(
        audio: np.ndarray | None, buses: np.ndarray | None, count: int, flags: Any
    ) -> None:
        assert audio is None and buses is not None
        buses[:] = (played[0] + np.arange(count)) / 2**20
        played[0] += count

    with running(count_up, output=system):
        silence = np.zeros((2, 1), np.float32)
        capture = Player(jack_server, tmp_path, silence, seconds=0.3, client="rtsep").finish()
    steps = np.diff(capture.audio.astype(np.float64) * 2**20, axis=1)
    assert np.all(steps == 1)


@patiently
def test_routes_and_channels_on_a_device(
    system: Device, noise: np.ndarray, jack_server: JackServer, tmp_path: Path
) -> None:
    """The right input on both sides; one bus to the second output, mixed to mono, the first
    silent."""

    def process(audio: np.ndarray | None, buses: np.ndarray | None, count: int, flags: Any) -> None:
        assert audio is not None and buses is not None
        buses[0], buses[1] = audio[0], 0.5 * audio[1]

    spec = {"input": system, "output": system, "input_channels": (1,)}
    with running(process, **spec, routes=(Route("vocals", (1,)),)) as duplex:
        assert duplex.routes == (Route("vocals", (1,)),)
        capture = Player(
            jack_server, tmp_path, noise, seconds=SECONDS + 0.1, client="rtsep"
        ).finish()
    assert np.all(capture.audio[0] == 0)
    np.testing.assert_allclose(capture.audio[1, : noise.shape[1]], 0.75 * noise[1], rtol=1e-6)


def test_before_the_start_there_is_silence(
    system: Device, jack_server: JackServer, tmp_path: Path
) -> None:
    duplex = open_duplex(DuplexSpec(rate=RATE, input=system, output=system))
    try:
        assert not duplex.active
        loud = np.ones((2, 4096), np.float32)
        capture = Player(jack_server, tmp_path, loud, seconds=0.2, client="rtsep").finish()
        assert np.all(capture.audio == 0)
    finally:
        duplex.close()


def test_a_server_that_stands_still(system: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        active = True

        def start(self) -> None:
            """Nobody is called."""

    left: list[bool] = []
    monkeypatch.setattr(duplex_module, "open_stream", lambda *arguments: Stream())
    monkeypatch.setattr(duplex_module, "abandon", lambda: left.append(True))
    monkeypatch.setattr(duplex_module, "_FIRST_SECONDS", 0.01)
    with pytest.raises(ConfigError, match=r"JACK: system gives no sound.*start it again"):
        open_duplex(DuplexSpec(rate=RATE, output=system))
    assert left


def test_a_closed_stream_is_not_active_and_calls_no_more(system: Device) -> None:
    calls = []
    with running(lambda *block: calls.append(1), output=system) as duplex:
        deadline = time.monotonic() + 5
        while not calls and time.monotonic() < deadline:
            time.sleep(0.01)
        assert duplex.active
    count = len(calls)
    assert count > 0 and not duplex.active
    time.sleep(0.05)
    assert len(calls) == count


def test_other_host_apis_are_believed_about_their_latency(
    system: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream:
        samplerate = 48_000.0
        latency: Any = (0.01, 0.02)

    monkeypatch.setattr(duplex_module, "open_stream", lambda *arguments: Stream())
    monkeypatch.setattr(duplex_module, "find_again", lambda device: device)
    card = replace(system, host_api="ALSA", low_latency=(0.0, 0.03))
    spec = DuplexSpec(rate=48_000, input=card, output=card)
    assert [part.samples for part in open_duplex(spec).latency] == [480, 960]
    Stream.latency = 0.01
    parts = open_duplex(replace(spec, one_clock=False)).latency
    assert [part.samples for part in parts] == [480, needed_delay(1440, 1440), 480]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"rate": 48_000}, "at 48000 Hz with blocks of its own choice: .*another sample rate"),
        ({"input_channels": (4,)}, "input channels 5 are out of range: JACK: system has 2"),
        ({"routes": (Route("drums", (2, 3)),)}, "route drums=3-4 is out of range: JACK: system"),
        ({"routes": (Route("a", (0, 1)), Route("b", (1,)))}, "a=1-2 and b=2 both take output 2"),
        ({"blocksize": -1}, "blocksize must be 0 or more samples, got -1"),
        ({"latency": "soon"}, "device latency must be low, high or seconds, got 'soon'"),
        ({"latency": float("nan")}, "device latency must be .*nan"),
        ({"input": None, "output": None}, "neither an input nor an output"),
    ],
)
def test_what_cannot_be_opened(system: Device, spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        open_duplex(DuplexSpec(**{"rate": RATE, "input": system, "output": system, **spec}))


def test_a_device_that_has_gone(system: Device) -> None:
    gone = Device(index=7, name="stick", host_api="ALSA", inputs=2, outputs=2, default_rate=RATE)
    with pytest.raises(ConfigError, match=r"ALSA: stick is gone.*rtsep devices"):
        open_duplex(DuplexSpec(rate=RATE, input=gone))


def test_opening_says_nothing_on_the_terminal(
    system: Device, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(through, input=system, output=system):
        assert threading.active_count() >= 1
    assert capfd.readouterr() == ("", "")
