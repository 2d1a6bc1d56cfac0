"""Equalizers and filters null in the middle, kill, and move without clicks at any pace."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixer_support import LONGEST, RATE, STEMS, mixed, noise, pieces, tones

from rtsep.dsp.recursive import FRAME
from rtsep.mixer import sweep
from rtsep.mixer.control import BANDS
from rtsep.mixer.crossover import EDGES_HZ
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.faders import Block, Faders
from rtsep.mixer.sweep import HIGH_PASS_HZ, LOW_PASS_HZ, REST, cutoff_hz
from rtsep.mixer.tone import Tone, at_rest

ARRIVED = round(0.2 * RATE)  # samples after which everything rests
ALL = {"low": (20, EDGES_HZ[0]), "mid": EDGES_HZ, "high": (EDGES_HZ[1], 20_000)}
Do = Callable[[Desk], object]


@pytest.mark.parametrize("turn", [
    lambda desk: None,
    lambda desk: desk.set_gain("bass", 0.5),
    lambda desk: desk.set_eq("bass", "low", 3.0),
    lambda desk: desk.set_filter("drums", -0.5),
])  # fmt: skip
def test_a_tone_at_rest_passes_on_what_it_gets(turn: Do) -> None:
    rig = Rig()
    turn(rig.desk)
    stems = noise(256)
    block = Block.whole(stems, stems.sum(0))
    assert at_rest(rig.control) == (rig.tone.apply(block) is block)


class Rig:
    """A desk, and stems through their tone and the faders."""

    def __init__(self, rate: int = RATE) -> None:
        self.desk, self.control = local_desk(STEMS)
        self.desk.set_limiter(False)
        self.tone = Tone(self.control, 4, 2, rate, LONGEST)
        self.faders = Faders(self.control, 4, 2, rate, LONGEST)
        self.faders.settle()

    def play(self, stems: np.ndarray, cuts: list[int] | None = None) -> np.ndarray:
        out = np.full(stems.shape[1:], np.nan, np.float32)
        for piece in pieces(stems.shape[2], cuts or []):
            block = Block.whole(stems[..., piece], stems[..., piece].sum(0))
            self.faders.mix(self.tone.apply(block), out[:, piece])
        return out

    def toned(self, stems: np.ndarray) -> np.ndarray:
        """The stems themselves."""
        parts = [
            self.tone.apply(Block.whole(stems[..., piece], stems[..., piece].sum(0))).stems.copy()
            for piece in pieces(stems.shape[2], [])
        ]
        return np.concatenate(parts, -1)


def response(act: Do, rate: int = RATE) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, and how loud an impulse of the bass is there, in dB."""
    rig, count = Rig(rate), 1 << 16
    act(rig.desk)
    impulse = np.zeros((4, 2, count), np.float32)
    impulse[1, :, 0] = 1
    spectrum = np.abs(np.fft.rfft(rig.toned(impulse)[1, 0].astype(np.float64)))
    return np.fft.rfftfreq(count, 1 / rate), 20 * np.log10(np.maximum(spectrum, 1e-15))


def at(curve: tuple[np.ndarray, np.ndarray], hz: float) -> float:
    return float(np.interp(hz, *curve))


def between(curve: tuple[np.ndarray, np.ndarray], low: float, high: float) -> np.ndarray:
    return curve[1][(curve[0] >= low) & (curve[0] <= high)]


def test_neutral_is_the_very_same_block() -> None:
    rig, stems = Rig(), noise(500)
    block = Block.whole(stems, stems.sum(0))
    assert rig.tone.apply(block) is block
    np.testing.assert_array_equal(rig.play(stems), stems.sum(0))


def test_controllers_that_do_not_hit_the_middle_are_neutral_too() -> None:
    rig, stems = Rig(), noise(500)
    for stem in STEMS:
        for band in BANDS:
            rig.desk.set_eq(stem, band, 6 * (2 * 64 / 127 - 1))
        rig.desk.set_filter(stem, 2 * 64 / 127 - 1)
    rig.desk.set_master_filter(-REST)
    np.testing.assert_array_equal(rig.play(stems), stems.sum(0))


