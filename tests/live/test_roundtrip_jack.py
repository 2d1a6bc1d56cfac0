"""Known delays between JACK ports, found to the sample by `rtsep profile --roundtrip`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_support import Done, finish, start

from rig.server import JackServer, running_jack, running_loop
from rtsep.audio.portaudio import portaudio
from rtsep.cli.main import main
from rtsep.live_session.messages import AudioRequest
from rtsep.measure.roundtrip import loops
from rtsep.measure.roundtrip.loops import DeviceLoop
from rtsep.measure.roundtrip.measure import look_elsewhere, measure
from rtsep.measure.roundtrip.takes import Roundtrip, Search

SEARCH = Search(repeats=2, seconds=0.05)
SMALL = ("--repeats", 2, "--search", 50, "--json")


@contextmanager
def heard_by_portaudio(server: JackServer) -> Iterator[None]:
    """PortAudio in this process, with the server's clients of this moment."""
    with pytest.MonkeyPatch.context() as patch:
        for key in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            patch.setenv(key, server.env[key])
        patch.setattr(loops, "_SETTLE_SECONDS", 0.2)
        module = portaudio()
        module._exit_handler()
        module._initialize()
        try:
            yield
        finally:
            module._exit_handler()  # it must not outlive the server


def measured(server: JackServer, *, blocksize: int = 0, **settings: Any) -> Roundtrip:
    """The device path through a loop client."""
    audio = AudioRequest(input="loop", output="loop", blocksize=blocksize)
    with running_loop(server, **settings), heard_by_portaudio(server):
        with DeviceLoop(audio) as loop:
            found = measure(loop, SEARCH, say=pytest.fail)
        return look_elsewhere(found, audio) if found.path is None else found


def settled(server: JackServer, **settings: Any) -> Roundtrip:
    """At the third try, if need be: a busy machine may lose so many blocks that nothing is claimed,
    while a wrong program claims something else."""
    for _ in range(3):
        found = measured(server, **settings)
        if found.problem is None:
            break
    assert found.problem is None, found
    return found


def profiled(server: JackServer, *arguments: object) -> Done:
    with pytest.MonkeyPatch.context() as patch:
        for key in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            patch.setenv(key, server.env[key])
        return finish(start("-m", "rtsep", "profile", "--roundtrip", *arguments))


@pytest.mark.parametrize(("period", "delay"), [(128, 37), (256, 0), (512, 1001), (1024, 5)])
def test_the_delay_of_a_loop_is_found_to_the_sample(period: int, delay: int) -> None:
    """The loop has a cycle of the server besides: what a client gives back is heard in the next."""
    with running_jack(period=period) as server:
        found = settled(server, delay=delay)
    assert found.path and found.path.agreement.samples == period + delay
    assert found.path.agreement.least == pytest.approx(period + delay, abs=1e-3)
    assert found.path.agreement.most == pytest.approx(period + delay, abs=1e-3)


@pytest.mark.parametrize("blocksize", [128, 512])
def test_blocks_that_are_no_period_are_not_had(jack_server: JackServer, blocksize: int) -> None:
    """PortAudio would add a block for them."""
    found = settled(jack_server, blocksize=blocksize, delay=11)
    assert found.path and found.path.agreement.samples == 256 + 11
    assert sum(part.samples for part in found.declared_path) == 0


def test_inverted_crossed_and_soft(jack_server: JackServer) -> None:
    found = settled(jack_server, delay=3, matrix=[[0, -0.1], [0, 0]], noise=0.01)
    assert found.path and found.path.agreement.samples == 259
    assert found.path.found[0].gain_db == pytest.approx(-20, abs=0.3)
    assert {"output 2 comes back on input 1", "output 1 does not come back",
            "the polarity is inverted on the way"} <= set(found.notes)  # fmt: skip


def test_the_cable_is_in_another_input(jack_server: JackServer) -> None:
    found = measured(jack_server, matrix=[[0, 0], [0, 0], [0, 1]])
    assert found.path is None and found.problem
    assert (
        "come back on input 3 of JACK: loop, not on 1-2: give --input-channels 3" in found.problem
    )


def test_an_input_that_clips(jack_server: JackServer) -> None:
    found = measured(jack_server, matrix=[[8, 0], [0, 8]], clip=True)
    assert found.path is None and found.problem
    assert "the input clips" in found.problem


def test_the_whole_chain_is_as_late_as_declared(jack_server: JackServer, live_model: Path) -> None:
    """By the command, with a real engine: the loop, and inside it the declared latency."""
    with running_loop(jack_server, delay=37):
        for _ in range(3):
            done = profiled(
                jack_server, "--input", "loop", "--output", "loop", "--model", live_model,
                "--window", 0.464, "--hop", 464, "--lookahead", 0, "--budget", 700, *SMALL,
            )  # fmt: skip
            if done.code == 0:
                break
    assert done.code == 0, done.err
    told = done.json
    assert told["device_path"]["latency"]["samples"] == 256 + 37
    chain = told["whole_chain"]
    inside = sum(chain["declared"][part]["samples"] for part in ("hop", "compute", "queue"))
    assert chain["declared"]["queue"]["samples"] == 256
    assert chain["latency"]["samples"] == 256 + 37 + inside
    assert chain["not_declared"]["samples"] == 256 + 37
    if told["stems"] is None:  # the machine was too busy for the engine
        assert told["concealed"]["samples"] > 0
    else:
        assert told["stems"]["latency"] == chain["latency"]
    assert "whole chain" in done.err and "to the sample" in done.err


@pytest.mark.parametrize(("delay", "frame", "most_ms"), [(23, 1024, 30), (12, 512, 18)])
def test_the_instant_path_is_as_late_as_declared_with_the_real_model(
    jack_server: JackServer, official: object, weights_cache: Path, delay: int, frame: int,
    most_ms: int,
) -> None:  # fmt: skip
    """Whatever the full path takes beside it."""
    with running_loop(jack_server, delay=37):
        for _ in range(3):
            done = profiled(
                jack_server, "--path", "instant", "--delay", delay, "--input", "loop",
                "--output", "loop", "--cache", weights_cache, "--window", 0.5, "--hop", 279,
                "--lookahead", 46, *SMALL,
            )  # fmt: skip
            if done.code == 0:
                break
    assert done.code == 0, done.err
    told = done.json
    chain = told["whole_chain"]
    device = told["device_path"]["latency"]["samples"]
    assert chain["declared"]["frame"]["samples"] == frame
    assert chain["latency"]["samples"] == device + frame + 256
    assert chain["not_declared"]["samples"] == 256 + 37
    assert chain["declared"]["total"]["ms"] <= most_ms
    assert told["stems"] is None or told["stems"]["latency"] == chain["latency"]


def test_silence_is_told_and_nothing_is_claimed(jack_server: JackServer) -> None:
    with running_loop(jack_server, matrix=[[0, 0], [0, 0]]):
        done = profiled(jack_server, "--device-only", "--input", "loop", "--output", "loop", *SMALL)
    assert done.code == 1
    assert done.json["device_path"] is None
    assert done.err.splitlines()[-1].startswith(
        "rtsep: nothing comes back: input 1-2 of JACK: loop"
    )
    assert done.json["problem"] in done.err


@pytest.mark.parametrize(("option", "value"), [("--level", "3"), ("--repeats", "1")])
def test_wrong_settings_are_bad_usage(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["profile", "--roundtrip", "--device-only", option, value]) == 2
    assert value in capsys.readouterr().err
