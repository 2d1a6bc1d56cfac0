"""The instant path in a session: its latency, what it knows, what happens around it."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from live_rig import RATE, VirtualSession, music

from rtsep.errors import ConfigError
from rtsep.live_session.shared import Layout, Shared, allocate
from rtsep.metrics import sdr
from rtsep.mixer.control import Control
from rtsep.mixer.desk import Desk
from rtsep.mixer.playout import FADE

SECONDS = 6.0


def desk_of(session: VirtualSession) -> Desk:
    return Desk(("drums", "bass", "other", "vocals"), session.shared.control, ("full", "instant"))


def notes(seconds: float) -> np.ndarray:
    """(2, n): a phrase of notes in all bands of the network, over and over."""
    phrase = music(1.0)
    gates = np.repeat(np.random.default_rng(3).random(8) > 0.4, RATE // 8)
    phrase = phrase[:, : gates.size] * (0.1 + 0.9 * gates)
    return np.tile(phrase, (1, int(seconds) + 1))[:, : round(seconds * RATE)].astype(np.float32)


@pytest.mark.parametrize("block", [64, 256, 1000])
@pytest.mark.parametrize(("asked", "frame"), [(0.023, 1024), (0.012, 512)])
def test_at_unity_the_input_comes_out_as_late_as_is_declared(
    block: int, asked: float, frame: int
) -> None:
    session = VirtualSession(block=block, instant=True, instant_delay=asked)
    desk_of(session).set_path("instant")
    audio = notes(2.0)
    played = session.run(audio)
    delay = session.layout.instant_delay
    assert delay == frame + max(block, 221)  # of which 5 ms, or a block, are for computing
    skipped = delay + 4096  # the crossfade to the path that was chosen
    np.testing.assert_allclose(
        played[:, skipped:], audio[:, skipped - delay : -delay], atol=1e-6, rtol=0
    )
    assert session.shared.counters.instant_late[0] == 0


def solo(session: VirtualSession, audio: np.ndarray, path: str) -> np.ndarray:
    """One stem alone, by what the session plays."""
    desk = desk_of(session)
    desk.set_solo("vocals", True)
    desk.set_path(path)
    return session.run(audio)


def test_it_learns_from_late_stems_what_the_sound_is_made_of() -> None:
    """The second half of a song that repeats itself, against what the engine says of it."""
    audio = notes(SECONDS)
    full, instant = (VirtualSession(instant=True) for _ in range(2))
    late = solo(full, audio, "full")[:, full.delay :]
    early = solo(instant, audio, "instant")[:, instant.layout.instant_delay :]
    stop = min(late.shape[1], early.shape[1])
    here = slice(stop // 2, stop)
    assert sdr(late[:, here], early[:, here]) > 10
    known = instant.shared.counters.instant_frames[0] * 512 / RATE
    assert SECONDS - 2 < known <= SECONDS


def test_it_goes_on_when_the_engine_stands_still() -> None:
    audio = notes(SECONDS)
    steady, stalled = (VirtualSession(instant=True) for _ in range(2))
    truth = solo(steady, audio, "full")[:, steady.delay :]
    desk = desk_of(stalled)
    desk.set_solo("vocals", True)
    desk.set_path("instant")
    half = audio.shape[1] // 2
    played = stalled.run(audio, stalled=lambda position: position > half)
    early = played[:, stalled.layout.instant_delay :]
    here = slice(half + RATE // 2, min(truth.shape[1], early.shape[1]))
    assert sdr(truth[:, here], early[:, here]) > 8
    assert stalled.shared.counters.instant_late[0] == 0


def concealed(policy: str) -> float:
    """SDR of what is heard instead of stems, with the engine standing still for half a second every
    second and a half."""
    audio = notes(9.0)
    steady, session = VirtualSession(), VirtualSession(instant=True)
    truth = solo_of(steady, audio)
    desk_of(session).set_policy(policy)
    stalls = lambda position: position > 4 * RATE and position % (3 * RATE // 2) < RATE // 2  # noqa: E731
    played = solo_of(session, audio, stalled=stalls)
    heard = np.zeros(audio.shape[1], bool)
    for position in range(4 * RATE, audio.shape[1], 256):
        heard[position : position + 256] = stalls(position - session.delay)
    assert session.callback._line.concealed > RATE
    return sdr(truth[:, heard], played[:, heard])


def solo_of(session: VirtualSession, audio: np.ndarray, **options: object) -> np.ndarray:
    desk_of(session).set_solo("vocals", True)
    return session.run(audio, **options)  # type: ignore[arg-type]


def test_it_conceals_better_than_the_last_balance() -> None:
    assert concealed("instant") > concealed("hold") + 1


def test_changing_the_path_fades_once_and_clicks_never() -> None:
    session = VirtualSession(instant=True)
    desk = desk_of(session)
    time = np.arange(round(4 * RATE)) / RATE
    audio = (0.3 * np.sin(2 * np.pi * 220 * time) * np.ones((2, 1))).astype(np.float32)
    places = {RATE: "instant", 2 * RATE: "full", 3 * RATE: "instant"}

    def move(position: int) -> None:
        for place, path in places.items():
            if place <= position < place + 256:
                desk.set_path(path)

    played = session.run(audio, before=move)
    settled = played[:, session.delay + 4096 :]
    own = float(np.abs(np.diff(audio)).max())
    assert np.abs(np.diff(settled)).max() < 1.1 * own + 2 * 0.3 / 1024
    assert session.callback._line.concealed == 0


def test_a_muted_stem_stays_muted_on_both_paths_and_between_them() -> None:
    audio = notes(4.0)
    session = VirtualSession(instant=True)
    desk = desk_of(session)
    for stem in desk.stems:
        desk.set_mute(stem, True)
    session.callback.faders.settle()
    desk.set_policy("instant")

    def move(position: int) -> None:
        desk.set_path("instant" if position // RATE % 2 else "full")

    played = session.run(audio, before=move, stalled=lambda position: position % RATE < RATE // 3)
    assert np.abs(played).max() < 1e-6


def test_a_successor_goes_on_with_an_empty_memory() -> None:
    session = VirtualSession(instant=True)
    desk_of(session).set_path("instant")
    audio = notes(4.0)

    def move(position: int) -> None:
        if 2 * RATE <= position < 2 * RATE + 256:
            session.new_instant()

    played = session.run(audio, before=move)
    delay = session.layout.instant_delay
    here = slice(3 * RATE, 4 * RATE)
    shifted = slice(here.start - delay, here.stop - delay)
    np.testing.assert_allclose(played[:, here], audio[:, shifted], atol=1e-6, rtol=0)


def test_what_stood_still_for_long_goes_on_with_the_newest_sound() -> None:
    """A process that was stopped for a second does not make up for it."""
    session = VirtualSession(instant=True)
    desk_of(session).set_path("instant")
    loop = session.instant
    assert loop is not None

    def move(position: int) -> None:
        session.instant = None if RATE <= position < 2 * RATE else loop

    hops = session.shared.counters.instant_hops
    session.run(notes(3.0), before=move)
    assert hops[0] * 512 < 2.2 * RATE
    assert session.shared.input.head - session.shared.instant.head <= 1024 + 512


def test_what_it_plays_is_all_of_the_sound_from_its_first_sample_on() -> None:
    """Also where it went on after a pause, and where a successor began."""
    session = VirtualSession(instant=True)
    loop, ring, sound = session.instant, session.shared.instant, session.shared.input
    assert loop is not None and ring is not None
    audio, seen = notes(3.0), []

    def look(position: int) -> None:
        session.instant = None if RATE <= position < 3 * RATE // 2 else session.instant or loop
        if 2 * RATE <= position < 2 * RATE + 256:
            session.new_instant()
        first, head = ring.readable()
        first = max(first, head - 2048)
        stems, dry = (
            np.zeros((8, head - first), np.float32),
            np.zeros((2, head - first), np.float32),
        )
        ring.read_into(first, stems)
        sound.read_into(first, dry)
        seen.append(float(np.abs(stems.reshape(4, 2, -1).sum(0) - dry).max(initial=0)))

    session.run(audio, before=look)
    assert ring.since > 2 * RATE - 1024
    assert max(seen) < 1e-6


@pytest.mark.parametrize("killed", [True, False])
def test_where_it_begins_anew_no_hop_of_silence_is_heard(killed: bool) -> None:
    """Its stems, each on outputs of its own, and what conceals their absence sum to the input,
    but for the fade where they end."""
    session = VirtualSession(instant=True, outputs=(0, 1, 2, 3))
    desk_of(session).set_path("instant")
    audio, loop = notes(3.0), session.instant

    def move(position: int) -> None:
        if not RATE <= position < 2 * RATE:
            session.instant = session.instant or loop
        elif not killed:
            session.instant = None
        elif position < RATE + 256:
            session.new_instant()

    played, delay = session.run(audio, before=move), session.layout.instant_delay
    summed = played.reshape(4, 2, -1).sum(0)
    differs = np.abs(summed[:, RATE:] - audio[:, RATE - delay : -delay]).max(0) > 1e-5
    assert session.callback._line.gaps > 0
    assert np.count_nonzero(differs) <= FADE


def test_a_new_audio_process_goes_on_with_the_path_that_is_heard() -> None:
    """Not by way of the other one, whose sound is another."""
    session = VirtualSession(instant=True)
    desk_of(session).set_path("instant")
    audio, delay = notes(3.0), session.layout.instant_delay

    def move(position: int) -> None:
        if 2 * RATE <= position < 2 * RATE + 256:
            session.new_callback(settle=True)

    played = session.run(audio, before=move)
    here = slice(2 * RATE - 4096, 2 * RATE + 4096)
    expected = audio[:, here.start - delay : here.stop - delay]
    np.testing.assert_allclose(played[:, here], expected, atol=1e-6, rtol=0)


def test_what_is_overwritten_while_it_is_read_is_not_learnt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine goes on writing, and comes round to where the path still reads."""
    session = VirtualSession(instant=True)
    loop, stems, learnt = session.instant, session.shared.stems, []
    assert loop is not None
    whole = stems.read_into

    def lapped(position: int, out: np.ndarray) -> tuple[int, int]:
        start, stop = whole(position, out)
        if position % (2 * loop._hop):
            return start, stop
        out[:, : loop._hop // 2] = 0
        return loop._hop // 2, stop

    monkeypatch.setattr(stems, "read_into", lapped)
    monkeypatch.setattr(loop._path, "learn", lambda position, stems: learnt.append(position))
    session.run(notes(1.0))
    assert len(learnt) > 20
    assert {position % (2 * loop._hop) for position in learnt} == {loop._hop}


def test_hops_that_nobody_made_are_late() -> None:
    session = VirtualSession(instant=True)
    loop = session.instant

    def move(position: int) -> None:
        session.instant = None if RATE <= position < 2 * RATE else loop

    session.run(notes(3.0), before=move)
    assert 80 <= session.shared.counters.instant_late[0] <= RATE / 512 + 2


def test_blocks_of_any_length_leave_nothing_out() -> None:
    session = VirtualSession(instant=True, block=8192)
    desk_of(session).set_path("instant")
    audio = notes(3.0)
    session.run(audio)
    counters = session.shared.counters
    assert counters.instant_hops[0] == audio.shape[1] // 512
    assert counters.instant_late[0] == session.callback._line.concealed == 0


def test_path_and_delay_belong_together_whenever_the_desk_moves() -> None:
    """The desk is another process, which may write between any two reads of the callback."""
    session = VirtualSession(instant=True)
    shared = session.shared
    pairs = {(shared.delay, 0), (shared.layout.instant_delay, 1)}

    class Flipping:
        looks = 0

        def __getitem__(self, index: int) -> int:
            self.looks += 1
            return self.looks % 2

    shared.control.path = Flipping()  # type: ignore[assignment]
    line, seen = session.callback._line, set()
    session.run(notes(0.5), before=lambda position: seen.add((line.delay, line._path)))
    assert seen <= pairs


@pytest.mark.parametrize(("stems", "rate"), [(4, 44_100), (6, 48_000), (4, 96_000)])
def test_the_shared_memory_is_large_enough_for_both_paths(stems: int, rate: int) -> None:
    Shared(allocate(get_context("spawn"), instant=True), a_layout(stems, rate))


def test_what_does_not_fit_says_so() -> None:
    with pytest.raises(ConfigError, match=r"6 stems at 192000 Hz.* beside the instant path.*lower"):
        Shared(allocate(get_context("spawn"), instant=True), a_layout(6, 192_000))


def a_layout(stems: int, rate: int) -> Layout:
    """Of a session that is two seconds late, the most there is."""
    session = VirtualSession(instant=True)
    return replace(session.layout, stems=stems, rate=rate, delay=2 * rate)


def test_the_desk_says_what_cannot_be() -> None:
    control: Control = VirtualSession().shared.control
    plain, both = (Desk(("a",), control, paths) for paths in (("full",), ("full", "instant")))
    with pytest.raises(ConfigError, match="this session has no instant path"):
        plain.set_path("instant")
    with pytest.raises(ConfigError, match="one of full, instant, got 'quick'"):
        both.set_path("quick")
    both.set_recording(True)
    with pytest.raises(ConfigError, match="cannot change in a recording"):
        both.set_path("instant")