MOVED: dict[str, Do] = {
    "eq": lambda desk: desk.set_eq("bass", "low", -20),
    "kill": lambda desk: desk.set_kill("bass", "mid", True),
    "low-pass": lambda desk: desk.set_filter("bass", -0.5),
    "high-pass": lambda desk: desk.set_filter("bass", 0.7),
    "master": lambda desk: desk.set_master_filter(-0.9),
}


@pytest.mark.parametrize("move", MOVED)
def test_back_in_the_middle_it_is_exact_again(move: str) -> None:
    rig, stems = Rig(), noise(ARRIVED)
    dry = stems.sum(0)
    rig.play(stems)
    MOVED[move](rig.desk)
    assert np.abs(rig.play(stems) - dry)[:, -100:].max() > 0.01
    rig.desk.reset()
    rig.desk.set_master_filter(0)
    np.testing.assert_array_equal(rig.play(stems)[:, -100:], dry[:, -100:])


@pytest.mark.parametrize("how", ["switch", "knob"])
@pytest.mark.parametrize("band", BANDS)
def test_a_band_is_killed(band: str, how: str) -> None:
    """By 40 dB but for the octave beside each edge, and 60 dB where it is at home; the others stay
    as they are."""
    kills: dict[str, Do] = {
        "switch": lambda desk: desk.set_kill("bass", band, True),
        "knob": lambda desk: desk.set_eq("bass", band, -math.inf),
    }
    killed = response(kills[how])
    low, high = ALL[band]
    inner = low if band == "low" else 2 * low, high if band == "high" else high / 2
    assert between(killed, *inner).max() < -40
    assert at(killed, math.sqrt(low * high)) < -60
    for other in set(BANDS) - {band}:
        low, high = ALL[other]
        kept = between(killed, low if other == "low" else 2 * low, high / 2)
        assert np.abs(kept).max() < 0.3


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("db", [6.0, -12.0, 0.2])
def test_bands_that_are_as_loud_are_flat_together(rate: int, db: float) -> None:
    curve = response(lambda desk: [desk.set_eq("bass", band, db) for band in BANDS], rate)
    np.testing.assert_allclose(between(curve, 10, 0.49 * rate), db, rtol=0, atol=0.01)


def test_all_bands_killed_are_nothing() -> None:
    rig, stems = Rig(), noise(2000)
    for stem in STEMS:
        for band in BANDS:
            rig.desk.set_kill(stem, band, True)
    assert not rig.toned(stems).any()
    assert np.abs(rig.play(stems)).max() < 1e-6


@pytest.mark.parametrize(("band", "hz"), [("low", 60), ("mid", 790), ("high", 8000)])
def test_a_knob_is_as_loud_as_it_says(band: str, hz: float) -> None:
    curve = response(lambda desk: desk.set_eq("bass", band, -9))
    assert at(curve, hz) == pytest.approx(-9, abs=0.1)


@pytest.mark.parametrize("rate", [44_100, 96_000])
@pytest.mark.parametrize("knob", [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])
def test_a_filter_falls_by_24_db_an_octave(knob: float, rate: int) -> None:
    cutoff = cutoff_hz(knob)
    assert cutoff is not None
    curve = response(lambda desk: desk.set_filter("bass", knob), rate)
    octave = 2 if knob < 0 else 0.5
    assert at(curve, cutoff) == pytest.approx(1.5, abs=1)
    if cutoff * octave**3 < rate / 8:  # the last octaves below half the rate are narrower
        step = at(curve, cutoff * octave**2) - at(curve, cutoff * octave**3)
        assert step == pytest.approx(24, abs=2)
    passing = (10, cutoff / 4) if knob < 0 else (cutoff * 4, 20_000)
    assert np.abs(between(curve, *passing)).max(initial=0) < 0.5
    assert curve[1].max() < 4  # a slight resonance


