"""Every sample comes out at its declared time, whatever the blocks, the rates and the mishaps."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from live_rig import RATE, BandNetwork, VirtualSession, music, stream_spec

from rtsep.engine.stream import Stream
from rtsep.live_session.callback import MIX
from rtsep.live_session.messages import ModelReady
from rtsep.live_session.spec import pace_warning
from rtsep.mixer.desk import Desk

BLOCKS = [64, 100, 256, 1024, 5000]


def db(audio: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(audio).max() + 1e-12))


def delayed(audio: np.ndarray, delay: int) -> np.ndarray:
    return np.pad(audio, ((0, 0), (delay, 0)))[:, : audio.shape[1]]


def streamed(audio: np.ndarray, session: VirtualSession) -> np.ndarray:
    """What the engine makes of it in one process, shifted to the session's delay."""
    stream = Stream(BandNetwork(), session.spec)
    stems = stream.process(audio)
    extra = session.delay - stream.latency_samples
    return np.pad(stems, ((0, 0), (0, 0), (extra, 0)))[..., : audio.shape[1]]


@pytest.mark.parametrize("block", BLOCKS)
def test_an_impulse_comes_out_after_the_declared_delay(block: int) -> None:
    session = VirtualSession(block=block)
    audio = np.zeros((2, RATE), np.float32)
    audio[:, 7000] = 0.5
    played = session.run(audio)
    assert np.flatnonzero(played[0]).tolist() == [7000 + session.delay]
    assert session.delay == sum(part.samples for part in session.latency)


@pytest.mark.parametrize("block", BLOCKS)
def test_faders_at_unity_give_the_input_bit_by_bit(block: int) -> None:
    session, audio = VirtualSession(block=block), music(1.5)
    assert np.array_equal(session.run(audio), delayed(audio, session.delay))
    assert session.shared.counters.concealed[0] == 0


@pytest.mark.parametrize("block", [100, 256])
def test_stems_are_those_of_the_stream(block: int) -> None:
    session = VirtualSession(block=block, outputs=(MIX, 0, 3))
    desk = Desk(BandNetwork().stems, session.shared.control)
    desk.set_mute("vocals", True)
    session.new_callback(settle=True)
    audio = music(1.5)
    played, stems = session.run(audio), streamed(audio, session)
    assert db(played[2:4] - stems[0]) < -120
    assert not played[4:6].any()
    assert db(played[:2] - stems[:3].sum(0)) < -110
    assert db(stems[3]) > -20  # and it was there


def test_a_budget_is_time_that_the_engine_may_take() -> None:
    late = 2048  # samples between a hop's end and its stems
    audio = music(1.5)

    def run(budget: float) -> int:
        session = VirtualSession(budget=budget)
        hop = session.spec.hop
        session.run(audio, stalled=lambda at: (at + 256) % hop < late)
        return int(session.shared.counters.concealed[0])

    assert run(late / RATE) == 0
    assert run(0.0) > 0


@pytest.mark.parametrize("rate", [48_000, 96_000, 32_000])
def test_another_rate_nulls_at_unity_and_is_in_time(rate: int) -> None:
    session = VirtualSession(rate=rate)
    audio = music(2.0, rate)
    assert np.array_equal(session.run(audio), delayed(audio, session.delay))
    assert session.shared.counters.concealed[0] == 0
    assert [part.name for part in session.latency].count("rate conversion") == 1


def test_stems_at_another_rate_are_where_they_belong() -> None:
    session = VirtualSession(rate=48_000, outputs=(0, 1, 2, 3))
    audio = music(2.0, 48_000)
    played = session.run(audio).reshape(4, 2, -1)[..., session.delay :]
    at = np.arange(played.shape[-1]) / 48_000
    here = slice(24_000, 72_000)
    for stem, (frequency, phase) in enumerate(((90, 0), (440, 1), (1500, 2), (5000, 3))):
        tone = 0.15 * np.sin(2 * np.pi * frequency * at + phase)
        error = played[stem, 0] - tone
        # The noise of its band is in each stem too; a shift by one sample would show at 5 kHz.
        assert np.std(error[here]) < 0.25 * np.std(tone)


