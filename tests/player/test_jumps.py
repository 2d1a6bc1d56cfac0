"""Where a transport leads, sample by sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deck import BLOCK, DELAY, RATE, Deck, Start, find, ramp, write
from stem_songs import song, write_song

from rtsep.player.course import FADE

SONG = ramp(4 * RATE)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("song") / "song.wav", SONG)


def jump_of(deck: Deck, before: int) -> tuple[int, int]:
    """Where in what was fed the only jump lies after `before`, and to which sample of the song."""
    fed = deck.fed
    start = find(fed[:, before : before + BLOCK], SONG)
    same = (fed[:, before:] == SONG[:, start : start + fed.shape[1] - before]).all(0)
    at = before + int(np.flatnonzero(~same)[0])
    return at, find(fed[:, at + FADE : at + FADE + BLOCK], SONG) - FADE


def test_straight_on_it_is_the_song(deck: Start, path: Path) -> None:
    playing = deck(path)
    playing.play(RATE)
    count = playing.fed.shape[1]
    np.testing.assert_array_equal(playing.fed, SONG[:, :count])
    np.testing.assert_array_equal(playing.heard[:, DELAY:], SONG[:, : count - DELAY])


@pytest.mark.parametrize("target", [3.0, 0.25, 0.0])
def test_a_jump_is_true_to_the_sample_and_has_no_gap(
    deck: Start, path: Path, target: float
) -> None:
    playing = deck(path)
    playing.play(RATE)
    playing.transport.seek(target)
    playing.turn()
    playing.play(RATE // 2)
    at, place = jump_of(playing, BLOCK)
    assert place == round(target * RATE)
    assert 0 < at - RATE < 0.06 * RATE
    before = SONG[:, at : at + FADE]
    after = SONG[:, place : place + FADE]
    down = np.arange(FADE, 0, -1, dtype=np.float32) / (FADE + 1)
    faded = playing.fed[:, at : at + FADE]
    np.testing.assert_allclose(faded, after + down * (before - after), atol=1e-6)
    # heard as late as everything: nothing was lost on the way
    np.testing.assert_array_equal(playing.heard[:, DELAY:], playing.fed[:, :-DELAY])
    assert not playing.shared.counters.starved[0]


def test_steps_back_and_forth_keep_the_time(deck: Start, path: Path) -> None:
    playing = deck(path)
    playing.play(2 * RATE)
    for _ in range(2):  # at once, like a hand that presses twice
        playing.transport.skip(-0.5)
    playing.turn()
    playing.play(RATE // 2)
    at, place = jump_of(playing, BLOCK)
    assert place == at - RATE


def test_the_position_is_that_of_what_is_heard(deck: Start, path: Path) -> None:
    playing = deck(path)
    playing.play(RATE)
    fed = playing.fed.shape[1]
    status = playing.transport.status
    assert status.position * RATE == pytest.approx(fed - DELAY, abs=1)
    assert (status.title, status.song, status.songs, status.length) == ("song", 1, 1, 4.0)
    playing.transport.seek(3.0)
    playing.turn()
    while (jumped := playing.shared.marks.done[0]) == 0:
        playing.play(BLOCK)
    assert jumped and playing.transport.status.position < 1.1  # what was before is heard still
    playing.play(DELAY + BLOCK)
    assert 3.0 <= playing.transport.status.position < 3.0 + (DELAY + 2 * BLOCK) / RATE


def test_a_pause_stops_time_and_goes_on_with_the_next_sample(deck: Start, path: Path) -> None:
    playing = deck(path)
    playing.play(RATE)
    playing.transport.play(False)
    playing.play(RATE)
    stood = playing.fed.shape[1]
    assert stood - RATE < 0.06 * RATE and not playing.heard[:, -RATE // 2 :].any()
    assert not playing.transport.status.playing
    assert playing.shared.meters.mix.peak_db == -np.inf
    before = playing.transport.status.position
    playing.play(RATE)
    assert playing.fed.shape[1] == stood and playing.transport.status.position == before
    playing.transport.play(True)
    playing.play(RATE)
    np.testing.assert_array_equal(playing.fed, SONG[:, : playing.fed.shape[1]])
    assert playing.fed.shape[1] > stood
    again = playing.heard[:, -RATE // 2 :]
    assert find(again[:, :BLOCK], SONG) >= 0  # as loud as before


def test_a_pause_does_not_click(deck: Start, tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 100 * np.arange(4 * RATE) / RATE)
    playing = deck(write(tmp_path / "tone.wav", np.stack([tone, tone])))
    for on in (False, True):
        playing.play(RATE)
        playing.transport.play(on)
    playing.play(RATE)
    steepest = np.abs(np.diff(playing.heard[0, DELAY + BLOCK :])).max()
    assert steepest < 1.5 * 0.5 * 2 * np.pi * 100 / RATE


def test_a_jump_in_a_pause_is_what_is_heard_first(deck: Start, path: Path) -> None:
    playing = deck(path)
    playing.play(RATE)
    playing.transport.play(False)
    playing.play(RATE // 2)
    for target in (0.5, 2.0):  # the last one counts
        playing.transport.seek(target)
        playing.turn()
        playing.play(2 * BLOCK)
        assert playing.transport.status.position == target
    stood, heard = playing.fed.shape[1], playing.heard.shape[1]
    playing.transport.play(True)
    playing.play(RATE)
    np.testing.assert_array_equal(
        playing.fed[:, stood:], SONG[:, 2 * RATE :][:, : playing.fed.shape[1] - stood]
    )
    after = playing.heard[:, heard:]
    assert not after[:, : DELAY - BLOCK].any()  # nothing of what was in the pipeline
    later = after[:, DELAY + RATE // 10 :]  # behind the fade
    assert find(later[:, :BLOCK], SONG) == 2 * RATE + RATE // 10


def test_a_loop_is_as_long_as_its_points_are_apart(deck: Start, path: Path) -> None:
    playing = deck(path)
    playing.play(RATE)
    playing.transport.loop_in()
    start = round(playing.transport.status.position * RATE)
    playing.turn()
    playing.play(RATE // 4)
    end = round(playing.transport.status.position * RATE)
    playing.transport.loop_out()
    playing.turn()
    playing.play(RATE)
    status = playing.transport.status
    assert status.looping and [status.loop_in, status.loop_out] == [start / RATE, end / RATE]
    turn = end - start
    last = playing.fed[:, -3 * turn :]
    np.testing.assert_array_equal(last[:, turn:], last[:, :-turn])  # no sample more or less
    body = SONG[:, start + FADE : end]
    assert find(body[:, :BLOCK], last[:, :]) >= 0
    at = find(body[:, :BLOCK], last)
    np.testing.assert_array_equal(last[:, at : at + body.shape[1]], body)
    # over the seam what would have come fades out
    down = np.arange(FADE, 0, -1, dtype=np.float32) / (FADE + 1)
    seam = last[:, at - FADE : at] if at >= FADE else last[:, at + turn - FADE : at + turn]
    into, tail = SONG[:, start : start + FADE], SONG[:, end : end + FADE]
    np.testing.assert_allclose(seam, into + down * (tail - into), atol=1e-6)
    # the first turn came in time: as if it had begun at the end of the loop
    first = find(playing.fed[:, -BLOCK:], np.tile(SONG[:, start:end], 8))
    assert (playing.fed.shape[1] - BLOCK - start) % turn == first % turn


def test_a_loop_that_is_left_goes_on_behind_it(deck: Start, path: Path) -> None:
    playing = deck(path)
    playing.play(RATE // 2)
    playing.transport.loop_in()
    playing.turn()
    playing.play(RATE // 4)
    playing.transport.loop_out()
    playing.turn()
    playing.play(RATE)
    before = playing.fed.shape[1]
    playing.transport.loop(False)
    playing.turn()
    playing.play(2 * RATE)
    after = playing.fed[:, before + RATE // 10 :]
    at = find(after[:, :BLOCK], SONG)
    assert at >= 0
    count = min(after.shape[1], SONG.shape[1] - at)
    np.testing.assert_array_equal(after[:, :count], SONG[:, at : at + count])
    assert not playing.transport.status.looping


def test_a_whole_song_turns_without_a_seam(deck: Start, tmp_path: Path) -> None:
    short = ramp(RATE + 123, seed=4)
    playing = deck(write(tmp_path / "short.wav", short))
    playing.transport.loop(True)
    playing.turn()
    playing.play(3 * RATE)
    whole = np.tile(short, 3)[:, : playing.fed.shape[1]]
    np.testing.assert_array_equal(playing.fed, whole)


@pytest.mark.parametrize("what", ["seek", "speed"])
def test_an_order_that_is_late_is_followed_all_the_same(deck: Start, path: Path, what: str) -> None:
    playing = deck(path)
    playing.play(RATE)
    if what == "seek":
        playing.transport.seek(3.0)
    else:
        playing.transport.set_speed(0.5)
    publish = playing.lane.marks.order
    late: list[object] = []

    def order(cut: object) -> None:
        if not late:  # the callback runs on before it hears of it
            late.append(cut)
            playing.play(RATE // 4, feeds=False)
        publish(cut)  # type: ignore[arg-type]

    playing.lane.marks.order = order  # type: ignore[method-assign]
    playing.turn()
    playing.play(RATE // 2)
    assert playing.shared.marks.missed[0] == 1
    if what == "seek":
        assert jump_of(playing, BLOCK)[1] == 3 * RATE
    else:
        assert playing.transport.status.position < (RATE + 0.62 * RATE) / RATE
    assert not playing.shared.counters.starved[0]


def test_at_the_end_it_ends_and_an_order_brings_it_back(deck: Start, path: Path) -> None:
    playing = deck(path)
    playing.transport.seek(3.5)
    playing.turn()
    playing.play(RATE // 4)
    assert playing.lane.marks.end_of(playing.shared.feed.head) is not None
    playing.play(RATE)  # behind the end
    assert playing.shared.counters.feed_ended[0] and not playing.shared.counters.starved[0]
    assert not playing.heard[:, -BLOCK:].any()
    playing.transport.seek(1.0)
    playing.turn()
    assert not playing.shared.counters.feed_ended[0]
    playing.play(RATE)
    assert find(playing.fed[:, -BLOCK:], SONG) > RATE


def test_true_stems_jump_with_their_master(deck: Start, tmp_path: Path) -> None:
    truth = song(3 * RATE)
    path = tmp_path / "song.stem.mp4"
    write_song(path, truth, codec="alac")
    playing = deck(path, stems=True)
    playing.play(RATE)
    playing.transport.seek(2.0)
    playing.turn()
    playing.play(RATE // 2)
    heard = playing.heard[:, DELAY:]
    stems, mix = heard[:8].reshape(4, 2, -1), heard[8:]
    np.testing.assert_allclose(stems.sum(0), mix, atol=1e-5)
    np.testing.assert_allclose(stems[..., : RATE // 2], truth[..., : RATE // 2], atol=1e-5)
    count = BLOCK
    last = stems[..., -count:]
    place = RATE * 2 + playing.heard.shape[1] - DELAY - count  # and the jump's own place
    errors = [
        np.abs(truth[:, :, at : at + count] - last).max()
        for at in range(2 * RATE, 2 * RATE + RATE // 2)
        if at + count < truth.shape[2]
    ]
    assert min(errors) < 1e-5 and place
