"""Stems where they came in time, the policy where not; counted, and never a click between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixer_support import STEMS, Line, largest_step, noise, tones

from rtsep.config import POLICIES
from rtsep.mixer.conceal import ratios_of
from rtsep.mixer.control import Control
from rtsep.mixer.desk import local_desk

SAMPLES = 12000
FADE = 64  # samples that a crossfade takes
Heard = tuple[np.ndarray, np.ndarray]
Gaps = list[tuple[int, int]]


def play(line: Line, gaps: Gaps, block: int, stop: int = SAMPLES) -> Heard:
    """Blocks up to `stop`; the engine delivers just in time, except for the gaps."""
    stems, mixes = [], []
    while line.position < stop:
        count = min(block, stop - line.position)
        deliver(line, gaps, line.position + count)
        played, mix = line.play(count)
        stems.append(played)
        mixes.append(mix)
    return np.concatenate(stems, -1), np.concatenate(mixes, -1)


def deliver(line: Line, gaps: Gaps, until: int) -> None:
    """Write what is missing up to `until` and lies in no gap."""
    at = line.stems.head
    for start, stop in sorted(gaps):
        if at < min(start, until):
            line.deliver(at, min(start, until))
        at = max(at, min(stop, until))
    if at < until:
        line.deliver(at, until)


def new_line(stems: np.ndarray, control: Control | None = None) -> Line:
    line = Line(stems, control or local_desk(STEMS)[1])
    line.ratios.publish(ratios_of(stems))
    return line


def covered(line: Line, gaps: Gaps, block: int) -> np.ndarray:
    """Which samples may differ from the stems: gaps, the blocks around them and the fades.

    A ring that has got what follows a gap no longer shows what was before it.
    """
    near = np.zeros(SAMPLES, bool)
    for start, stop in gaps:
        near[max(start - block - FADE, 0) : stop + 2 * block + FADE] = True
    return near


def own_step(line: Line) -> float:
    """Of the input, plus a crossfade between signals that have nothing in common."""
    return 1.1 * largest_step(line.input) + 2 * float(np.abs(line.input).max()) / FADE


@pytest.mark.parametrize("block", [1, 64, 256, 1000])
def test_stems_in_time_are_played_as_they_are(block: int) -> None:
    line = new_line(noise(4000 + 4096))
    stems, mix = play(line, [], block, 4000)
    np.testing.assert_array_equal(stems, line.truth[..., :4000])
    np.testing.assert_array_equal(mix, line.input[:, :4000])
    assert line.playout.concealed == line.playout.gaps == 0


def test_before_the_session_there_is_silence_which_lacks_nothing() -> None:
    line = new_line(noise(8000))
    line.position = -1000
    stems, mix = play(line, [], 256, 3000)
    assert not stems[..., :1000].any() and not mix[:, :1000].any()
    np.testing.assert_array_equal(stems[..., 1000:], line.truth[..., :3000])
    np.testing.assert_array_equal(mix[:, 1000:], line.input[:, :3000])
    assert line.playout.concealed == line.playout.gaps == 0


@pytest.mark.parametrize("known", [False, True])
def test_an_engine_that_is_late_at_the_very_start(known: bool) -> None:
    line = new_line(noise(8000))
    line.position = -100
    if known:  # it has given up on the beginning
        line.stems.skip_to(700)
    stems, _ = play(line, [(0, 700)], 256, 3000)
    assert not stems[..., : 100 - FADE].any()
    assert line.playout.gaps == 1 and line.playout.concealed == 700 + 2 * FADE
    np.testing.assert_array_equal(stems[..., 2000:], line.truth[..., 1900:3000])


@pytest.mark.parametrize(("count", "channels"), [(1, 2), (6, 2), (4, 1)])
@pytest.mark.parametrize("policy", POLICIES)
def test_any_number_of_stems_and_channels(policy: str, count: int, channels: int) -> None:
    truth = 0.5 * noise(8000 + 4096, count)[:, :channels]
    desk, control = local_desk([str(number) for number in range(count)])
    desk.set_policy(policy)
    line = new_line(truth, control)
    stems, mix = play(line, [(3000, 5000)], 256, 8000)
    outside = np.r_[0:2700, 5400:8000]
    np.testing.assert_array_equal(stems[..., outside], truth[..., outside])
    expected = 0 * line.input if policy == "silence" else line.input
    np.testing.assert_allclose(mix[:, 3100:4900], expected[:, 3100:4900], rtol=0, atol=1e-6)


def test_blocks_may_get_longer() -> None:
    """The newest samples before a gap came in several blocks."""
    desk, control = local_desk(STEMS, mute=["vocals"])
    desk.set_policy("silence")
    line = new_line(tones(SAMPLES + 4096), control)
    heard = [play(line, [(3000, 5000)], *how)[0] for how in ((15, 3000), (256, 6000))]
    assert largest_step(np.concatenate(heard, -1)) < own_step(line)


GAPS = [
    pytest.param([(3072, 6144)], id="at block boundaries"),
    pytest.param([(3000, 6200)], id="within blocks"),
    pytest.param([(3072 + 5, 6144 - 5)], id="close to boundaries"),
    pytest.param([(3072 - 5, 6144 + 5)], id="just beyond boundaries"),
    pytest.param([(3600, 3700)], id="within one block"),
    pytest.param([(3000, 3001)], id="one sample"),
    pytest.param([(3000, 3100), (3150, 3250), (3400, 3800)], id="several in one block"),
    pytest.param([(3072, 4096), (4200, 5000), (5020, 7000)], id="short returns"),
]


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("block", [32, 64, 200, 256, 1024])
@pytest.mark.parametrize("policy", POLICIES)
def test_no_click_and_all_else_exact(policy: str, block: int, gaps: Gaps) -> None:
    desk, control = local_desk(STEMS, mute=["vocals"], gains_db={"bass": -6})
    desk.set_policy(policy)
    line = new_line(tones(SAMPLES + 4096), control)
    stems, mix = play(line, gaps, block)
    fade = min(block, FADE)
    assert largest_step(mix) < own_step(line) * FADE / fade
    assert largest_step(stems) < own_step(line) * FADE / fade
    elsewhere = ~covered(line, gaps, block)
    np.testing.assert_array_equal(stems[..., elsewhere], line.truth[..., :SAMPLES][..., elsewhere])
    missing = sum(stop - start for start, stop in gaps)
    assert missing <= line.playout.concealed <= (~elsewhere).sum()
    assert 1 <= line.playout.gaps <= len(gaps)


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 2000)), max_size=4),
    blocks=st.lists(st.sampled_from([64, 100, 256, 777, 1024]), min_size=1, max_size=5),
    policies=st.lists(st.sampled_from(POLICIES), min_size=1, max_size=4),
)
def test_any_gaps_blocks_and_policies(
    gaps: list[tuple[int, int]], blocks: list[int], policies: list[str]
) -> None:
    """The policy may change at any block. Nothing clicks, and after the last gap all is exact."""
    desk, control = local_desk(STEMS, mute=["drums"])
    line = new_line(tones(SAMPLES + 4096), control)
    spans = [(start, start + length) for start, length in gaps]
    stems, mixes, number = [], [], 0
    while line.position < SAMPLES - 1024:
        desk.set_policy(policies[number % len(policies)])
        part = play(line, spans, block := blocks[number % len(blocks)], line.position + block)
        stems.append(part[0])
        mixes.append(part[1])
        number += 1
    played, mix = np.concatenate(stems, -1), np.concatenate(mixes, -1)
    assert np.isfinite(mix).all()
    assert max(largest_step(mix), largest_step(played)) < own_step(line)
    end = slice(9100, played.shape[-1])
    np.testing.assert_array_equal(played[..., end], line.truth[..., end])
    assert (line.playout.concealed > 0) == (line.playout.gaps > 0) == bool(gaps)


def gap_heard(policy: str, stems: np.ndarray, **desk_settings: object) -> tuple[Line, Heard, slice]:
    """A gap of 3000 samples under a policy, and where it is in full effect."""
    desk, control = local_desk(STEMS, **desk_settings)  # type: ignore[arg-type]
    desk.set_policy(policy)
    line = new_line(stems, control)
    return line, play(line, [(4000, 7000)], 256), slice(4000 + FADE, 7000)


@pytest.mark.parametrize("policy", ["hold", "dry"])
@pytest.mark.parametrize("block", [64, 256, 1024])
def test_at_unity_a_gap_is_not_heard_at_all(policy: str, block: int) -> None:
    desk, control = local_desk(STEMS)
    desk.set_policy(policy)
    line = new_line(noise(SAMPLES + 4096), control)
    mix = play(line, [(3000, 5000), (6144, 7168)], block)[1]
    np.testing.assert_allclose(mix, line.input[:, :SAMPLES], rtol=0, atol=2e-7)
    assert line.playout.gaps == 2


def test_hold_keeps_the_balance_that_was_asked_for() -> None:
    """A muted vocal does not come back: what is heard is close to the mix without it."""
    line, (stems, mix), gap = gap_heard("hold", tones(SAMPLES + 4096), mute=["vocals"])
    instrumental = line.truth[:3, :, gap].sum(0)
    vocals = line.truth[3][:, gap]
    residue = mix[:, gap] - instrumental
    assert np.sum(residue**2) < 0.1 * np.sum(vocals**2)  # dry would be 1
    np.testing.assert_allclose(stems[..., gap].sum(0), line.input[:, gap], rtol=0, atol=1e-6)


def test_hold_without_any_shares_plays_no_stem_on_its_own() -> None:
    """Before the engine's first result nothing is known of what is in the input."""
    control = local_desk(STEMS, mute=["vocals"])[1]
    line = Line(noise(SAMPLES + 4096), control)
    stems, mix = play(line, [(0, 4000)], 256)
    assert not stems[..., FADE:4000].any() and not mix[:, FADE:4000].any()


