"""`rtsep` live, as a user runs it: signals, a killed parent, the report, the terminal, OSC."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import soundfile
from cli_support import db, finish, sound, start
from live_rig import wait_until
from pythonosc.udp_client import SimpleUDPClient
from small_models import write_band

SHM = Path("/dev/shm")
KEYS = {
    "model", "device", "executor", "input", "output", "sample_rate", "blocksize", "stems", "spec",
    "latency", "path", "instant",
    "steps", "step_ms", "deadline_misses", "concealed", "callbacks", "callback_ms", "xruns",
    "engine_restarts", "retunings", "device_losses", "swaps", "sanitized", "limited", "loudness",
    "seconds", "stopped_early", "files", "events",
}  # fmt: skip


@pytest.fixture
def live(live_model: Path, tmp_path: Path) -> list[object]:
    """The beginning of a command that plays a minute of sound into tmp_path / "out"."""
    source = write_band(tmp_path / "long.wav", 60)
    return ["-m", "rtsep", "--input", source, "--output", tmp_path / "out", "--pace", "realtime",
            "--model", live_model, "--window", "0.2", "--hop", "140", "--lookahead", "0",
            "--midi", "off"]  # fmt: skip


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def shared_names() -> set[str]:
    return {path.name for path in SHM.iterdir() if "mp" in path.name or "psm" in path.name}


def wait_for_sound(process: subprocess.Popen[str], folder: Path, seconds: float = 0.7) -> None:
    def there() -> bool:
        assert process.poll() is None, process.stderr and process.stderr.read()
        mix = folder / "mix.wav"
        return mix.exists() and mix.stat().st_size > 8 * 44_100 * seconds

    wait_until(there)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["TERM", "HUP"])
def test_a_signal_fades_out_and_finishes_the_files(
    live: list[object], tmp_path: Path, number: int
) -> None:
    process = start(*live, "--ui", "off", "--json")
    wait_for_sound(process, tmp_path / "out")
    pids = children(process.pid)
    assert len(pids) >= 2
    process.send_signal(number)
    done = finish(process)
    assert done.code == 0, done.err
    told, mix = done.json, sound(tmp_path / "out" / "mix.wav")
    assert told.keys() == KEYS and told["stopped_early"] is True
    assert not any(map(alive, pids))
    assert {sound(Path(file)).shape for file in told["files"]} == {mix.shape}
    loud = np.abs(mix).max(0)
    assert loud[-1] < 1e-3 < loud[: 44_100 // 2].max()
    assert np.abs(np.diff(mix[:, -4410:])).max() <= np.abs(np.diff(mix[:, :-4410])).max()


def test_ctrl_c_of_a_terminal_reaches_all_processes_and_ends_them_well(
    live: list[object], tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *map(str, live), "--ui", "plain", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    wait_for_sound(process, tmp_path / "out")
    os.killpg(process.pid, signal.SIGINT)
    done = finish(process)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert done.json["engine_restarts"] == done.json["device_losses"] == 0
    assert len(re.findall(r"^running +0:0\d/", done.err, re.M)) >= 1


def test_a_killed_parent_leaves_no_process_no_memory_and_playable_files(
    live: list[object], tmp_path: Path
) -> None:
    before = shared_names()
    process = start(*live, "--ui", "off")
    wait_for_sound(process, tmp_path / "out")
    pids = children(process.pid)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(alive, pids)), 20)
    wait_until(lambda: shared_names() <= before, 20)
    for name in ("mix", "vocals", "input"):
        assert sound(tmp_path / "out" / f"{name}.wav").shape[1] > 44_100 * 0.5


def test_it_ends_by_itself_after_its_duration(live: list[object]) -> None:
    live[live.index("--output") + 1] = "null"
    done = finish(start(*live, "--ui", "off", "--duration", "0.5", "--json"))
    assert done.code == 0, done.err
    assert 0.4 < done.json["seconds"] < 5 and done.json["files"] == []


@contextmanager
def terminal(
    command: list[object], columns: int = 80, lines: int = 24
) -> Iterator[tuple[int, int]]:
    """The command on a terminal of its own: its process and the terminal's other end."""
    pid, end = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(lines)}
        os.execv(sys.executable, [sys.executable, *map(str, command)])
    try:
        yield pid, end
    finally:
        os.close(end)
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_the_terminal_ui_moves_faders_and_quits(live: list[object], tmp_path: Path) -> None:
    with terminal([*live, "--ui", "tui"]) as (pid, end):
        os.set_blocking(end, False)
        screen = b""

        def shows(text: bytes) -> bool:
            nonlocal screen
            try:
                screen += os.read(end, 1 << 16)
            except (BlockingIOError, OSError):
                time.sleep(0.01)
            return text in screen

        wait_until(lambda: shows(b"vocals"))
        wait_until(lambda: (tmp_path / "out" / "mix.wav").exists())
        for key in b"1m2m3m4m":  # select and mute every stem
            os.write(end, bytes([key]))
            time.sleep(0.1)
        screen = b""
        mix = tmp_path / "out" / "mix.wav"

        def silent() -> bool:
            shows(b"")
            return sound(mix).shape[1] > 44_100 and db(sound(mix)[:, -2000:]) < -200

        wait_until(silent)
        os.write(end, b"q")
        time.sleep(0.5)
        os.write(end, b"y\r")  # a recording is running, so it asks
        ended = (0, 0)

        def over() -> bool:
            nonlocal ended
            shows(b"")  # what nobody reads would stop the program
            ended = os.waitpid(pid, os.WNOHANG)
            return ended[0] == pid

        wait_until(over, 30)
        assert os.waitstatus_to_exitcode(ended[1]) == 0


