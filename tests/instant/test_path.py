"""The instant path alone: late stems are given to it as they would come, no network runs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from rtsep.errors import ConfigError
from rtsep.instant.path import InstantPath
from rtsep.instant.settings import InstantSettings
from rtsep.metrics import sdr

RATE = 44_100
AGE = 12_288  # samples that stems are late


def new_path(
    hop: int = 512, stems: int = 2, channels: int = 2, seconds: float = 20.0
) -> InstantPath:
    settings = InstantSettings(
        stems=stems, channels=channels, sample_rate=RATE, hop=hop, capacity_seconds=seconds
    )
    return InstantPath(settings)


def song(seconds: float, channels: int = 2, seed: int = 0) -> np.ndarray:
    """(2 stems, channels, samples): tones that change every quarter second, and bursts of noise in
    other places. Both repeat every second."""
    rng = np.random.default_rng(seed)
    time = np.arange(RATE) / RATE
    pitches = np.repeat(rng.choice([220.0, 330.0, 440.0, 550.0, 660.0], 4), RATE // 4)
    tones = sum(np.sin(2 * np.pi * k * pitches * time) / k for k in (1, 2, 3, 4)) * 0.1
    bursts = rng.standard_normal(RATE) * 0.2 * np.exp(-((time * 3) % 1) * 12)
    pans = np.linspace(0.4, 1, channels)
    once = np.stack((tones * pans[:, None], bursts * pans[::-1, None]))
    return np.tile(once, (1, 1, int(np.ceil(seconds))))[..., : int(seconds * RATE)].astype("f4")


def play(path: InstantPath, stems: np.ndarray, age: int = AGE, piece: int = 4096) -> np.ndarray:
    """Stems of the instant path, whose true ones come `age` samples late in pieces. Its own delay
    is taken away: what it says of a sample is in the sample's place."""
    hop, mix, out = path.settings.hop, stems.sum(0), []
    begin, known = path.position, 0
    for end in range(hop, mix.shape[1] + 1, hop):
        until = max(end - age, 0) // piece * piece
        if until > known:
            path.learn(begin + known, stems[..., known:until])
            known = until
        out.append(path.process(mix[:, end - hop : end]).copy())
    return np.concatenate(out, -1)[..., hop:]


def quality(
    estimate: np.ndarray, stems: np.ndarray, since: float, until: float | None = None
) -> float:
    part = slice(int(since * RATE), int(until * RATE) if until else estimate.shape[-1])
    pairs = zip(stems[..., part], estimate[..., part], strict=True)
    return float(np.mean([sdr(truth, made) for truth, made in pairs]))


@pytest.mark.parametrize("hop", [256, 512])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_what_repeats_is_taken_apart_at_once(hop: int, channels: int) -> None:
    stems = song(5, channels)
    estimate = play(new_path(hop, channels=channels), stems)
    assert quality(estimate, stems, 2.0) > 15
    assert quality(estimate, stems, 0.0, 0.2) < 6  # nothing was known then


@pytest.mark.parametrize("hop", [256, 512])
def test_stems_null_against_the_sound(hop: int) -> None:
    stems = song(4)
    stems /= np.abs(stems.sum(0)).max()
    estimate = play(new_path(hop), stems)
    missing = estimate.sum(0) - stems.sum(0)[:, : estimate.shape[-1]]
    assert 20 * np.log10(np.abs(missing).max()) < -120


def test_an_impulse_comes_out_a_hop_later() -> None:
    path = new_path()
    sound = np.zeros((2, 8 * 512), np.float32)
    sound[:, 1000] = 1
    out = [path.process(sound[:, at : at + 512]).sum(0) for at in range(0, 8 * 512, 512)]
    expected = np.zeros_like(sound)
    expected[:, 1000 + 512] = 1
    np.testing.assert_allclose(np.concatenate(out, -1), expected, atol=1e-6)
    assert path.latency_samples == 1024  # with the hop that is collected first


def test_a_quiet_repeat_is_a_repeat() -> None:
    stems = song(6)
    stems[..., 4 * RATE :] *= 0.1
    assert quality(play(new_path(), stems), stems, 4.5) > 12


def test_another_song_is_known_soon() -> None:
    """A second and what stems are late, after the change; the old song stays known."""
    first, second = song(6, seed=1), song(4, seed=2)
    stems = np.concatenate((first, second, first), -1)
    estimate = play(new_path(), stems)
    alone = play(new_path(), second)
    assert quality(estimate, stems, 8.0, 10.0) > quality(alone, second, 2.0) - 1
    assert quality(estimate, stems, 10.1, 11.0) > 12


