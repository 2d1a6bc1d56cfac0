"""JACK servers with any period: sound comes as late as declared, and hops are in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from cli_support import db
from live_rig import music, wait_until

from rig.server import JackServer, Player, running_jack, set_period
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession

Start = Callable[..., LiveSession]
FEW = 0.02  # of the hops, which a busy machine may take from any program
LOOKED_AT = 100  # hops


@contextmanager
def server_of(period: int) -> Iterator[JackServer]:
    """Also for the processes of a session."""
    with running_jack(period=period) as server, pytest.MonkeyPatch.context() as patch:
        for key, value in server.env.items():
            patch.setenv(key, value)
        yield server


def begun(live_session: Start, delay: float) -> LiveSession:
    """As `--latency instant` asks for it: blocks of 256, where one has the choice."""
    return live_session(
        audio=AudioRequest(input="system", output="system", blocksize=256),
        instant=True, instant_delay=delay, path="instant", policy="instant",
    )  # fmt: skip


def late_share(session: LiveSession) -> float:
    """Of the next hops, or of the ones after those where others kept the machine busy."""

    def counts() -> np.ndarray:
        counters = session.shared.counters
        return np.array([counters.instant_late[0], counters.instant_hops[0]])

    for _ in range(3):
        before = counts()
        wait_until(lambda before=before: counts()[1] >= before[1] + LOOKED_AT)
        late, hops = counts() - before
        if late <= FEW * hops:
            break
    return float(late / hops)


def heard_after(server: JackServer, session: LiveSession, folder: Path) -> int:
    """Samples from playing a song to hearing it, whole, on the path of the session."""
    song = music(0.5)
    for _ in range(3):
        capture = Player(server, folder, song, seconds=1.2, client="rtsep").finish()
        latency = session.status().latency_samples
        heard = capture.audio[:, latency : latency + song.shape[1]]
        if db(heard - song) < -90:  # at unity all stems sum to the input
            return latency
    spectrum = np.fft.rfft(capture.audio[0]) * np.conj(np.fft.rfft(song[0], capture.audio.shape[1]))
    return int(np.fft.irfft(spectrum).argmax())


def queue_of(session: LiveSession) -> int:
    (queue,) = (part.samples for part in session.latency if part.name == "queue")
    return queue


@pytest.mark.parametrize(("period", "delay"), [(64, 0.023), (1024, 0.012), (2048, 0.023)])
def test_both_paths_keep_time(
    period: int, delay: float, live_session: Start, tmp_path: Path
) -> None:
    with server_of(period) as server:
        session = begun(live_session, delay)
        assert late_share(session) <= FEW
        assert queue_of(session) == session.status().blocksize == period
        assert heard_after(server, session, tmp_path) == session.status().latency_samples
        told = " ".join(session.events.texts)
        advice = f"period is {period} samples, not 256, which costs {(period - 256) / 44.1:.0f} ms"
        assert (advice in told) == (period > 256) == ("-p 256" in told)
        session.desk.set_path("full")
        wait_until(lambda: any("the full path" in event for event in session.events.texts))
        assert queue_of(session) == period
        assert heard_after(server, session, tmp_path) == session.status().latency_samples
        session.stop()


def test_a_period_that_becomes_longer_is_followed(live_session: Start, tmp_path: Path) -> None:
    """As PipeWire's does when a client that asked for a short one ends."""
    with server_of(128) as server:
        session = begun(live_session, 0.012)
        before = session.full_latency
        set_period(server, 1024)
        wait_until(lambda: queue_of(session) == 1024)
        assert "period is 1024 samples now, not 128: the latency is 18 ms longer" in " ".join(
            session.events.texts
        )
        assert late_share(session) <= FEW
        assert heard_after(server, session, tmp_path) == session.status().latency_samples
        total = sum(part.samples for part in session.full_latency)
        assert total == sum(part.samples for part in before) + 1024 - 128
        set_period(server, 256)  # what is heard does not move
        assert late_share(session) <= FEW
        assert queue_of(session) == 1024
        assert heard_after(server, session, tmp_path) == session.status().latency_samples
        session.stop()