def test_osc_moves_the_faders_of_a_running_session(live: list[object], tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(*live, "--ui", "off", "--osc", port, "--json")
    wait_for_sound(process, tmp_path / "out")
    client = SimpleUDPClient("127.0.0.1", port)
    try:
        for stem in ("drums", "bass", "other", "vocals"):
            client.send_message(f"/stem/{stem}/mute", 1)
        mix = tmp_path / "out" / "mix.wav"
        wait_until(lambda: db(sound(mix)[:, -2000:]) < -200)
    finally:
        client._sock.close()
        process.send_signal(signal.SIGTERM)
    assert finish(process).code == 0


def test_the_remote_page_moves_the_faders_of_a_running_session(
    live: list[object], tmp_path: Path
) -> None:
    process = start(*live, "--ui", "off", "--json", "--remote")
    wait_for_sound(process, tmp_path / "out")
    assert process.stderr
    link = ""
    while not link:
        link = process.stderr.readline().partition("the remote page: http://")[2].strip()

    async def mute_all() -> None:
        async with aiohttp.ClientSession() as web, web.ws_connect(f"ws://{link}socket") as page:
            stems = (await page.receive_json())["hello"]["stems"]
            await page.send_json({"v": 1, "set": {f"mute:{stem}": 1 for stem in stems}})

    asyncio.run(mute_all())
    mix = tmp_path / "out" / "mix.wav"
    try:
        wait_until(lambda: db(sound(mix)[:, -2000:]) < -200)
    finally:
        process.send_signal(signal.SIGTERM)
    assert finish(process).code == 0


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (("--osc", "nonsense"), "OSC listens on"),
        (("--remote", "nonsense"), "the remote page listens on"),
        (("--buffer", "slow"), "neither low, high nor milliseconds"),
        (("--midi", "no such box"), "MIDI"),
        (("--mute", "kazoo"), "no stem 'kazoo'"),
        (("--route", "vocals=3-4"), "--route needs an output device"),
    ],
)
def test_bad_options_end_with_one_line(
    live: list[object], tmp_path: Path, option: tuple[str, str], complaint: str
) -> None:
    done = finish(start(*live, "--ui", "off", *option))
    assert done.code in (1, 2) and complaint in done.err
    assert "Traceback" not in done.err
    assert len(done.said) <= 3


def test_a_damaged_file_is_told_of_and_its_decoder_is_silent(
    live: list[object], tmp_path: Path
) -> None:
    path = tmp_path / "song.mp3"
    rng = np.random.default_rng(0)
    soundfile.write(path, rng.uniform(-0.3, 0.3, (44_100, 2)), 44_100)
    data, middle = bytearray(path.read_bytes()), path.stat().st_size // 2
    data[middle : middle + 2000] = rng.integers(0, 256, 2000, dtype=np.uint8).tobytes()
    path.write_bytes(data)
    live[live.index("--input") + 1] = path
    live[live.index("--output") + 1] = "null"
    done = finish(start(*live, "--ui", "plain"))
    assert done.code == 0, done.err
    assert "libmpg123" not in done.err and "\nNote: " not in done.err
    assert re.search(r"^\* \S+ song.mp3: perhaps damaged; its decoder says: ", done.err, re.M)
