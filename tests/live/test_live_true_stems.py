"""A stem file live: its true stems under the faders, where its master is, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stem_songs import example, song, write_song

from rtsep.config import StreamSpec
from rtsep.errors import AudioFileError, ConfigError
from rtsep.files.places import Kind, Place
from rtsep.files.sources import SourceBlocks
from rtsep.live_session.callback import MIX, Callback
from rtsep.live_session.messages import AudioRequest, TrueStemsRequest
from rtsep.live_session.recorder import RecordSpec
from rtsep.live_session.request import live
from rtsep.live_session.session import LiveSession
from rtsep.live_session.shared import SHARED_BYTES, Layout, Shared
from rtsep.live_session.spec import LiveSpec
from rtsep.live_session.true_stems_loop import TrueStemsLoop
from rtsep.stem_files.reading import StemSource, look_into

RATE, BLOCK, DELAY = 44_100, 256, 512


class Played:
    """A callback that is fed a file's master, and the loop that has its stems, block by block."""

    def __init__(self, path: Path, rate: int = RATE) -> None:
        spec = StreamSpec(
            window=1024, hop=1024, lookahead=0, crossfade=0, frame=1024, sample_rate=RATE
        )
        layout = Layout(
            spec=spec, stems=4, channels=2, rate=rate, delay=DELAY, longest_block=BLOCK,
            true_stems=True,
        )  # fmt: skip
        self.shared = Shared(bytearray(SHARED_BYTES), layout)
        self.shared.begin()
        with StemSource(look_into(path), rate) as source:
            pieces = list(source.pieces(RATE))
        self.truth, self.master = (np.concatenate(one, -1) for one in zip(*pieces, strict=True))
        self._callback = Callback(self.shared, lambda: None, feed=True, outputs=(0, 1, 2, 3, MIX))
        self._callback.faders.settle()
        self.engine = TrueStemsLoop(self.shared)
        self.outputs: list[np.ndarray] = []

    def feed(self, samples: int) -> None:
        """As much of the file, over and over, into the feed's rings."""
        assert self.shared.feed_stems
        here = range(self.shared.feed.head, self.shared.feed.head + samples)
        stems = np.take(self.truth, here, -1, mode="wrap")
        self.shared.feed_stems.write(stems.reshape(8, -1))
        self.shared.feed.write(np.take(self.master, here, 1, mode="wrap"))

    def play(self, blocks: int, *, engine: bool = True) -> None:
        for _ in range(blocks):
            out = np.zeros((10, BLOCK), np.float32)
            self._callback(None, out, BLOCK)
            if engine:
                self.engine.work()
            self.outputs.append(out)

    def again(self) -> None:
        """Another process takes over."""
        self.engine = TrueStemsLoop(self.shared)

    def heard(self) -> tuple[np.ndarray, np.ndarray]:
        """(4, 2, n) and (2, n), without the delay."""
        whole = np.concatenate(self.outputs, 1)[:, DELAY:]
        return whole[:8].reshape(4, 2, -1), whole[8:]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stems") / "song.stem.mp4"
    write_song(path, song(60_000), codec="alac")
    return path


@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_stems_lie_where_the_master_is(path: Path, rate: int) -> None:
    played = Played(path, rate)
    played.feed(40_000)
    played.play(100)
    stems, mix = played.heard()
    count = mix.shape[1]
    np.testing.assert_allclose(mix, played.master[:, :count], atol=1e-6)
    np.testing.assert_allclose(stems, played.truth[..., :count], atol=1e-5)
    assert not played.shared.counters.starved[0]


def test_a_feed_that_was_late_moves_both(path: Path) -> None:
    played = Played(path)
    played.feed(10 * BLOCK + 100)
    played.play(14)  # 3 blocks and 156 samples of silence
    played.feed(40_000)
    played.play(60)
    stems, mix = played.heard()
    assert played.shared.counters.starved[0] == 3 * BLOCK + 156
    gap = slice(10 * BLOCK + 100, 14 * BLOCK)
    for heard, truth in ((mix, played.master), (stems, played.truth)):
        assert not heard[..., gap].any()
        np.testing.assert_allclose(heard[..., : gap.start], truth[..., : gap.start], atol=1e-5)
        after = heard[..., gap.stop :]
        there = truth[..., gap.start :][..., : after.shape[-1]]
        np.testing.assert_allclose(after, there, atol=1e-5)


def test_another_process_goes_on_at_the_same_place(path: Path) -> None:
    played = Played(path)
    played.feed(40_000)
    played.play(40)
    played.play(20, engine=False)  # it is gone; the policy plays
    played.again()
    played.play(40)
    stems, mix = played.heard()
    np.testing.assert_allclose(mix, played.master[:, : mix.shape[1]], atol=1e-5)
    after = slice(64 * BLOCK, None)
    np.testing.assert_allclose(
        stems[..., after], played.truth[..., : mix.shape[1]][..., after], atol=1e-5
    )
    assert played.shared.counters.concealed[0] > 0


