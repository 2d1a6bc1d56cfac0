"""Faders null exactly, move without clicks, and do not care how sound is cut into blocks."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixer_support import LONGEST, RATE, STEMS, largest_step, mixed, noise, tones

from rtsep.mixer.control import Control
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.faders import RAMP_SECONDS, Block, Faders

SLOPE = 1 / (RAMP_SECONDS * RATE)  # per sample, of a ramp over the whole travel
ARRIVED = round(0.06 * RATE)  # samples after which every ramp rests


def faders_at(control: Control, stems: int = 4) -> Faders:
    faders = Faders(control, stems, 2, RATE, LONGEST)
    faders.settle()
    return faders


@pytest.fixture
def desk_and_control() -> tuple[Desk, Control]:
    return local_desk(STEMS)


Both = tuple[Desk, Control]


@pytest.mark.parametrize("loudness", [1, 5])  # the loudest sample of 5 is exactly at full scale
def test_unity_is_the_delayed_input_bit_by_bit(desk_and_control: Both, loudness: int) -> None:
    stems = noise(5000)
    dry = stems.sum(0)
    dry *= loudness / 5 / np.abs(dry).max()
    np.testing.assert_array_equal(mixed(faders_at(desk_and_control[1]), stems, dry), dry)


def test_equal_faders_do_not_need_the_stems(desk_and_control: Both) -> None:
    """What all stems share is taken from the input, whatever the network made of it."""
    desk, control = desk_and_control
    for stem in STEMS:
        desk.set_gain(stem, -6)
    dry, nonsense = noise(100, 1)[0], noise(100, seed=1)
    out = mixed(faders_at(control), nonsense, dry)
    np.testing.assert_array_equal(out, dry * np.float32(10**-0.3))


@pytest.mark.parametrize("how", ["mute", "gain", "master"])
def test_everything_off_is_exactly_nothing(desk_and_control: Both, how: str) -> None:
    desk, control = desk_and_control
    for stem in STEMS:
        if how == "mute":
            desk.set_mute(stem, True)
        elif how == "gain":
            desk.set_gain(stem, -math.inf)
    if how == "master":
        desk.set_master(-math.inf)
    stems = noise(3000)
    assert not mixed(faders_at(control), stems, stems.sum(0)).any()


def test_gains_weigh_their_stems() -> None:
    desk, control = local_desk(STEMS, gains_db={"bass": -6, "vocals": 6, "other": -math.inf})
    desk.set_master(-3)
    stems = noise(3000)
    weights = 10**-0.15 * np.array([1, 10**-0.3, 0, 10**0.3])[:, None, None]
    out = mixed(faders_at(control), stems, stems.sum(0))
    np.testing.assert_allclose(out, (weights * stems).sum(0), rtol=0, atol=1e-6)


def test_what_is_off_is_not_there_at_all() -> None:
    stems = noise(1000)
    dry = stems.sum(0)
    stems[1] *= 1e30
    out = mixed(faders_at(local_desk(STEMS, mute=["bass"])[1]), stems, dry)
    np.testing.assert_allclose(out, stems[[0, 2, 3]].sum(0), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("mute", "solo", "heard"),
    [
        ([], [], "dbov"),
        (["drums", "vocals"], [], "bo"),
        ([], ["vocals"], "v"),
        ([], ["bass", "drums", "bass"], "db"),
        (["vocals"], ["vocals", "bass"], "b"),  # a mute wins over its solo
        (["vocals"], ["vocals"], ""),
        (["drums"], ["bass"], "b"),
    ],
)
def test_mute_and_solo(mute: list[str], solo: list[str], heard: str) -> None:
    desk, control = local_desk(STEMS, mute=mute, solo=solo)
    faders = faders_at(control)
    gains = dict(zip(STEMS, faders.gains, strict=True))
    assert "".join(stem[0] for stem in STEMS if gains[stem]) == heard
    assert [fader.audible for fader in desk.faders] == [bool(gains[stem]) for stem in STEMS]


def test_a_solo_keeps_its_gain() -> None:
    control = local_desk(STEMS, gains_db={"bass": -20, "drums": 3}, solo=["bass"])[1]
    assert faders_at(control).gains == pytest.approx([0, 0.1, 0, 0])


@pytest.mark.parametrize("count", [1, 6])
def test_any_number_of_stems(count: int) -> None:
    names = [str(number) for number in range(count)]
    control = local_desk(names, gains_db={"0": -20})[1]
    stems = noise(2000, count)
    out = mixed(faders_at(control, count), stems, stems.sum(0))
    np.testing.assert_allclose(out, stems.sum(0) - 0.9 * stems[0], rtol=0, atol=1e-6)


def test_an_empty_block_is_mixed_to_an_empty_block(desk_and_control: Both) -> None:
    control = desk_and_control[1]
    assert mixed(faders_at(control), noise(0), noise(0, 1)[0]).shape == (2, 0)


MOVES = st.lists(
    st.tuples(
        st.integers(0, 3000),
        st.sampled_from(["mute", "solo", "gain", "master", "bypass"]),
        st.integers(0, 3),
        st.floats(-40, 6),
    ),
    max_size=5,
)


def play_moves(moves: list[tuple[int, str, int, float]], cuts: list[int]) -> np.ndarray:
    """A desk that is moved at these samples, at the least cut there, and at `cuts` besides."""
    desk, control = local_desk(STEMS)
    desk.set_limiter(False)
    faders, stems, parts, done = faders_at(control), noise(3000), [], 0
    for at, what, index, db in sorted(moves):
        parts.append(mixed(faders, stems[..., done:at], stems.sum(0)[:, done:at],
                           [cut - done for cut in cuts]))  # fmt: skip
        done = at
        if what == "mute":
            desk.toggle_mute(STEMS[index])
        elif what == "solo":
            desk.toggle_solo(STEMS[index])
        elif what == "gain":
            desk.set_gain(STEMS[index], db)
        elif what == "master":
            desk.set_master(db)
        else:
            desk.set_bypass(not desk.bypass)
    parts.append(mixed(faders, stems[..., done:], stems.sum(0)[:, done:],
                       [cut - done for cut in cuts]))  # fmt: skip
    return np.concatenate(parts, 1)


@settings(max_examples=40, deadline=None)
@given(moves=MOVES, cuts=st.lists(st.integers(1, 2999), max_size=20))
def test_blocks_of_any_sizes_sound_the_same(
    moves: list[tuple[int, str, int, float]], cuts: list[int]
) -> None:
    np.testing.assert_allclose(play_moves(moves, cuts), play_moves(moves, []), rtol=0, atol=1e-5)


@pytest.mark.parametrize("block", [32, 256, 1024])
@pytest.mark.parametrize("move", ["mute", "solo", "gain", "master", "bypass"])
def test_a_move_is_a_ramp(desk_and_control: Both, move: str, block: int) -> None:
    """On constant stems every step of the output is the ramp's own, and then it rests exactly."""
    desk, control = desk_and_control
    stems = np.full((4, 2, ARRIVED), 0.2, np.float32)
    dry = stems.sum(0)
    faders = faders_at(control)
    if move == "bypass":  # from nothing to everything
        desk.set_master(-math.inf)
        faders.settle()
    cuts = list(range(0, ARRIVED, block))
    before = mixed(faders, stems, dry, cuts)
    {
        "mute": lambda: desk.set_mute("bass", True),
        "solo": lambda: desk.set_solo("bass", True),
        "gain": lambda: desk.set_gain("bass", 6),
        "master": lambda: desk.set_master(-math.inf),
        "bypass": lambda: desk.set_bypass(True),
    }[move]()
    after = mixed(faders, stems, dry, cuts)
    goal = {"mute": 0.6, "solo": 0.2, "gain": 0.6 + 0.2 * 10**0.3, "master": 0.0, "bypass": 0.8}
    np.testing.assert_allclose(after[:, -100:], goal[move], rtol=0, atol=1e-6)
    assert np.ptp(after[:, -100:]) == 0
    travel = abs(float(after[0, -1] - before[0, -1]))
    assert largest_step(np.concatenate((before, after), 1)) < 1.01 * SLOPE * travel
    assert np.all(np.diff(after) * np.sign(after[0, -1] - before[0, -1]) >= -1e-7)