def test_dry_is_the_delayed_input_whatever_the_faders_say() -> None:
    line, (stems, mix), gap = gap_heard("dry", noise(SAMPLES + 4096), mute=STEMS)
    np.testing.assert_array_equal(mix[:, gap], line.input[:, gap])
    assert not stems[..., gap].any()


def test_silence_is_silence_even_at_unity() -> None:
    line, (stems, mix), gap = gap_heard("silence", noise(SAMPLES + 4096))
    assert not mix[:, gap].any() and not stems[..., gap].any()
    after = slice(gap.stop + 256 + FADE, SAMPLES)
    np.testing.assert_array_equal(mix[:, after], line.input[:, after])


def test_bypass_does_not_care_about_gaps() -> None:
    desk, control = local_desk(STEMS)
    desk.set_policy("silence")
    desk.set_bypass(True)
    line = new_line(noise(SAMPLES + 4096), control)
    mix = play(line, [(3000, 6000)], 256)[1]
    np.testing.assert_array_equal(mix, line.input[:, :SAMPLES])


def test_the_policy_can_be_changed_during_a_gap() -> None:
    desk, control = local_desk(STEMS, mute=["vocals"])
    line = new_line(tones(SAMPLES + 4096), control)
    mixes = []
    for stop, policy in ((5000, "hold"), (7000, "silence"), (9000, "dry")):
        desk.set_policy(policy)
        mixes.append(play(line, [(4000, 9000)], 250, stop)[1])
    mix = np.concatenate(mixes, 1)
    assert mix[:, 4100:5000].any() and not mix[:, 5000 + FADE : 7000].any()
    np.testing.assert_array_equal(mix[:, 7000 + FADE :], line.input[:, 7000 + FADE : 9000])
    assert largest_step(mix) < own_step(line) and line.playout.gaps == 1


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_counts_as_missing(damage: float) -> None:
    control = local_desk(STEMS, mute=["vocals"])[1]
    line = new_line(tones(SAMPLES + 4096), control)
    line.truth[2, 1, 5000] = damage
    stems, mix = play(line, [], 256)
    assert np.isfinite(stems).all() and np.isfinite(mix).all()
    assert line.playout.gaps == 1 and line.playout.concealed == 256 + FADE
    assert largest_step(mix) < own_step(line)


