"""Programs of this computer, one after the other, while a session plays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from live_rig import wait_until

from rig.pipewire import PipeWire, Program
from rtsep.control.ends import Swap
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession
from rtsep.swaps.swaps import Swaps


def test_another_program_is_heard_and_the_first_one_goes_back(
    pipewire_server: PipeWire, live_session: Callable[..., LiveSession], tmp_path: Path
) -> None:
    hears = pipewire_server.hears
    with (
        Program(pipewire_server, tmp_path, "Spotify", node="song"),
        Program(pipewire_server, tmp_path, "mpv", node="film"),
    ):
        wait_until(lambda: hears("speakers") == {"song", "film"})
        session = live_session(audio=AudioRequest(input="app:spotify", output="speakers"))
        wait_until(lambda: hears("rtsep.spotify") == {"song"})
        swaps, pids = Swaps(session), session.pids
        assert {"app:Spotify", "app:mpv"} <= {end.name for end in swaps.choices().inputs}
        swaps.swap(Swap(input="app:mpv"))
        wait_until(lambda: not swaps.busy)
        assert swaps.count == 1, session.events.texts
        assert "input is now JACK: rtsep hears mpv" in session.events.texts[-1]
        wait_until(lambda: hears("rtsep.mpv") == {"film"} and "song" in hears("speakers"))
        assert hears("rtsep") == {"rtsep.mpv"} and session.pids == pids
        swaps.swap(Swap(input="app:nobody"))
        wait_until(lambda: not swaps.busy)
        assert "input stays JACK: rtsep hears mpv: no program plays" in session.events.texts[-1]
        wait_until(lambda: session.status().input_level.rms_db > -30)
        session.stop()
        wait_until(lambda: hears("speakers") == {"song", "film"})