def test_cutoffs_go_from_end_to_end() -> None:
    assert cutoff_hz(0) is None and cutoff_hz(REST) is None and cutoff_hz(-REST) is None
    for knob, (first, last) in ((-1, LOW_PASS_HZ), (1, HIGH_PASS_HZ)):
        assert cutoff_hz(knob) == pytest.approx(last)
        assert cutoff_hz(knob * (REST + 1e-9)) == pytest.approx(first, rel=1e-6)


def test_other_stems_are_left_alone() -> None:
    rig, stems = Rig(), noise(3000)
    rig.desk.set_eq("bass", "low", -6)
    rig.desk.set_filter("bass", 0.3)
    toned = rig.toned(stems)
    np.testing.assert_array_equal(toned[[0, 2, 3]], stems[[0, 2, 3]])
    assert np.abs(toned[1] - stems[1]).max() > 0.01


def test_what_is_heard_is_the_weighted_sum_of_the_toned_stems() -> None:
    rig, stems = Rig(), noise(3000)
    for stem, db, knob in zip(STEMS, (-6, 0, 3, -40), (0.2, -0.4, 0, 0), strict=True):
        rig.desk.set_gain(stem, db)
        rig.desk.set_filter(stem, knob)
        rig.desk.set_eq(stem, "mid", db / 2)
    rig.faders.settle()
    other = Rig()
    other.control.eq[:], other.control.filter[:] = rig.control.eq, rig.control.filter
    weights = 10 ** (np.array([-6, 0, 3, -40]) / 20)
    expected = np.tensordot(weights, other.toned(stems), 1)
    np.testing.assert_allclose(rig.play(stems), expected, rtol=0, atol=1e-6)


def test_the_master_filter_is_that_of_the_whole_mix() -> None:
    """As if all stems had it; A/B and outputs of single stems do not."""
    rig, each, stems = Rig(), Rig(), noise(3000)
    rig.desk.set_master_filter(-0.7)
    rig.faders.settle()
    for stem in STEMS:
        each.desk.set_filter(stem, -0.7)
    whole = rig.play(stems)
    np.testing.assert_allclose(whole, each.play(stems), rtol=0, atol=1e-6)
    rig.desk.set_bypass(True)
    rig.faders.settle()
    np.testing.assert_array_equal(rig.play(stems), stems.sum(0))
    out = np.empty((4, 2, 100), np.float32)
    rig.play(stems[..., :100])
    rig.faders.stem_out(stems[..., :100], out)
    np.testing.assert_array_equal(out, stems[..., :100])


def test_a_session_begins_with_the_knobs_where_they_are() -> None:
    """And a successor remembers nothing of the sound before."""
    curves = []
    for before in (0, 2000):
        rig = Rig()
        rig.desk.set_eq("bass", "low", -math.inf)
        rig.desk.set_filter("vocals", -1)
        rig.play(noise(before))
        rig.tone = Tone(rig.control, 4, 2, RATE, LONGEST)
        curves.append(rig.play(tones(3000)))
    np.testing.assert_array_equal(*curves)
    rig = Rig()
    rig.desk.set_filter("bass", -1)  # 60 Hz
    assert np.abs(rig.toned(np.full((4, 2, 8), 0.2, np.float32))[1]).max() < 1e-3


def test_silence_comes_to_an_end() -> None:
    """Numbers that are almost nothing would cost a processor a hundred times as much."""
    rig = Rig()
    for move in MOVED.values():
        move(rig.desk)
    rig.play(noise(2000))
    rig.play(np.zeros((4, 2, 2 * RATE), np.float32))
    assert not rig.play(np.zeros((4, 2, 2000), np.float32)).any()
    for state in (rig.tone._crossover._rows, rig.tone._sweep._frames, rig.faders._filter._frames):
        assert not state.any()


