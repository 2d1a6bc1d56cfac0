"""Devices that come and go: told, waited for, heard again, in the time that the session shows."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import jack
import pytest
from cli_support import finish
from live_rig import wait_until
from test_live_command import alive, children

from rig.server import Deck, JackServer, activate, connections, running_jack, wait_for_ports
from rtsep.control.plain import status_line
from rtsep.control.text import clock
from rtsep.live_session.devices import _count
from rtsep.live_session.messages import AudioRequest, DeviceReady
from rtsep.live_session.session import LiveSession
from rtsep.live_session.shared import Counters
from rtsep.ring.arena import Arena
from rtsep.status import LiveStatus

Start = Callable[..., LiveSession]
TONE_DB = -12.0  # of a deck, as the input's meter shows it


def told(session: LiveSession, text: str) -> bool:
    return any(text in event for event in session.status().events)


def heard(session: LiveSession) -> bool:
    return abs(session.status().input_level.rms_db - (TONE_DB - 3)) < 1


def silent(status: LiveStatus) -> bool:
    levels = (status.input_level, status.mix_level, *status.stem_levels)
    return all(level.peak_db == level.rms_db == -math.inf for level in levels)


def test_clients_that_quit_are_told_and_heard_again(
    jack_server: JackServer, live_session: Start
) -> None:
    """The session plays on meanwhile: no device is lost, no process is started again."""
    booth = "booth:in_1"
    with Deck(jack_server, "deck") as deck, Deck(jack_server, "booth") as output:
        session = live_session(audio=AudioRequest(input="deck", output="booth"))
        wait_until(lambda: heard(session) and bool(connections(jack_server, booth)))
        pids, ours = session.pids, connections(jack_server, booth)
        deck.kill()
        gone = time.monotonic()
        wait_until(lambda: told(session, "deck is gone"))
        assert time.monotonic() - gone < 10  # a second or two on a machine that has time
        wait_until(lambda: session.status().input_level.rms_db < -40)
        with Deck(jack_server, "deck"):
            wait_until(lambda: told(session, "deck is back") and heard(session))
            output.quit()
            wait_until(lambda: told(session, "booth is gone"))
            with Deck(jack_server, "booth"):
                wait_until(lambda: told(session, "booth is back"))
                assert connections(jack_server, booth) == ours
                before = session.status().callbacks
                wait_until(lambda: session.status().callbacks > before)
                status = session.status()
                assert (status.state, status.device_losses) == ("running", 0)
                assert session.pids == pids
                session.stop()


def test_a_lost_device_is_silent_on_the_meters_and_in_the_time_of_events(
    live_session: Start,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        with running_jack() as server, Deck(server, "deck"):
            for key, value in server.env.items():
                patch.setenv(key, value)
            session = live_session(audio=AudioRequest(input="deck", output="system"))
            time.sleep(1.1)  # of the session: its clock must not be that of the whole process
            wait_until(lambda: heard(session))
        wait_until(lambda: session.status().state == "device lost")
        lost = session.status()
        assert silent(lost)
        time.sleep(2)  # in which the session's clock stands still
        assert session.status().seconds == lost.seconds
        with running_jack(name=server.name) as again, Deck(again, "deck"):
            wait_until(lambda: session.status().state == "running" and heard(session))
            events = session.status().events
            session.stop()
    times = [event.partition(" ")[0] for event in events]
    assert times[-2:] == [clock(lost.seconds)] * 2, events
    assert "no sound, trying again" in events[-2] and "the sound is back, after " in events[-1]


def test_meters_of_an_engine_that_restarts_are_those_of_what_is_heard(
    live_session: Start,
) -> None:
    session = live_session()
    wait_until(lambda: session.status().steps > 5)
    os.kill(session.pids["engine"], signal.SIGKILL)
    wait_until(lambda: session.status().state == "engine restarting")
    session.desk.set_master(-math.inf)  # and the meter of the mix falls, whoever makes the stems
    wait_until(lambda: session.status().mix_level.rms_db < -60)
    assert session.status().input_level.peak_db > -20


@contextmanager
def command(server_env: dict[str, str], model: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "rtsep", "--input", "deck", "--output", "system",
         "--model", str(model), "--window", "0.2", "--hop", "140", "--lookahead", "0",
         "--midi", "off", "--ui", "off", "--json", *more],
        env=server_env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def waiting(process: subprocess.Popen[str]) -> None:
    """Until it says so; before that it says what it loads."""
    assert process.stderr is not None
    said = next(line for line in process.stderr if not line.endswith(" ...\n"))
    assert said == "waiting for an input named 'deck'; Ctrl-C ends\n"


def test_a_client_that_starts_later_is_waited_for(
    jack_server: JackServer, live_model: Path
) -> None:
    with command(jack_server.env, live_model, "--wait") as process:
        waiting(process)
        time.sleep(3)  # for some looks
        assert process.poll() is None
        with Deck(jack_server, "deck"):
            wait_for_ports(jack_server, "rtsep")
            wait_until(lambda: bool(connections(jack_server, "deck:out_1")))
            process.send_signal(signal.SIGINT)
            done = finish(process)
    assert done.code == 0 and "waiting" not in done.err
    assert done.json["input"] == "JACK: deck" and done.json["seconds"] > 0


def test_a_sound_system_that_starts_later_is_waited_for(live_model: Path) -> None:
    """PortAudio knows what was there when it was loaded; so it is with a sound card."""
    with running_jack() as first:
        pass
    with command(first.env, live_model, "--wait") as process:
        waiting(process)
        with running_jack(name=first.name) as server, Deck(server, "deck"):
            wait_for_ports(server, "rtsep")
            process.send_signal(signal.SIGTERM)
            assert finish(process).code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_whoever_does_not_want_to_wait_any_longer(
    jack_server: JackServer, live_model: Path, number: int
) -> None:
    with command(jack_server.env, live_model, "--wait") as process:
        waiting(process)
        pids = children(process.pid)
        process.send_signal(number)
        process.wait(20)
        assert not any(map(alive, pids))
        done = finish(process)
    assert (done.code, done.out, done.said) == (0, "", [])


def test_an_engine_that_dies_is_not_waited_for(jack_server: JackServer, live_model: Path) -> None:
    with command(jack_server.env, live_model, "--wait") as process:
        waiting(process)
        engine = next(pid for pid in children(process.pid) if "spawn_main" in command_line(pid))
        os.kill(engine, signal.SIGKILL)
        done = finish(process)
    assert done.code == 1 and "the engine process ended with code -9 at its start" in done.err


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def test_other_errors_do_not_wait(jack_server: JackServer, live_model: Path) -> None:
    with command(jack_server.env, Path("nonsense"), "--wait") as process:
        waiting(process)
        done = finish(process)
    assert done.code == 2 and "no model called 'nonsense'" in done.err


def test_without_the_option_a_name_that_fits_nothing_is_an_error(
    jack_server: JackServer, live_model: Path
) -> None:
    with command(jack_server.env, live_model) as process:
        done = finish(process)
    assert done.code == 2 and "JACK: system" in done.complaint
    assert done.complaint.endswith("; or wait for it with --wait\n")


def test_nothing_is_waited_for_without_a_live_session(live_model: Path) -> None:
    done = finish(
        subprocess.Popen(
            [sys.executable, "-m", "rtsep", "--input", "demo", "--wait"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
    )  # fmt: skip
    assert done.code == 2 and "--wait needs a live session" in done.complaint


def test_numbers_of_devices_become_names_once_they_are_open() -> None:
    """When one is unplugged, its number may be that of another one."""
    device = DeviceReady(
        input="ALSA: usb",
        output="JACK: system",
        rate=48_000,
        blocksize=0,
        longest_block=1,
        latency=(),
    )
    request = AudioRequest(input="3", output="system").settled(device)
    assert (request.input, request.output, request.samplerate) == ("ALSA: usb", "system", 48_000)
    assert AudioRequest(input=None, output="1").settled(device).input is None


@pytest.mark.parametrize(
    ("bits", "xruns"),
    [(0, 0), (1, 1), (2, 1), (4, 1), (8, 1), (2 | 4, 1), (15, 1), (16, 0), (16 | 2, 1)],
)
def test_an_xrun_counts_once(bits: int, xruns: int) -> None:
    """2 and 4 are the input's and the output's; of JACK both come for each. 16 is none at all."""
    from sounddevice import CallbackFlags  # loading it earlier would name our JACK client

    counters = Counters(Arena(bytearray(1 << 20)))
    for _ in range(3):
        _count(CallbackFlags(bits), counters)
    assert counters.xruns[0] == 3 * xruns


def test_an_xrun_of_a_server_is_shown_once(jack_server: JackServer, live_session: Start) -> None:
    told_by_jack: list[float] = []
    session = live_session(audio=AudioRequest(input="system", output="system"))
    wait_until(lambda: session.status().steps > 1)
    with closing(jack.Client("counter")) as counter:
        counter.set_xrun_callback(told_by_jack.append)
        activate(counter)
        before = session.status().xruns
        for _ in range(3):
            os.kill(session.pids["audio"], signal.SIGSTOP)
            time.sleep(0.05)
            os.kill(session.pids["audio"], signal.SIGCONT)
            time.sleep(0.3)
        wait_until(lambda: session.status().xruns > before)
        line = status_line(session.status(), session.desk)
        session.stop()
    shown = re.search(r"xruns (\d+)", line)
    assert shown and int(shown[1]) - before <= len(told_by_jack)


def test_no_process_is_alive_when_a_session_has_ended() -> None:
    """Nor one that is about to end: multiprocessing has one that is not waited for by itself."""
    code = """
from types import SimpleNamespace
from rtsep.live_session.session import LiveSession
from rtsep.live_session.shared import Counters
if __name__ == "__main__":
    spec = SimpleNamespace(instant=False, audio=None, engine=None, waits=False)
    session = LiveSession(spec, None)
    print("made", flush=True)
    input()
"""
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stdout.readline() == "made\n"
        pids = children(process.pid)
        assert pids
        process.communicate("\n")
        # Its parent has seen its end, or it would wait for somebody else to.
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