def test_stems_that_come_after_their_time_are_not_heard() -> None:
    """The engine stalls, then writes what is due by now and what was due before."""
    line = new_line(tones(SAMPLES + 4096))
    play(line, [(3000, SAMPLES)], 250, 5000)
    line.deliver(3000, 6000)
    stems = play(line, [(6000, SAMPLES)], 250, 5500)[0]
    np.testing.assert_array_equal(stems[..., FADE:], line.truth[..., 5000 + FADE : 5500])


def test_a_held_gap_has_the_shares_from_when_it_began() -> None:
    """New shares within a gap would make a step between blocks."""
    control = local_desk(STEMS, solo=["vocals"])[1]
    line = new_line(tones(SAMPLES + 4096), control)
    first = play(line, [(3000, SAMPLES)], 250, 5000)[1]
    line.ratios.publish(ratios_of(tones(SAMPLES)[::-1]))
    second = play(line, [(3000, SAMPLES)], 250, 7000)[1]
    mix = np.concatenate((first, second), 1)
    vocals = line.truth[3][:, 5000:7000]
    assert np.sum((mix[:, 5000:] - vocals) ** 2) < 0.1 * np.sum(vocals**2)
    assert largest_step(mix) < own_step(line)


def test_desk_is_obeyed_during_a_gap() -> None:
    desk, control = local_desk(STEMS)
    line = new_line(tones(SAMPLES + 4096), control)
    play(line, [(3000, SAMPLES)], 250, 5000)
    for stem in STEMS:
        desk.set_mute(stem, True)
    mix = play(line, [(3000, SAMPLES)], 250, 10000)[1]
    assert not mix[:, 4000:].any() and largest_step(mix) < own_step(line)