NAMES = ("eq", "kill", "filter", "master")
MOVES = st.lists(
    st.tuples(
        st.integers(0, 4000),
        st.sampled_from(NAMES),
        st.integers(0, 3),
        st.sampled_from(BANDS),
        st.floats(-1, 1),
    ),
    max_size=8,
)
Move = tuple[int, str, int, str, float]


def move(desk: Desk, what: str, index: int, band: str, value: float) -> None:
    if what == "eq":
        desk.set_eq(STEMS[index], band, 60 * value if value < 0 else 6 * value)
    elif what == "kill":
        desk.toggle_kill(STEMS[index], band)
    elif what == "filter":
        desk.set_filter(STEMS[index], value)
    else:
        desk.set_master_filter(value)


def play_moves(moves: list[Move], cuts: list[int], stems: np.ndarray) -> np.ndarray:
    """A desk that is moved at these samples, at the least cut there, and at `cuts` besides."""
    rig, parts, done = Rig(), [], 0
    for when, *what in sorted(moves):
        parts.append(rig.play(stems[..., done:when], [cut - done for cut in cuts]))
        done = when
        move(rig.desk, *what)  # type: ignore[arg-type]
    parts.append(rig.play(stems[..., done:], [cut - done for cut in cuts]))
    return np.concatenate(parts, 1)


