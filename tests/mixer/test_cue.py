"""Headphones hear what they ask for to the sample, move without clicks, and leave the mix alone."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixer_support import LONGEST, RATE, STEMS, Line, largest_step, noise, pieces, tones

from rtsep.mixer.cue import Cue
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.faders import RAMP_SECONDS, Block, Faders
from rtsep.mixer.tone import Tone

SLOPE = 1 / (RAMP_SECONDS * RATE)  # per sample, of a ramp over the whole travel
ARRIVED = round(0.06 * RATE)  # samples after which every ramp rests


class Booth:
    """A desk with headphones, and all that makes sound of it."""

    def __init__(self, *, settle: bool = True, cue: bool = True) -> None:
        self.desk, self.control = local_desk(STEMS)
        self.desk.plug_cue((2, 3))
        self.tone = Tone(self.control, len(STEMS), 2, RATE, LONGEST)
        self.faders = Faders(self.control, len(STEMS), 2, RATE, LONGEST)
        self.cue = Cue(self.control, len(STEMS), 2, RATE, LONGEST) if cue else None
        if settle:
            self.faders.settle()

    def play(
        self,
        stems: np.ndarray,
        cuts: list[int] | None = None,
        before: Callable[[int], object] = lambda at: None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """What is heard of the mix and in the headphones; `before` gets the first sample of every
        block."""
        dry = stems.sum(0)
        mix, ears = np.full(dry.shape, np.nan, np.float32), np.full(dry.shape, np.nan, np.float32)
        for piece in pieces(dry.shape[1], cuts or []):
            before(piece.start)
            block = self.tone.apply(Block.whole(stems[..., piece], dry[:, piece]))
            self.faders.mix(block, mix[:, piece])
            if self.cue:
                self.cue.mix(block, mix[:, piece], self.faders.fade, ears[:, piece])
        return mix, ears


@pytest.fixture
def booth() -> Booth:
    return Booth()


def test_nothing_is_prelistened_to_at_first(booth: Booth) -> None:
    mix, ears = booth.play(noise(2000))
    assert mix.any() and not ears.any()


@pytest.mark.parametrize("how", ["mute", "solo", "gain", "master", "bypass", "master filter"])
def test_a_stem_is_heard_before_all_that_the_mix_does(booth: Booth, how: str) -> None:
    desk = booth.desk
    {
        "mute": lambda: desk.set_mute("bass", True),
        "solo": lambda: desk.set_solo("drums", True),
        "gain": lambda: desk.set_gain("bass", -20),
        "master": lambda: desk.set_master(-20),
        "bypass": lambda: desk.set_bypass(True),
        "master filter": lambda: desk.set_master_filter(-0.8),
    }[how]()
    desk.set_pfl("bass", True)
    stems = noise(3000)
    np.testing.assert_array_equal(booth.play(stems)[1], stems[1])


def test_and_behind_its_equalizer_and_filter(booth: Booth) -> None:
    booth.desk.set_mute("drums", True)
    booth.desk.set_mute("other", True)
    booth.desk.set_mute("vocals", True)
    booth.desk.set_kill("bass", "low", True)
    booth.desk.set_filter("bass", 0.4)
    booth.desk.set_pfl("bass", True)
    booth.faders.settle()
    stems = noise(6000)
    mix, ears = booth.play(stems)
    np.testing.assert_allclose(ears, mix, rtol=0, atol=1e-6)
    assert np.abs(ears - stems[1]).max() > 0.1


def test_all_stems_are_the_delayed_input_bit_by_bit(booth: Booth) -> None:
    for stem in STEMS:
        booth.desk.set_pfl(stem, True)
    stems = noise(3000)
    np.testing.assert_array_equal(booth.play(stems)[1], stems.sum(0))


def test_the_delayed_input_beside_the_mix(booth: Booth) -> None:
    """A is the input, B what was made of it: the knob goes from the one to the other."""
    booth.desk.set_mute("vocals", True)
    booth.desk.set_pfl_input(True)
    stems = noise(6 * ARRIVED)
    knobs = {0: 0.0, 2 * ARRIVED: 1.0, 4 * ARRIVED: 0.25}

    def turn(at: int) -> None:
        if at in knobs:
            booth.desk.set_cue_mix(knobs[at])

    mix, ears = booth.play(stems, list(range(0, 6 * ARRIVED, ARRIVED)), turn)
    dry = stems.sum(0)
    cue, master, between = (slice(n * ARRIVED, (n + 1) * ARRIVED) for n in (1, 3, 5))
    np.testing.assert_array_equal(ears[:, cue], dry[:, cue])
    np.testing.assert_array_equal(ears[:, master], mix[:, master])
    expected = 0.75 * dry[:, between] + 0.25 * mix[:, between]
    np.testing.assert_allclose(ears[:, between], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("knob", [0.0, 0.5, 1.0])
def test_one_for_each_ear(booth: Booth, knob: float) -> None:
    """Whatever the knob between cue and master says."""
    booth.desk.set_mute("bass", True)
    booth.desk.set_pfl("bass", True)
    booth.desk.set_cue_mix(knob)
    booth.desk.set_cue_split(True)
    booth.desk.set_cue_volume(-6)
    stems = noise(3000)
    mix, ears = booth.play(stems)
    half = 10**-0.3
    np.testing.assert_allclose(ears[0], half * stems[1].mean(0), rtol=0, atol=1e-6)
    np.testing.assert_allclose(ears[1], half * mix.mean(0), rtol=0, atol=1e-6)


def test_ears_get_no_more_than_full_scale(booth: Booth) -> None:
    for stem in STEMS:
        booth.desk.set_pfl(stem, True)
    booth.desk.set_pfl_input(True)
    booth.desk.set_cue_volume(6)
    ears = booth.play(noise(5000))[1]
    assert 0.9 < np.abs(ears).max() <= 1


MOVES: dict[str, Callable[[Desk], object]] = {
    "pfl": lambda desk: desk.set_pfl("bass", not desk.pfl("bass")),
    "pfl input": lambda desk: desk.set_pfl_input(not desk.pfl_input),
    "mix": lambda desk: desk.set_cue_mix(1 - desk.cue_mix),
    "volume": lambda desk: desk.set_cue_volume(-20 if desk.cue_volume_db == 0 else 0),
    "split": lambda desk: desk.set_cue_split(not desk.cue_split),
    "end": lambda desk: desk.end_pfl(),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("block", [32, 256, 1024])
def test_a_move_is_a_ramp(booth: Booth, move: str, block: int) -> None:
    """On constant sound no step is larger than that of a ramp, and then it rests exactly."""
    stems = np.full((4, 2, ARRIVED), 0.1, np.float32)
    stems[:, 1] *= 0.5
    booth.desk.set_pfl("drums", True)
    cuts = list(range(0, ARRIVED, block))
    before = booth.play(stems, cuts)[1]
    MOVES[move](booth.desk)
    after = booth.play(stems, cuts)[1]
    assert np.ptp(after[:, -100:], axis=1).max() == 0
    travel = np.abs(after[:, -1] - before[:, -1]).max()
    assert travel > 0.01
    assert largest_step(np.concatenate((before, after), 1)) < 1.5 * SLOPE * travel


@settings(max_examples=30, deadline=None)
@given(
    moves=st.lists(st.tuples(st.integers(1, 2999), st.sampled_from(list(MOVES))), max_size=5),
    cuts=st.lists(st.integers(1, 2999), max_size=15),
)
def test_blocks_of_any_sizes_sound_the_same(moves: list[tuple[int, str]], cuts: list[int]) -> None:
    def heard(extra: list[int]) -> np.ndarray:
        booth, marks = Booth(), [at for at, _ in moves]
        booth.desk.set_pfl("vocals", True)

        def move(at: int) -> None:
            for when, name in moves:
                if when == at:
                    MOVES[name](booth.desk)

        return booth.play(0.3 * noise(3000), [*marks, *extra], move)[1]

    np.testing.assert_allclose(heard(cuts), heard([]), rtol=0, atol=1e-5)


def test_the_mix_is_the_same_to_the_bit_whatever_the_headphones_do() -> None:
    quiet, busy = Booth(cue=False), Booth()
    stems, names = noise(20_000), list(MOVES)

    def mute(booth: Booth, at: int) -> None:
        booth.desk.set_mute("bass", at // 512 % 2 == 0)
        booth.desk.set_filter("vocals", at / 20_000)

    def both(at: int) -> None:
        mute(busy, at)
        MOVES[names[at // 256 % len(names)]](busy.desk)

    cuts = list(range(0, 20_000, 256))
    expected = quiet.play(stems, cuts, lambda at: mute(quiet, at))[0]
    mix, ears = busy.play(stems, cuts, both)
    np.testing.assert_array_equal(mix, expected)
    assert ears.any()


def test_a_session_fades_in_and_out_in_the_headphones_too() -> None:
    booth = Booth(settle=False)
    booth.desk.set_pfl("bass", True)
    stems = np.full((4, 2, ARRIVED), 0.2, np.float32)
    start = booth.play(stems)[1]
    assert start[0, 0] < 0.01 and largest_step(start) < 1.01 * SLOPE * 0.2
    np.testing.assert_array_equal(start[:, -1], stems[1, :, -1])
    booth.faders.fading_out = True
    end = booth.play(stems)[1]
    assert end[0, 0] > 0.19 and not end[:, -100:].any()


def test_what_stands_for_late_stems_is_heard_in_their_place() -> None:
    """With the policy `dry` the mix is the input then, and so is whatever stem is asked for."""
    desk, control = local_desk(STEMS, mute=["vocals"])
    desk.plug_cue((2, 3))
    desk.set_policy("dry")
    desk.set_pfl("bass", True)
    desk.set_pfl("drums", True)
    stems = tones(4096)
    line, cue = Line(stems, control), Cue(control, 4, 2, RATE, LONGEST)
    line.deliver(0, 1024)
    ears = []
    for _ in range(4):
        line.dry.write(line.input[:, line.dry.head : line.position + 512])
        block = line.playout.pull(line.position, 512)
        out = np.empty((2, 512), np.float32)
        cue.mix(block, np.zeros((2, 512), np.float32), np.ones(1, np.float32), out)
        line.position += 512
        ears.append(out)
    heard = np.concatenate(ears, 1)
    dry = line.input
    np.testing.assert_allclose(heard[:, :900], stems[:2, :, :900].sum(0), rtol=0, atol=1e-6)
    np.testing.assert_allclose(heard[:, 1100:], dry[:, 1100:2048], rtol=0, atol=1e-6)
    assert largest_step(heard) < 2 * largest_step(dry)


def test_the_callback_needs_little_memory_and_keeps_none(booth: Booth) -> None:
    """Two buffers of 64 KiB that NumPy takes for itself, as under the faders, and little else."""
    booth.desk.set_pfl("bass", True)
    booth.desk.set_cue_mix(0.5)
    stems = noise(LONGEST)
    booth.play(stems)
    block, mix = Block.whole(stems, stems.sum(0)), stems.sum(0)
    out = np.empty_like(mix)
    assert booth.cue
    tracemalloc.start()
    try:
        for _ in range(20):
            booth.desk.set_cue_split(not booth.desk.cue_split)
            booth.desk.set_pfl_input(not booth.desk.pfl_input)
            booth.cue.mix(block, mix, booth.faders.fade, out)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 8192 and peak < 136 * 1024


def test_one_stem_alone_and_six(booth: Booth) -> None:
    for count in (1, 6):
        names = [str(number) for number in range(count)]
        desk, control = local_desk(names)
        desk.plug_cue((0, 1))
        desk.set_pfl("0", True)
        stems = noise(300, count)
        out = np.empty((2, 300), np.float32)
        block = Block.whole(stems, stems.sum(0))
        Cue(control, count, 2, RATE, LONGEST).mix(block, block.dry, np.ones(1, np.float32), out)
        np.testing.assert_array_equal(out, stems[0])


def test_an_empty_block(booth: Booth) -> None:
    booth.desk.set_pfl("bass", True)
    assert booth.play(noise(0))[1].shape == (2, 0)
