"""Another input, output or route while a session plays: one dip, no step, nothing lost."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from cli_support import db, sound
from live_rig import wait_until

from rig.server import Deck, JackServer, Stage, connections
from rtsep.control.ends import Swap
from rtsep.errors import ConfigError
from rtsep.files.places import Kind, Place
from rtsep.files.sources import SourceBlocks
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession
from rtsep.swaps import swaps as module
from rtsep.swaps.swaps import Swaps

Start = Callable[..., LiveSession]
Played = dict[str, np.ndarray]
RATE = 44_100
# A sine of the decks moves by so much in a sample, and a ramp of 4 ms by so much of it beside.
STEP = 2 * np.pi * (0.2 * 331.7 + 0.2 * 220) / RATE + 0.4 / (0.004 * RATE)
WINDOW = 256
BUDGET = 0.6  # seconds: what else runs on the machine makes no step late
FROM_ONE = AudioRequest(input="one", output="hall")
LAST = slice(-RATE // 2, None)


class Show:
    """A session on the stage, and its swaps."""

    def __init__(self, stage: Stage, session: LiveSession) -> None:
        self.stage, self.session, self.swaps = stage, session, Swaps(session)
        self.engine = session.pids["engine"]
        self.play_on()
        self.before = session.status()
        self.latency = self.before.latency_samples

    def swap(self, **swap: Any) -> str:
        """Wait until it is over; what was told."""
        told = len(self.session.events.texts)
        self.swaps.swap(Swap(**swap))
        wait_until(lambda: not self.swaps.busy)
        return "\n".join(self.session.events.texts[told:])

    def play_on(self) -> None:
        """Until what comes in now has been heard for a while."""
        end = self.session.seconds + self.session.milliseconds / 1000 + 0.7
        wait_until(lambda: self.session.seconds >= end)

    @property
    def late(self) -> int:
        """Hops."""
        return self.session.status().misses - self.before.misses

    def finish(self) -> Played:
        """The engine is the same as ever."""
        assert self.session.status().engine_restarts == 0
        assert self.session.pids["engine"] == self.engine
        played = self.stage.finish()
        self.session.stop()
        return played


Begin = Callable[..., Show]


@pytest.fixture
def begin(jack_server: JackServer, live_session: Start, tmp_path: Path) -> Iterator[Begin]:
    with ExitStack() as opened:

        def start(audio: AudioRequest = FROM_ONE, **changes: Any) -> Show:
            stage = opened.enter_context(Stage(jack_server, tmp_path))
            return Show(stage, live_session(audio=audio, budget=BUDGET, limiter=False, **changes))

        yield start


def undisturbed(
    scene: Callable[[], tuple[Show, Played]], *, in_time: bool = True
) -> tuple[Show, Played]:
    """Of a run in which others did not keep the machine so busy that blocks were lost. No hop is
    late, unless some were before anything was swapped; or not `in_time`, where a new process takes
    a second of a processor."""
    for _ in range(3):
        show, played = scene()
        if not (played["missing"] or show.session.status().xruns or show.late):
            break
    assert show.late == 0 or show.before.misses or not in_time
    return show, played


def dips(heard: np.ndarray) -> int:
    """Stretches of silence between sound."""
    count = heard.shape[1] // WINDOW * WINDOW
    quiet = np.abs(heard[:, :count]).max(0).reshape(-1, WINDOW).max(1) < 1e-4
    sounding = np.flatnonzero(~quiet)
    inside = quiet[sounding[0] : sounding[-1]]
    return int(np.count_nonzero(inside[1:] & ~inside[:-1]))


def largest_step(heard: np.ndarray, skip: int = 2000) -> float:
    """But for its beginning: a session begins wherever the music is."""
    begins = int(np.flatnonzero(heard.any(0))[0])
    return float(np.abs(np.diff(heard[:, begins + skip :])).max())


def error_db(source: np.ndarray, heard: np.ndarray, latency: int, part: slice = LAST) -> float:
    """How far what is heard is from what came so much earlier."""
    return db((heard[:, latency:] - source[:, : source.shape[1] - latency])[:, part])


def test_an_input_is_swapped_with_one_dip(begin: Begin, jack_server: JackServer) -> None:
    def scene() -> tuple[Show, Played]:
        show = begin()
        pids = show.session.pids
        told = show.swap(input="two")
        assert "input is now JACK: two, 1-2; the latency is" in told
        assert connections(jack_server, "rtsep:in_0") == {"two:out_1"}
        show.play_on()
        status = show.session.status()
        assert status.input == "JACK: two" and show.session.pids == pids
        assert status.latency_samples == show.latency and status.device_losses == 0
        return show, show.finish()

    show, played = undisturbed(scene)
    assert dips(played["hall"]) == 1 and largest_step(played["hall"]) < STEP
    assert error_db(played["two"], played["hall"], show.latency) < -90
    assert error_db(played["one"], played["hall"], show.latency) > -20


def test_an_output_is_swapped_with_one_dip(begin: Begin, tmp_path: Path) -> None:
    """A take that goes on meanwhile has no dip: what is recorded was not changed."""

    def scene() -> tuple[Show, Played]:
        show = begin(record_now=True)
        assert "output is now JACK: booth, mix=1-2" in show.swap(output="booth")
        show.play_on()
        return show, show.finish()

    show, played = undisturbed(scene)
    assert largest_step(played["hall"]) < STEP and largest_step(played["booth"], 0) < STEP
    assert dips(played["hall"] + played["booth"]) == 1
    assert np.abs(played["hall"][:, LAST]).max() == 0
    assert error_db(played["one"], played["booth"], show.latency) < -90
    mix = sound(sorted(tmp_path.glob("takes/*/mix.wav"))[-1])
    assert dips(mix) == 0 and largest_step(mix) < STEP


def test_a_route_is_swapped_with_one_dip(begin: Begin) -> None:
    def scene() -> tuple[Show, Played]:
        show = begin()
        told = show.swap(routes=("mix=2", "drums=1"))
        assert "output is now JACK: hall, mix=2 drums=1" in told
        show.session.desk.set_mute("drums", True)
        show.session.desk.set_mute("drums", False)
        show.play_on()
        return show, show.finish()

    show, played = undisturbed(scene)
    assert dips(played["hall"]) == 1 and largest_step(played["hall"][1:]) < STEP
    assert error_db(played["one"][1:], played["hall"][1:], show.latency) < -90
    assert error_db(played["one"][:1], played["hall"][:1], show.latency) > -60  # drums alone


def test_headphones_come_and_go(begin: Begin) -> None:
    """By a splitter cable: the second channel of the room."""

    def scene() -> tuple[Show, Played]:
        show = begin()
        desk, pids = show.session.desk, show.session.pids
        with pytest.raises(ConfigError, match="no cue"):
            desk.set_pfl_input(True)
        assert "output is now JACK: hall, mix=1 cue=2" in show.swap(routes=("mix=1", "cue=2"))
        show.play_on()
        assert show.session.status().cue_level.peak_db == -np.inf
        desk.set_pfl_input(True)
        show.play_on()
        assert show.session.status().cue_level.peak_db > -20
        assert show.swaps.now.routes == ("mix=1", "cue=2")
        show.swap(routes=("mix=1-2",))
        assert not desk.has_cue and show.session.pids == pids
        show.play_on()
        return show, show.finish()

    show, played = undisturbed(scene)
    assert dips(played["hall"][:1]) == 2 and largest_step(played["hall"]) < STEP
    assert dips(played["hall"][1:]) == 2  # until something was prelistened to, and the last swap
    assert error_db(played["one"], played["hall"], show.latency) < -90


def test_a_song_that_is_paused_goes_on_in_another_room(begin: Begin, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, (30 * RATE, 2))
    soundfile.write(tmp_path / "song.wav", noise, RATE)
    song = SourceBlocks(Place(Kind.FILE, str(tmp_path / "song.wav")))
    show = begin(AudioRequest(input=None, output="hall"), source=song)
    transport = show.session.desk.transport
    transport.play(False)
    wait_until(lambda: show.session.status().mix_level.peak_db == -np.inf)
    at = transport.status.position
    assert "output is now JACK: booth, mix=1-2" in show.swap(output="booth")
    assert transport.status.position == at and not transport.status.playing
    assert "output is now JACK: booth, mix=1 drums=2" in show.swap(routes=("mix=1", "drums=2"))
    transport.play(True)
    show.play_on()
    assert transport.status.position > at
    played = show.finish()
    assert np.abs(played["hall"][:, LAST]).max() == 0 < np.abs(played["booth"][:, LAST]).max()


def test_twenty_swaps_in_a_row(begin: Begin) -> None:
    def scene() -> tuple[Show, Played]:
        show = begin()
        pids = show.session.pids
        for turn in range(20):
            show.swap(input=("two", "one")[turn % 2])
        assert show.session.status().swaps == 20 and show.session.pids == pids
        show.play_on()
        return show, show.finish()

    show, played = undisturbed(scene)
    assert dips(played["hall"]) == 20 and largest_step(played["hall"]) < STEP
    assert error_db(played["one"], played["hall"], show.latency) < -90


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"input": "three"}, "input stays JACK: one: no input device 'three'"),
    ({"input_channels": "3-4"}, "input stays JACK: one: input channels 3-4 are out of range"),
    ({"routes": ("voice=1-2",)}, "output stays JACK: hall: route voice=1-2 names no stem"),
    ({"input": "rtsep"}, "input stays JACK: one: rtsep would hear itself"),
)


def test_what_is_not_there_is_refused_and_disturbs_nothing(begin: Begin) -> None:
    def scene() -> tuple[Show, Played]:
        show = begin()
        for swap, reason in REFUSED:
            told = show.swap(**swap)
            assert reason in told and "\n" not in told
        show.play_on()
        return show, show.finish()

    show, played = undisturbed(scene)
    assert dips(played["hall"]) == 0 and largest_step(played["hall"]) < STEP
    assert error_db(played["one"], played["hall"], show.latency) < -90


def test_what_goes_wrong_in_the_middle_is_taken_back(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, jack_server: JackServer
) -> None:
    """The deck was there when it was looked for, and is not any more."""

    def find(*request: Any) -> module.Sides:
        sides = real(*request)
        assert sides.input
        return replace(sides, input=replace(sides.input, name="three"))

    real = module.find
    monkeypatch.setattr(module, "find", find)

    def scene() -> tuple[Show, Played]:
        show = begin()
        told = show.swap(input="two")
        assert "input stays JACK: one: three has 0 outputs on the JACK server" in told
        assert connections(jack_server, "rtsep:in_0") == {"one:out_1"}
        show.play_on()
        return show, show.finish()

    show, played = undisturbed(scene)
    assert dips(played["hall"]) == 1 and largest_step(played["hall"]) < STEP
    assert error_db(played["one"], played["hall"], show.latency) < -90


@pytest.mark.parametrize("name", ["one", "two"])
def test_more_channels_than_are_open_are_opened(begin: Begin, tmp_path: Path, name: str) -> None:
    """Of the same device by the same process, of another one by another. The take goes on, and has
    the length of the session's time."""

    def scene() -> tuple[Show, Played]:
        show = begin(AudioRequest(input="one", input_channels="1", output="hall"), record_now=True)
        audio = show.session.pids["audio"]
        told = show.swap(input=name, input_channels="1-2")
        assert f"input is now JACK: {name}, 1-2; the latency is" in told
        assert (show.session.pids["audio"] == audio) == (name == "one")
        assert show.session.status().device_losses == 0
        show.play_on()
        assert show.session.status().latency_samples == show.latency
        return show, show.finish()

    show, played = undisturbed(scene, in_time=name == "one")
    assert largest_step(played["hall"]) < STEP
    assert error_db(played[name], played["hall"], show.latency) < -90
    folder = sorted(tmp_path.glob("takes/take-*"))[-1]
    heard, recorded = sound(folder / "mix.wav"), sound(folder / "input.wav")
    assert largest_step(heard) < STEP and largest_step(recorded) < STEP
    assert abs(heard.shape[1] - show.session.seconds * RATE) < 2 * show.latency
    assert heard.shape == recorded.shape