def test_bypass_is_the_untouched_input() -> None:
    desk, control = local_desk(STEMS, mute=["vocals", "drums"])
    desk.set_master(-20)
    desk.set_bypass(True)
    stems = noise(1000)
    dry = 9 * stems.sum(0)  # not even limited
    np.testing.assert_array_equal(mixed(faders_at(control), stems, dry), dry)


def test_ab_goes_back_and_forth_exactly(desk_and_control: Both) -> None:
    desk, control = desk_and_control
    desk.set_mute("vocals", True)
    faders, stems = faders_at(control), tones(4 * ARRIVED)
    dry = stems.sum(0)
    quarters = [slice(part * ARRIVED, (part + 1) * ARRIVED) for part in range(4)]
    heard = []
    for part, bypass in zip(quarters, (False, True, False, True), strict=True):
        desk.set_bypass(bypass)
        heard.append(mixed(faders, stems[..., part], dry[:, part]))
    out = np.concatenate(heard, 1)
    for number in (1, 3):
        end = slice(quarters[number].stop - 300, quarters[number].stop)
        np.testing.assert_array_equal(out[:, end], dry[:, end])
    end = slice(quarters[2].stop - 300, quarters[2].stop)
    np.testing.assert_allclose(out[:, end], stems[:3, :, end].sum(0), rtol=0, atol=1e-6)
    assert largest_step(out) < largest_step(dry) + 0.2 * SLOPE


