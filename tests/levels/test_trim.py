"""The trim of the input: exact where it rests, without a click where it moves, and ahead of all."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_rig import BandNetwork, VirtualSession, music
from stem_songs import song, write_song

from rtsep.config import StreamSpec
from rtsep.errors import ConfigError
from rtsep.live_session.callback import MIX, Callback
from rtsep.live_session.shared import SHARED_BYTES, Layout, Shared
from rtsep.live_session.true_stems_loop import TrueStemsLoop
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.faders import RAMP_SECONDS
from rtsep.mixer.levels import db_to_gain, knob_to_trim, trim_to_knob
from rtsep.mixer.trim import Trim
from rtsep.stem_files.reading import StemSource, look_into

RATE, LONGEST = 44_100, 1024
STEMS = BandNetwork().stems
OUTPUTS = (MIX, 0, 1, 2, 3)


def a_trim(db: float = 0.0) -> tuple[Desk, Trim]:
    desk, control = local_desk(STEMS)
    desk.set_trim(db)
    return desk, Trim(control, RATE, LONGEST)


def trimmed(trim: Trim, sound: np.ndarray, cuts: list[int] | None = None) -> np.ndarray:
    out = sound.copy()
    marks = sorted({0, *(cuts or []), *range(0, sound.shape[1], LONGEST), sound.shape[1]})
    for start, stop in pairwise(marks):
        trim.process(out[:, start:stop])
    return out


def test_at_0_db_nothing_is_touched() -> None:
    sound = np.array([[0.3, -0.0, 1e-42, 1.7]], np.float32)
    _, trim = a_trim()
    np.testing.assert_array_equal(trimmed(trim, sound).view(np.uint32), sound.view(np.uint32))


@pytest.mark.parametrize("db", [-20.0, -3.5, 6.0, 20.0])
def test_it_begins_where_the_knob_is(db: float) -> None:
    sound = music(0.1)
    _, trim = a_trim(db)
    np.testing.assert_array_equal(trimmed(trim, sound), sound * np.float32(db_to_gain(db)))


@given(cuts=st.lists(st.integers(1, 4095), max_size=10), db=st.floats(-20, 20))
@settings(max_examples=30, deadline=None)
def test_a_turn_is_a_ramp_whatever_the_blocks(cuts: list[int], db: float) -> None:
    """As smooth as that of a fader, and exactly there at the end."""
    sound = np.ones((1, 4096), np.float32)
    desk, trim = a_trim()
    trimmed(trim, sound)
    desk.set_trim(db)
    curve = trimmed(trim, sound, cuts)[0]
    other_desk, whole = a_trim()
    other_desk.set_trim(db)
    np.testing.assert_allclose(curve, trimmed(whole, sound)[0], rtol=1e-6)
    steepest = (1 - math.exp(-1 / (RAMP_SECONDS * RATE))) * abs(db_to_gain(db) - 1)
    assert np.abs(np.diff(curve, prepend=1)).max() <= steepest + 1.1e-5  # where it snaps
    assert curve[-1] == np.float32(db_to_gain(db))


def test_the_knob_is_linear_in_decibels_and_catches_in_the_middle() -> None:
    assert [knob_to_trim(knob) for knob in (0.0, 0.25, 0.5, 0.75, 1.0)] == [-20, -10, 0, 10, 20]
    assert [knob_to_trim(step / 127) for step in (63, 64)] == [0, 0]  # of a controller
    assert knob_to_trim(62 / 127) < -0.4 and knob_to_trim(65 / 127) > 0.4
    for db in (-20, -7.3, 0, 12.5, 20):
        assert knob_to_trim(trim_to_knob(db)) == pytest.approx(db)


@pytest.mark.parametrize("db", [20.1, -20.1, math.inf, -math.inf, math.nan])
def test_what_is_no_trim(db: float) -> None:
    desk, _ = a_trim(3.0)
    with pytest.raises(ConfigError, match=r"the trim must be -20 to \+20 dB, got"):
        desk.set_trim(db)
    assert desk.trim_db == pytest.approx(3)


def test_it_is_undone_but_belongs_to_no_scene_no_preset_and_no_reset() -> None:
    """It fits the source that plays now."""
    desk, _ = a_trim()
    now = 0.0
    desk._history._clock = lambda: now
    desk.store_scene(1)
    desk.set_trim(6)
    desk.set_gain("bass", -3)
    desk.recall_scene(1, 0)
    desk.apply_preset("acapella")
    desk.reset()
    assert desk.trim_db == pytest.approx(6) and desk.fader("bass").gain_db == 0
    now = 10.0
    desk.set_trim(7)
    desk.set_trim(8)
    assert desk.undo() == "trim" and desk.trim_db == pytest.approx(6)


def test_a_hand_may_turn_it_while_a_scene_fades_in() -> None:
    desk, _ = a_trim()
    desk.set_gain("bass", -10)
    desk.store_scene(1)
    desk.set_gain("bass", 0)
    desk.recall_scene(1, 30)
    desk.set_trim(5)
    desk.set_trim(6)
    assert desk.undo() == "trim" and desk.trim_db == 0
    desk.recall_scene(1, 0)
    assert desk.fader("bass").gain_db == pytest.approx(-10)


Turn = Callable[[Desk, int], None]


def played(turn: Turn, audio: np.ndarray) -> tuple[VirtualSession, np.ndarray]:
    session = VirtualSession(outputs=OUTPUTS)
    desk = Desk(STEMS, session.shared.control)
    turn(desk, -1)
    session.new_callback(settle=True)
    return session, session.run(audio, before=lambda at: turn(desk, at))


def test_everything_hears_the_trimmed_input() -> None:
    """Engine, stems, mix, tape and meters, as if that had come from the device."""
    audio = 0.4 * music(1.5)
    turned, heard = played(lambda desk, at: desk.set_trim(6.0), audio)
    louder, expected = played(lambda desk, at: None, audio * np.float32(db_to_gain(6.0)))
    np.testing.assert_array_equal(heard, expected)
    assert turned.shared.meters.input == louder.shared.meters.input
    assert turned.shared.meters.stems == louder.shared.meters.stems
    tapes = [np.empty((12, RATE), np.float32) for _ in range(2)]
    for session, tape in zip((turned, louder), tapes, strict=True):
        session.shared.tape.read_into(0, tape)
    np.testing.assert_array_equal(*tapes)


def test_a_b_is_as_loud_as_the_mix_and_stems_sum_to_it_while_it_turns() -> None:
    audio = music(1.5)

    def turn(desk: Desk, at: int) -> None:
        desk.set_trim(-20.0 if at // (1 << 14) % 2 else 3.0)

    mixed = played(turn, audio)[1]

    def compared(desk: Desk, at: int) -> None:
        desk.set_bypass(True)
        turn(desk, at)

    np.testing.assert_array_equal(mixed[:2], played(compared, audio)[1][:2])
    np.testing.assert_allclose(mixed[2:].reshape(4, 2, -1).sum(0), mixed[:2], atol=1e-6)


def test_a_successor_begins_with_the_trim_where_it_is() -> None:
    session, _ = played(lambda desk, at: desk.set_trim(-12.0), music(0.5))
    session.new_callback(settle=True)
    audio = music(0.2)
    session.run(audio)
    newest = np.empty_like(audio)
    session.shared.input.read_into(session.shared.input.head - audio.shape[1], newest)
    np.testing.assert_array_equal(newest, audio * np.float32(db_to_gain(-12.0)))


def test_broken_input_stays_harmless() -> None:
    audio = music(0.5)
    audio[:, 5000:5010] = np.nan
    audio[:, 6000] = 3e38
    session, heard = played(lambda desk, at: desk.set_trim(20.0), audio)
    assert np.isfinite(heard).all() and session.shared.counters.sanitized[0] == 22


def test_true_stems_are_trimmed_as_their_master_is(tmp_path: Path) -> None:
    """Each by itself: what is left over is not handed out among them."""
    path, block = tmp_path / "song.stem.mp4", 256
    write_song(path, song(30_000), codec="alac")
    spec = StreamSpec(window=1024, hop=1024, lookahead=0, crossfade=0, frame=1024, sample_rate=RATE)
    layout = Layout(
        spec=spec, stems=4, channels=2, rate=RATE, delay=512, longest_block=block, true_stems=True
    )
    shared = Shared(bytearray(SHARED_BYTES), layout)
    shared.begin()
    with StemSource(look_into(path), RATE) as source:
        truth, master = (np.concatenate(one, -1) for one in zip(*source.pieces(RATE), strict=True))
    desk = Desk(STEMS, shared.control)
    callback = Callback(shared, lambda: None, feed=True, outputs=(*range(4), MIX))
    callback.faders.settle()
    engine, outputs = TrueStemsLoop(shared), []
    assert shared.feed_stems and shared.trim
    shared.feed_stems.write(truth.reshape(8, -1))
    shared.feed.write(master)
    for number in range(80):
        desk.set_trim(-8.0 if number // 20 % 2 else 2.0)
        out = np.zeros((10, block), np.float32)
        callback(None, out, block)
        engine.work()
        outputs.append(out)
    heard = np.concatenate(outputs, 1)[:, 512:]
    count = heard.shape[1]
    gain = np.empty((1, count), np.float32)
    shared.trim.read_into(0, gain)
    assert gain.min() == np.float32(db_to_gain(-8.0)) and gain.max() == np.float32(db_to_gain(2.0))
    np.testing.assert_allclose(
        heard[:8].reshape(4, 2, -1), truth[..., :count] * gain, rtol=0, atol=2e-5
    )
    np.testing.assert_allclose(heard[8:], master[:, :count] * gain, rtol=0, atol=2e-6)