@settings(max_examples=40, deadline=None)
@given(moves=MOVES, cuts=st.lists(st.integers(1, 3999), max_size=20))
def test_blocks_of_any_sizes_sound_the_same(moves: list[Move], cuts: list[int]) -> None:
    stems = noise(4000)
    np.testing.assert_allclose(
        play_moves(moves, cuts, stems), play_moves(moves, [], stems), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("block", [1, 31, 441])
def test_any_pace_of_moves_is_bounded(block: int) -> None:
    """Everything jumps with each block: no filter rings up."""
    rig, rng, stems = Rig(), np.random.default_rng(5), noise(6000)
    for start in range(0, 6000, block):
        for number in range(4):
            for what in NAMES:
                value = float(rng.choice([-1, 1, rng.uniform(-1, 1)]))
                move(rig.desk, what, number, str(rng.choice(BANDS)), value)
        out = rig.play(stems[..., start : start + block])
        assert np.abs(out).max() < 8 * np.abs(stems.sum(0)).max()


def crackle(signal: np.ndarray) -> float:
    """The loudest sample above 6 kHz."""
    spectrum = np.fft.rfft(signal * np.hanning(signal.shape[1]))
    spectrum[:, np.fft.rfftfreq(signal.shape[1], 1 / RATE) < 6000] = 0
    return float(np.abs(np.fft.irfft(spectrum)).max())


def turned_at_random(what: str, stems: np.ndarray) -> np.ndarray:
    rig, rng, parts = Rig(), np.random.default_rng(1), []
    for start in range(0, stems.shape[2], 256):
        for number, stem in enumerate(STEMS):
            if what == "mute":
                rig.desk.toggle_mute(stem)
            for name in NAMES if what == "all" else (what,):
                for band in BANDS if name in ("eq", "kill") else BANDS[:1]:
                    if name != "mute":
                        move(rig.desk, name, number, band, float(rng.uniform(-1, 1)))
        parts.append(rig.play(stems[..., start : start + 256]))
    return np.concatenate(parts, 1)


@pytest.mark.parametrize("what", [*NAMES, "all"])
def test_a_hand_in_a_hurry_makes_no_clicks(what: str) -> None:
    """Low notes stay low notes: all that appears above them is no more than mutes make of them."""
    stems = tones(RATE // 2)
    assert crackle(stems.sum(0)) < 1e-6
    assert crackle(turned_at_random(what, stems)) < 1.5 * crackle(turned_at_random("mute", stems))


@pytest.mark.parametrize("what", ["eq", "filter"])
def test_a_hand_that_takes_its_time_is_not_heard_at_all(what: str) -> None:
    rig, stems, parts = Rig(), tones(RATE), []
    for start in range(0, RATE, 64):
        for number in range(4):
            for band in BANDS if what == "eq" else BANDS[:1]:
                move(rig.desk, what, number, band, math.sin(2 * math.pi * start / RATE))
        parts.append(rig.play(stems[..., start : start + 64]))
    slow = crackle(np.concatenate(parts, 1))
    assert slow < 0.5 * crackle(turned_at_random("mute", stems))


def test_a_cutoff_that_moves_does_not_buzz(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is crossfaded from frame to frame; in steps a note that is swept over buzzes."""
    time = np.arange(RATE) / RATE
    note = np.broadcast_to(0.2 * np.sin(2 * np.pi * 4000 * time), (4, 2, RATE)).astype(np.float32)
    heard = []
    for up in (sweep._UP, np.ones(FRAME)):
        monkeypatch.setattr(sweep, "_UP", up)
        rig, parts = Rig(), []
        for start in range(0, RATE, 64):
            rig.desk.set_master_filter(0.5 + 0.4 * math.cos(2 * math.pi * start / RATE))
            if start == 0:
                rig.faders.settle()
            parts.append(rig.play(note[..., start : start + 64]))
        heard.append(crackle(np.concatenate(parts, 1)))
    assert heard[0] < 0.6 * heard[1]


def test_what_was_heard_long_ago_is_forgotten() -> None:
    """While a stem is left alone its filters stand still; they do not go on where they stopped."""
    rig, silence = Rig(), np.zeros((4, 2, ARRIVED), np.float32)
    for act in MOVED.values():
        act(rig.desk)
    rig.play(noise(3000))
    rig.desk.reset()
    rig.desk.set_master_filter(0)
    rig.play(noise(ARRIVED))
    rig.play(silence)
    for act in MOVED.values():
        act(rig.desk)
    assert not rig.play(silence).any()


def test_the_callback_needs_little_memory_and_keeps_none() -> None:
    """As of the faders. The desk, which remembers what was done to it, is in another process."""
    rig, stems = Rig(), noise(LONGEST)
    block, out = Block.whole(stems, stems.sum(0)), np.zeros((2, LONGEST), np.float32)
    for act in MOVED.values():
        act(rig.desk)
    rig.faders.mix(rig.tone.apply(block), out)
    tracemalloc.start()
    try:
        for turn in range(20):
            rig.control.kill[0, 3] = turn % 2
            rig.control.filter[0] = math.sin(turn)
            rig.control.master_filter[0] = math.cos(turn)
            rig.faders.mix(rig.tone.apply(block), out)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 8192 and peak < 128 * 1024


@pytest.mark.parametrize("count", [1, 6])
def test_any_number_of_stems_and_channels(count: int) -> None:
    names = [str(number) for number in range(count)]
    desk, control = local_desk(names, eq_db={"0": (-6, -6, -6)})
    stems = np.ascontiguousarray(noise(2000, count)[:, :1])
    tone = Tone(control, count, 1, RATE, LONGEST)
    power = sum(
        float((tone.apply(Block.whole(part, part.sum(0))).stems[0] ** 2).sum())
        for part in np.split(stems, 4, axis=2)
    )
    assert 10 * math.log10(power / float((stems[0] ** 2).sum())) == pytest.approx(-6, abs=0.3)
    assert desk.faders[0].eq_db == pytest.approx((-6, -6, -6))


def test_an_empty_block() -> None:
    control = local_desk(STEMS, eq_db={"bass": (0, 3, 0)}, filters={"bass": 0.5})[1]
    faders, tone = Faders(control, 4, 2, RATE, LONGEST), Tone(control, 4, 2, RATE, LONGEST)
    empty = tone.apply(Block.whole(noise(0), noise(0).sum(0)))
    assert empty.stems.shape == (4, 2, 0)
    assert mixed(faders, empty.stems, empty.dry).shape == (2, 0)
