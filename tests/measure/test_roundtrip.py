"""Loops of arrays: what is measured, and the sentences about cables, rooms and engines."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from rtsep.cli.measure.roundtrip_report import as_dict, tell
from rtsep.errors import ConfigError
from rtsep.live_session.messages import AudioRequest, DeviceReady
from rtsep.measure.roundtrip import measure as measuring
from rtsep.measure.roundtrip import takes
from rtsep.measure.roundtrip.burst import make_burst
from rtsep.measure.roundtrip.measure import look_elsewhere, measure
from rtsep.measure.roundtrip.takes import Roundtrip, Search
from rtsep.ring.ring import Audio
from rtsep.status import LatencyPart

RATE = 44_100
SEARCH = Search(repeats=4, seconds=0.05)
MADE = cache(make_burst)
STRAIGHT = ((1.0, 0.0), (0.0, 1.0))
CARD = DeviceReady(
    input="ALSA: card", output="ALSA: card", rate=RATE, blocksize=256, longest_block=256,
    latency=(
        LatencyPart(name="device in", samples=200), LatencyPart(name="device out", samples=300),
    ),
    input_channels=(0, 1), output_channels=(0, 1),
)  # fmt: skip


class ArrayLoop:
    """Delays by `delay`, or by what a function says for each burst. With stems the mix comes
    `inside` samples later, though `declared` is said."""

    def __init__(
        self,
        matrix: Any = STRAIGHT,
        delay: int | Callable[[int], int] = 700,
        *,
        noise: float = 0.0,
        stems: tuple[str, ...] = (),
        inside: int = 1500,
        declared: int = 1500,
        late: bool = False,
        device: DeviceReady = CARD,
    ) -> None:
        self.device, self.stems, self.inside = device, stems, declared if stems else 0
        between = (LatencyPart(name="hop", samples=declared),) if stems else ()
        self.latency = (device.latency[0], *between, device.latency[1])
        self._matrix, self._noise, self._true, self._late = np.array(matrix), noise, inside, late
        self._delay = delay if callable(delay) else lambda index: delay
        self.played = 0

    def settle(self) -> None:
        """It is."""

    def play(self, signal: Audio) -> tuple[Audio, int]:
        late = self._delay(self.played)
        heard = np.zeros_like(signal)
        heard[:, late:] = (self._matrix @ signal)[:, : signal.shape[1] - late]
        noise = np.random.default_rng(self.played).standard_normal(heard.shape)
        heard += (self._noise * noise).astype(np.float32)
        self.played += 1
        rows = [np.clip(heard, -1, 1)]
        if self.stems:
            mix = np.zeros_like(heard)
            mix[:, self._true :] = heard[:, : -self._true]
            rows += [mix, *[mix / len(self.stems)] * len(self.stems)]
        return np.concatenate(rows), self.played * 2 * RATE

    def lost(self) -> tuple[int, int]:
        return 0, 9 * self.played if self._late else 0


@pytest.fixture(autouse=True)
def bursts_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takes, "make_burst", MADE)


def measured(*arguments: Any, search: Search = SEARCH, **settings: Any) -> Roundtrip:
    return measure(ArrayLoop(*arguments, **settings), search, say=pytest.fail)


def test_a_loop_is_compared_with_what_is_declared(capsys: pytest.CaptureFixture[str]) -> None:
    found = measured(noise=0.001)
    assert found.problem is None and found.notes == ()
    told = json.loads(json.dumps(as_dict(found), allow_nan=False))
    path = told["device_path"]
    assert path["latency"] == {"samples": 700, "ms": 15.873}
    assert path["declared"]["total"]["samples"] == 500
    assert path["not_declared"]["samples"] == 200
    assert path["agreement"]["agree"] == 4 and not path["inverted"]
    assert [(way["output"], way["input"]) for way in told["other_ways"]] == [(2, 2)]
    assert told["whole_chain"] is told["stems"] is None
    tell(found)
    lines = capsys.readouterr().err.splitlines()
    assert "output 1 to input 1, 4 of 4 agree to the sample" in lines[1]
    assert "device in 200 + device out 300" in lines[2]


def test_the_whole_chain_is_the_loop_and_what_is_inside() -> None:
    found = measured(stems=("a", "b"))
    assert found.problem is None and found.chain and found.stems
    assert found.chain.agreement.samples == found.stems.agreement.samples == 2200
    told = as_dict(found)["whole_chain"]
    assert told["declared"]["total"]["samples"] == 2000
    assert told["not_declared"]["samples"] == 200


def test_a_chain_that_is_not_as_late_as_declared_is_told() -> None:
    assert "takes 1501 samples and not the declared 1500" in str(
        measured(stems=("a", "b"), inside=1501).problem
    )


def test_nothing_is_said_of_stems_that_the_policy_made_up() -> None:
    found = measured(stems=("a", "b"), late=True)
    assert found.problem is None and found.chain and found.stems is None
    assert any("the stems were late" in note for note in found.notes)
    assert found.concealed == 9 * SEARCH.repeats


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"matrix": np.zeros((2, 2))}, "nothing comes back: input 1-2 of ALSA: card is digital"),
        ({"matrix": np.zeros((2, 2)), "noise": 1e-5}, "has only noise of -10. dB"),
        ({"matrix": np.zeros((2, 2)), "noise": 0.1}, "no burst can be told.*raise --level -18"),
        ({"matrix": 8 * np.eye(2)}, "the input clips: .* samples.*softer than --level -18"),
        ({"delay": lambda index: 700 + 256 * (index % 2)}, "not the same for every burst"),
        ({"delay": lambda index: 700 + 2 * index}, r"drifts by \+22.7 ppm.*two clocks"),
    ],
)
def test_what_is_no_measurement_names_its_cause_and_no_latency(
    settings: dict[str, Any], problem: str
) -> None:
    found = measured(**settings)
    assert found.problem
    assert re.search(problem, found.problem), found.problem
    path = as_dict(found)["device_path"]
    assert path is None or path["latency"] is None


def test_a_burst_that_is_mostly_lost_is_not_claimed() -> None:
    found = measured(delay=lambda index: 700 if index < 2 else 20_000)
    assert found.problem and "only 2 of 4 bursts were found" in found.problem


@pytest.mark.parametrize(
    ("matrix", "notes"),
    [
        (((0, 1), (1, 0)), ("output 1 comes back on input 2", "output 2 comes back on input 1")),
        (((1, 0), (0, 0)), ("output 2 does not come back",)),
        (((-1, 0), (0, -1)), ("the polarity is inverted on the way",)),
        (
            ((0.2, 0.2), (0.2, 0.2)),
            ("output 1 comes back on input 1 and 2", "output 2 comes back on input 1 and 2"),
        ),
    ],
)
def test_wiring_is_told(matrix: Any, notes: tuple[str, ...]) -> None:
    found = measured(matrix)
    assert found.problem is None
    assert tuple(note for note in found.notes if "polarity" in note or "output" in note) == tuple(
        sorted(notes, key=lambda note: "polarity" in note)
    )


def test_one_input_and_one_output() -> None:
    mono = dataclasses.replace(CARD, input_channels=(3,), output_channels=(2,))
    found = measured(((0.5, 0.5), (0.5, 0.5)), device=mono)  # the mean of both is played
    assert found.problem is None and found.notes == () and found.others == ()
    told = as_dict(found)["device_path"]
    assert (told["output"], told["input"], told["gain_db"]) == (3, 4, 0.0)


def test_a_monitor_and_what_jackd_could_be_told() -> None:
    monitor = dataclasses.replace(CARD, input="PulseAudio: Monitor of speakers")
    assert any("heard inside it" in note for note in measured(device=monitor).notes)
    jack = dataclasses.replace(
        CARD, input="JACK: system", output="JACK: system", latency=CARD.latency,
        beyond=(LatencyPart(name="JACK in", samples=100),),
    )  # fmt: skip
    assert measured(device=jack).notes[-1].endswith("if it is started with -I 50 -O 50")


def test_somebody_may_take_time_to_close_the_loop() -> None:
    said: list[str] = []

    class Opened(ArrayLoop):
        def play(self, signal: Audio) -> tuple[Audio, int]:
            heard, start = super().play(signal)
            return heard * (self.played > 3), start

    loop = Opened()
    found = measure(loop, SEARCH, wait=60.0, say=said.append)
    assert found.problem is None and found.path and found.path.agreement.samples == 700
    assert said == ["waiting 60 s for a burst to come back: close the loop"]


def test_other_inputs_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five inputs, 3-4 are used; the cable is in the last one."""
    opened: list[str] = []

    class Elsewhere(ArrayLoop):
        inputs = 5

        def __init__(self, request: AudioRequest) -> None:
            opened.append(str(request.input_channels))
            there = request.input_channels == "5"
            super().__init__(np.eye(2) if there else np.zeros((2, 2)))

        def __enter__(self) -> Elsewhere:
            return self

        def __exit__(self, *error: object) -> None:
            """Nothing is open."""

    monkeypatch.setattr(measuring, "DeviceLoop", Elsewhere)
    used = dataclasses.replace(CARD, input_channels=(2, 3))
    silent = measured(np.zeros((2, 2)), device=used)
    request = AudioRequest(input="card", output="card", input_channels="3-4")
    found = look_elsewhere(silent, request)
    assert opened[1:] == ["1-2", "5"]
    assert found.problem and "come back on input 5 of ALSA: card, not on 3-4" in found.problem


@pytest.mark.parametrize(
    "wrong", [{"repeats": 1}, {"level_db": 3.0}, {"seconds": -1.0}, {"seconds": float("nan")}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="got"):
        Search(**wrong)