def test_it_plays_on_when_no_stems_come_any_more() -> None:
    path, stems = new_path(), song(4)
    play(path, stems)
    out, mix = [], stems.sum(0)
    for at in range(0, 3 * RATE // 512 * 512, 512):
        out.append(path.process(mix[:, at : at + 512]).copy())
    assert quality(np.concatenate(out, -1)[..., 512:], stems, 0.2) > 15


def test_a_full_memory_learns_on() -> None:
    """Two seconds fit in; what comes after ten seconds of another song is known nevertheless."""
    stems = np.concatenate((song(10, seed=1), song(4, seed=2)), -1)
    path = new_path(seconds=2.0)
    before = path.memory.nbytes
    estimate = play(path, stems)
    assert len(path.memory) == path.memory.capacity
    assert path.memory.nbytes == before
    assert quality(estimate, stems, 12.0) > 12


def test_broken_sound_is_silence_and_harms_nothing_after_it() -> None:
    stems = song(5)
    broken = stems.copy()
    broken[0, 0, 60_000:60_100], broken[1, 1, 70_000] = np.nan, np.inf
    estimate = play(new_path(), broken)
    assert np.isfinite(estimate).all()
    assert quality(estimate, stems, 3.0) > 15


def test_broken_stems_are_not_learned() -> None:
    path, stems = new_path(), song(5)
    mix, out = stems.sum(0), []
    late = stems.copy()
    late[0, :, ::2000] = np.nan  # in every frame
    for at in range(0, 3 * RATE // 512 * 512, 512):
        out.append(path.process(mix[:, at : at + 512]).copy())
        path.learn(at, late[..., at : at + 512])
    assert np.isfinite(out).all()
    assert len(path.memory) == 0


def test_silence_is_silent_and_takes_no_memory() -> None:
    path = new_path()
    out = play(path, np.zeros((2, 2, 3 * RATE), np.float32))
    assert not out.any()
    assert len(path.memory) == 0


def test_pieces_of_any_size_are_the_same_to_it() -> None:
    stems, paths = song(3), (new_path(), new_path())
    mix = stems.sum(0)
    for at in range(0, 2 * RATE // 512 * 512, 512):
        for path in paths:
            path.process(mix[:, at : at + 512])
    rng, at = np.random.default_rng(1), 0
    paths[0].learn(0, stems[..., :60_000])
    while at < 60_000:
        count = min(int(rng.integers(0, 3000)), 60_000 - at)
        paths[1].learn(at, stems[..., at : at + count])
        at += count
    outs = [path.process(mix[:, :512]).copy() for path in paths]
    np.testing.assert_array_equal(*outs)
    assert len(paths[0].memory) == len(paths[1].memory) > 100


def test_a_gap_in_the_stems_is_left_out() -> None:
    path, stems = new_path(), song(3)
    for at in range(0, 2 * RATE // 512 * 512, 512):
        path.process(stems.sum(0)[:, at : at + 512])
    path.learn(0, stems[..., :20_480])
    before = len(path.memory)
    path.learn(30_720, stems[..., 30_720:51_200])  # its first three frames reach into the gap
    assert (before, len(path.memory)) == (40, 40 + 40 - 3)


def test_stems_of_what_is_long_forgotten_or_has_not_come_are_passed_over() -> None:
    path, stems = new_path(), song(6)
    path.learn(0, stems[..., :4096])  # before any sound
    assert len(path.memory) == 0
    for at in range(0, 6 * RATE // 512 * 512, 512):
        path.process(stems.sum(0)[:, at : at + 512])
    path.learn(4096, stems[..., 4096:8192])
    assert len(path.memory) == 0


def test_reset_equals_fresh() -> None:
    path, stems = new_path(), song(3)
    first = play(path, stems)
    path.reset()
    np.testing.assert_array_equal(play(path, stems), first)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hop": 1024}, "must be 256 or 512 samples, got 1024"),
        ({"stems": 0}, "stems must be at least 1, got 0"),
        ({"capacity_seconds": 0.5}, "has no 96 frames; lengthen it"),
    ],
)
def test_settings_that_do_not_fit(changes: dict[str, float], message: str) -> None:
    settings = {"stems": 4, "channels": 2, "sample_rate": RATE} | changes
    with pytest.raises(ConfigError, match=message):
        InstantSettings(**settings)  # type: ignore[arg-type]


def test_a_process_of_its_own_needs_no_torch() -> None:
    code = "import rtsep.instant.path, sys; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_warm_up_leaves_nothing_behind() -> None:
    fresh, warm = new_path(), new_path()
    warm.warm_up()
    sound = np.random.default_rng(8).standard_normal((2, 8 * 512)).astype(np.float32)
    for block in np.split(sound, 8, 1):
        np.testing.assert_array_equal(warm.process(block), fresh.process(block))
    assert len(warm.memory) == 0 and warm.position == fresh.position