@pytest.mark.parametrize("complete", [True, False])
def test_what_the_model_cannot_hear_goes_to_all_stems_or_to_the_rest(
    complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BandNetwork, "complete", complete)
    rate, frequency = 48_000, 23_000
    session = VirtualSession(rate=rate, outputs=(0, 1, 2, 3))
    at = np.arange(rate) / rate
    audio = np.stack([0.1 * np.sin(2 * np.pi * frequency * at)] * 2).astype(np.float32)
    played = session.run(audio).reshape(4, 2, -1)
    np.testing.assert_allclose(played.sum(0), delayed(audio, session.delay), atol=1e-6)
    levels = np.std(played[:, 0, rate // 2 :], -1) / np.std(audio)
    np.testing.assert_allclose(levels, 0.25 if complete else (0, 0, 0, 1), atol=1e-3)


def test_broken_input_is_silence_and_counted() -> None:
    session, audio = VirtualSession(), music(1.0)
    broken = audio.copy()
    broken[0, 9000:9010], broken[1, 9000], broken[0, 9500] = np.nan, np.inf, 1e20
    clean = np.where(np.isfinite(broken) & (np.abs(broken) < 1e9), broken, 0).astype(np.float32)
    assert np.array_equal(session.run(broken), delayed(clean, session.delay))
    assert session.shared.counters.sanitized[0] == 12


def test_the_tape_has_stems_mix_and_input_from_the_first_sample() -> None:
    session, audio = VirtualSession(block=100), music(1.2)
    session.run(audio)
    tape, count = session.shared.tape, audio.shape[1] - session.delay
    assert tape.head == count
    out = np.zeros((tape.channels, count), np.float32)
    assert tape.read_into(0, out) == (0, count)
    signals = out.reshape(6, 2, count)
    assert np.array_equal(signals[5], audio[:, :count])
    assert np.array_equal(signals[4], audio[:, :count])
    assert db(signals[:4].sum(0) - audio[:, :count]) < -120


def test_a_long_window_of_many_hops_is_prefilled_after_a_restart() -> None:
    spec = stream_spec(window=1.0)
    audio = music(3.0)
    straight, restarted = VirtualSession(spec, outputs=(3,)), VirtualSession(spec, outputs=(3,))
    torch.manual_seed(0)
    whole = straight.run(audio)

    def restart(position: int) -> None:
        if position == 256 * 300:
            restarted.new_engine()

    again = restarted.run(audio, before=restart)
    after = 256 * 300 + restarted.delay + spec.window
    assert db(again[:, after:] - whole[:, after:]) < -45  # the hops lie elsewhere, no more
    assert db(whole[:, after:]) > -20


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (0.05, None),
        (0.1, r"--latency auto, or --hop 140; a step takes 100 ms"),  # 80 % of 140 ms are enough
        (1.0, "smaller model or a GPU"),
    ],
)
def test_a_machine_that_is_too_slow_is_told_of_at_once(step: float, told: str | None) -> None:
    model = ModelReady(
        name="",
        device="cpu",
        executor="eager",
        stems=(),
        channels=2,
        spec=stream_spec(),
        step_seconds=step,
    )
    warning = pace_warning(model)
    assert (warning is None) == (told is None)
    if told and warning:
        found = re.search(told, warning)
        assert found
        advice = warning[: warning.index("; a step")]
        assert (
            len(f" · 0:00 {advice}") < 80 and len(warning) < 140
        )  # one line of two, in the terminal


def test_no_fade_is_cut_short_by_blocks_that_are_longer_than_expected() -> None:
    """73 samples where 64 were expected are not 64 and 9, of which 9 would be a click."""
    session, level = VirtualSession(block=64), 0.5
    Desk(BandNetwork().stems, session.shared.control).set_policy("silence")
    session.block = 73
    audio = np.full((2, 4 * RATE), level, np.float32)
    played = session.run(audio, stalled=lambda position: position % 9000 < 4000)[0]
    heard = played[session.delay :]
    assert session.shared.counters.gaps[0] > 5 and heard.max() == level and heard.min() == 0
    assert np.abs(np.diff(heard)).max() < 1.01 * level / (73 // 2 + 1)