def test_over_and_over(path: Path) -> None:
    played = Played(path)
    for _ in range(4):
        played.feed(40_000)
        played.play(150)
    stems, mix = played.heard()
    count = mix.shape[1]
    assert count > 2 * 60_000
    truth = np.take(played.truth, range(count), -1, mode="wrap")
    np.testing.assert_allclose(stems, truth, atol=1e-5)
    np.testing.assert_allclose(mix, truth.sum(0), atol=1e-5)


def test_silence_behind_the_end(path: Path) -> None:
    played = Played(path)
    played.feed(40_000)
    played.play(150)
    played.feed(20_000)
    played.shared.counters.feed_ended[0] = True
    played.play(120)
    stems, mix = played.heard()
    assert not mix[:, 60_000:].any() and not stems[..., 60_000:].any()
    np.testing.assert_allclose(stems[..., :60_000], played.truth, atol=1e-5)


def until(true: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


class Quiet:
    def phase(self, text: str) -> None:
        """Not needed."""

    def notice(self, text: str) -> None:
        """Not needed."""

    def progress(self, label: str, done: int, total: int) -> None:
        """Not needed."""


def test_a_session_survives_the_process_that_reads_stems(path: Path, tmp_path: Path) -> None:
    place = Place(Kind.FILE, str(path))
    spec = LiveSpec(
        engine=TrueStemsRequest(path=path),
        audio=AudioRequest(input=None, output=None),
        source=SourceBlocks(place, loop=True, stream=0),
        record=RecordSpec(folder=tmp_path / "takes"),
    )
    with LiveSession(spec, Quiet()) as session:
        assert session.desk.stems == ("drums", "bass", "other", "vocals")
        until(lambda: session.status().steps > 20)
        os.kill(session.pids["engine"], signal.SIGKILL)
        until(lambda: "the engine is back" in " ".join(session.status().events))
        steps = session.status().steps
        until(lambda: session.status().steps > steps + 20)
        assert not any("streams" in event for event in session.status().events)


@pytest.mark.parametrize("trim_db", [0, -6])
def test_the_command_plays_it_without_a_network(path: Path, tmp_path: Path, trim_db: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rtsep", "--input", str(path), "--output", str(tmp_path / "out"),
         "--pace", "realtime", "--ui", "off", "--midi", "off", "--json", "--no-limiter",
         "--mute", "vocals", "--trim", str(trim_db), "--cache", str(tmp_path / "cache")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["model"] == "true stems" and told["device"] == "song.stem.mp4"
    with StemSource(look_into(path)) as source:
        pieces = list(source.pieces(RATE))
    stems = 10 ** (trim_db / 20) * np.concatenate([one for one, _ in pieces], -1)
    vocals = soundfile.read(tmp_path / "out" / "vocals.wav", dtype="float32")[0].T
    if not told["concealed"]["samples"]:  # a machine under load may have been late
        np.testing.assert_allclose(vocals, stems[3], atol=1e-5)
        mix = soundfile.read(tmp_path / "out" / "mix.wav", dtype="float32")[0].T
        np.testing.assert_allclose(mix, stems[:3].sum(0), atol=1e-5)
    assert not (tmp_path / "cache").exists()


def test_a_session_is_recorded_into_a_stem_file(path: Path, tmp_path: Path) -> None:
    recorded = tmp_path / "take.stem.mp4"
    place = Place(Kind.FILE, str(path))
    spec = LiveSpec(
        engine=TrueStemsRequest(path=path),
        audio=AudioRequest(input=None, output=None),
        source=SourceBlocks(place, stream=0),
        record=RecordSpec(folder=tmp_path / "takes", first=str(recorded)),
        record_now=True,
    )
    with LiveSession(spec, Quiet()) as session:
        until(session.finished.is_set)
        events = session.status().events
    assert session.recorder.files == [recorded]
    assert not any("went into other" in event for event in (*events, *session.events.texts))
    with StemSource(look_into(recorded)) as source:
        pieces = list(source.pieces(RATE))
    read = np.concatenate([stems for stems, _ in pieces], -1)
    assert abs(read.shape[-1] - 60_000) < RATE // 10  # a machine under load may add silence
    for one, stem in zip(read, song(60_000), strict=True):
        assert abs(np.std(one) / np.std(stem) - 1) < 0.1


def test_in_python_it_is_the_same() -> None:
    assert isinstance(live(str(example()), "null").spec.engine, TrueStemsRequest)
    assert not isinstance(
        live(str(example()), "null", latency=0.3).spec.engine, TrueStemsRequest
    )  # who asks for a latency wants a network


def test_a_wrong_file_is_told_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    soundfile.write(tmp_path / "song.wav", np.zeros((900, 2)), RATE)
    (tmp_path / "song.wav").rename(path)
    with pytest.raises(AudioFileError, match="not a stem file"):
        live(str(path), "null")
    with pytest.raises(ConfigError, match="input-channels"):
        from rtsep.files.sources import check_stem_file

        check_stem_file(Place(Kind.FILE, str(example())), (0,))