@pytest.mark.parametrize("beside", [True, False])
def test_devices_that_do_not_open_leave_those_before(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    """With the present ones open beside them, and with those closed before."""
    monkeypatch.setattr(Swaps, "_on_jack", beside)
    monkeypatch.setattr(module, "in_place", lambda *_: None)

    def scene() -> tuple[Show, Played]:
        show = begin()
        session = show.session
        start, pids = session.new_audio, session.pids
        monkeypatch.setattr(
            session, "new_audio", lambda request: start(replace(request, samplerate=22_050))
        )
        told = show.swap(input="two")
        assert "input stays JACK: one: 22050 Hz is refused; they take, in Hz:" in told
        show.play_on()
        assert session.pids == pids and session.status().state == "running"
        return show, show.finish()

    show, played = undisturbed(scene, in_time=False)
    assert (dips(played["hall"]) == 0) == beside and largest_step(played["hall"]) < STEP
    assert error_db(played["one"], played["hall"], show.latency) < -90


def test_a_session_that_lost_its_device_finds_what_was_swapped_to(
    begin: Begin, jack_server: JackServer
) -> None:
    show = begin()
    show.swap(input="two")
    os.kill(show.session.pids["audio"], signal.SIGKILL)
    wait_until(lambda: show.session.status().device_losses == 1)
    wait_until(lambda: show.session.status().state == "running")
    wait_until(lambda: connections(jack_server, "rtsep:in_0") == {"two:out_1"})


def test_what_is_connected_by_hand_stays_at_the_side_that_is_not_swapped(
    begin: Begin, jack_server: JackServer
) -> None:
    """Also where another process opens other ports."""
    show = begin(AudioRequest(input="one", input_channels="1", output="hall"))
    wire = ["jack_connect", "-s", jack_server.name, "rtsep:out_0", "booth:in_1"]
    subprocess.run(wire, env=jack_server.env, check=True)
    wait_until(lambda: ("rtsep:out_0", "booth:in_1") in show.session.wiring.known.wires)
    assert "input is now JACK: two, 1-2" in show.swap(input="two", input_channels="1-2")
    ours = show.session.device.client
    wait_until(lambda: connections(jack_server, "booth:in_1") == {f"{ours}:out_0"})
    assert connections(jack_server, f"{ours}:out_0") == {"hall:in_1", "booth:in_1"}
    assert connections(jack_server, f"{ours}:in_0") == {"two:out_1"}


def test_a_deck_that_was_gone_stays_away_from_another_input(
    begin: Begin, jack_server: JackServer
) -> None:
    with Deck(jack_server, "deck") as deck:
        show = begin(AudioRequest(input="deck", output="hall"))
        deck.quit()
        wait_until(lambda: any("deck is gone" in text for text in show.session.events.texts))
        show.swap(input="one")
        with Deck(jack_server, "deck"):
            show.play_on()
            assert connections(jack_server, "rtsep:in_0") == {"one:out_1"}


def test_a_file_that_is_played_to_nobody_gets_a_room(begin: Begin) -> None:
    show = begin(AudioRequest(input=None, output=None))
    with pytest.raises(ConfigError, match="a file is played"):
        show.swaps.swap(Swap(input="one"))
    with pytest.raises(ConfigError, match="a swap needs"):
        show.swaps.swap(Swap())
    assert show.swaps.now.output == ""
    assert "output is now JACK: hall, mix=1-2" in show.swap(output="hall")
    show.play_on()
    assert np.abs(show.stage.finish()["hall"]).max() > 0.01
    assert show.session.pids["engine"] == show.engine


def test_one_at_a_time_and_none_when_it_is_over(begin: Begin) -> None:
    show = begin()
    show.swaps.swap(Swap(input="two"))
    with pytest.raises(ConfigError, match="another swap is not over yet"):
        show.swaps.swap(Swap(input="one"))
    show.session.stop()  # in its middle
    with pytest.raises(ConfigError, match="nothing can be swapped now: stopped"):
        show.swaps.swap(Swap(input="one"))


def test_what_there_is_to_choose_from(begin: Begin) -> None:
    show = begin()
    choices = show.swaps.choices()
    inputs = {end.name: end.channels for end in choices.inputs}
    assert inputs["JACK: one"] == inputs["JACK: two"] == 2
    assert {"JACK: hall", "JACK: booth"} <= {end.name for end in choices.outputs}
    assert "JACK: rtsep" not in {end.name for end in (*choices.inputs, *choices.outputs)}