def test_a_session_fades_in_and_out(desk_and_control: Both) -> None:
    control = desk_and_control[1]
    faders = Faders(control, 4, 2, RATE, LONGEST)
    stems = np.full((4, 2, ARRIVED), 0.2, np.float32)
    dry = stems.sum(0)
    start = mixed(faders, stems, dry)
    assert start[0, 0] < 0.01 and largest_step(start) < 1.01 * SLOPE * 0.8
    np.testing.assert_array_equal(start[:, -1], dry[:, -1])
    assert not faders.silent
    faders.fading_out = True
    end = mixed(faders, stems, dry)
    assert faders.silent and end[0, 0] > 0.79 and largest_step(end) < 1.01 * SLOPE * 0.8
    assert not end[:, -100:].any()
    assert not mixed(faders, stems, dry).any()


def test_a_session_begins_with_the_faders_where_they_are() -> None:
    """A muted vocal is not heard even while the session fades in."""
    control = local_desk(STEMS, mute=["vocals"])[1]
    faders = Faders(control, 4, 2, RATE, LONGEST)
    stems = np.zeros((4, 2, ARRIVED), np.float32)
    stems[3] = 0.5
    assert np.abs(mixed(faders, stems, stems.sum(0))).max() < 1e-7


def test_stem_outputs_sum_to_the_mix() -> None:
    desk, control = local_desk(STEMS, gains_db={"bass": -6}, mute=["other"])
    desk.set_master(-3)
    faders, stems = faders_at(control), noise(1000)
    sums, parts, out = [], np.zeros((4, 2, 100), np.float32), np.zeros((2, 100), np.float32)
    mixes = []
    for start in range(0, 1000, 100):
        here = slice(start, start + 100)
        if start == 300:  # in the middle of a ramp too
            desk.set_mute("vocals", True)
            desk.set_master(0)
        faders.mix(Block.whole(stems[..., here], stems[..., here].sum(0)), out)
        faders.stem_out(stems[..., here], parts)
        assert not parts[2].any()
        sums.append(parts.sum(0))
        mixes.append(out.copy())
    np.testing.assert_allclose(np.concatenate(sums, 1), np.concatenate(mixes, 1), atol=1e-6)


def test_what_is_extra_is_heard_whatever_the_stems_faders_say() -> None:
    desk, control = local_desk(STEMS, mute=STEMS)
    desk.set_master(-6)
    extra, nothing = noise(500, 1)[0], np.zeros((2, 500), np.float32)
    out = np.empty_like(extra)
    faders_at(control).mix(Block(noise(500), nothing, nothing, extra), out)
    np.testing.assert_allclose(out, extra * 10**-0.3, rtol=0, atol=1e-6)


def test_the_limiter_can_be_switched_off(desk_and_control: Both) -> None:
    desk, control = desk_and_control
    stems = 3 * noise(3000)
    dry = stems.sum(0)
    faders = faders_at(control)
    assert np.abs(dry).max() > 1.5 and np.abs(mixed(faders, stems, dry)).max() <= 1
    assert faders.limiter.limited > 0
    desk.set_limiter(False)
    np.testing.assert_array_equal(mixed(faders_at(control), stems, dry), dry)


def test_the_callback_needs_little_memory_and_keeps_none() -> None:
    """From 128 KiB on an allocation is a system call and page faults. NumPy itself takes buffers
    of some 64 KiB where it stretches one array to the shape of another."""
    desk, control = local_desk(STEMS, gains_db={"bass": -6})
    faders, stems = faders_at(control), noise(LONGEST)
    block, out = Block.whole(stems, stems.sum(0)), np.zeros((2, LONGEST), np.float32)
    faders.mix(block, out)
    desk.set_mute("bass", True)
    desk.set_bypass(True)
    tracemalloc.start()
    try:
        for _ in range(20):
            faders.mix(block, out)
            desk.toggle_mute("other")
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 8192 and peak < 128 * 1024
