"""The remote page beside a live session on a private JACK server: from finger to sound, and what
many pages cost.

`fader` moves the master in Chromium and waits for the changed sound. `pages` runs sessions in
turn, without a page and with twenty that hear sixty meters a second, and counts what was late in
each: late callbacks are xruns of the server. Without options for rtsep the network is a small one,
so that what is measured is the audio process and not the model. Both without a name.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import aiohttp

from bench.hardware import finish
from bench.live import BLOCK, CLIENT, SMALL, stolen_seconds
from bench.turns import percentiles
from rig.server import RATE, JackServer, running_jack, wait_for_ports
from rig.small_model import write_small_model

FADER = Path(__file__).parents[1] / "rig" / "page_fader.py"
TOLD = "the remote page: "
KEYS = ("callbacks", "callback_ms", "xruns", "steps", "deadline_misses")
LATE = ("xruns", "deadline_misses", "concealed_ms")


@contextmanager
def session(server: JackServer, arguments: list[str], figures: dict[str, Any]) -> Iterator[str]:
    """A session with a page, and where that is; its `figures` are there when it has ended."""
    command = [sys.executable, "-m", "rtsep", "--input", "system", "--output", "system", "--ui",
               "off", "--json", "--blocksize", str(BLOCK), "--remote", "0", *arguments]  # fmt: skip
    with subprocess.Popen(
        command, env=server.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        link = next(line for line in process.stderr if line.startswith(TOLD))
        wait_for_ports(server, CLIENT)
        try:
            yield link.removeprefix(TOLD).strip()
        finally:
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
    told = json.loads(out)
    figures.update({key: told[key] for key in KEYS})
    figures["concealed_ms"] = told["concealed"]["ms"]


def fader(server: JackServer, arguments: list[str], rounds: int) -> dict[str, Any]:
    """From the touch to the changed output, in milliseconds."""
    with session(server, arguments, {}) as link:
        out = subprocess.run(
            [sys.executable, FADER, CLIENT, link, str(rounds)],
            env=server.env, stdout=subprocess.PIPE, text=True, check=True, timeout=rounds + 120,
        ).stdout  # fmt: skip
    frames = json.loads(out.splitlines()[-1])["frames"]
    names = ("p50", "p90", "p99", "max")
    return {"rounds": len(frames), "ms": percentiles(frames, names, scale=1000 / RATE)}


async def _page(web: aiohttp.ClientSession, link: str) -> int:
    """Frames that came until the end."""
    frames = 0
    async with web.ws_connect(link.replace("http", "ws", 1) + "socket") as socket:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                frames += 1
                if frames % 3 == 0:  # as the page does
                    (number,) = struct.unpack_from("<I", message.data, 4)
                    await socket.send_str(json.dumps({"v": 1, "seen": number}))
    return frames


def _pages(link: str, count: int, told: Queue[list[int]]) -> None:
    async def all_of_them() -> list[int]:
        async with aiohttp.ClientSession() as web:
            return await asyncio.gather(*(_page(web, link) for _ in range(count)))

    told.put(asyncio.run(all_of_them()))


def with_pages(
    server: JackServer, arguments: list[str], count: int, seconds: float
) -> dict[str, Any]:
    """One session with so many pages, which live in a process of their own."""
    figures: dict[str, Any] = {"pages": count}
    told: Queue[list[int]] = multiprocessing.Queue()
    stolen = stolen_seconds()
    with session(server, arguments, figures) as link:
        process = multiprocessing.Process(target=_pages, args=(link, count, told))
        process.start()
        time.sleep(seconds)
    frames = told.get(timeout=60)
    process.join()
    figures["frames_a_second"] = round(min(frames) / seconds, 1) if frames else 0.0
    figures["stolen_s"] = round(stolen_seconds() - stolen, 2)
    return figures


def pages(
    server: JackServer, arguments: list[str], count: int, seconds: float, rounds: int
) -> dict[str, Any]:
    """In turn; `extra` is what was late with pages, less what was late without."""
    turns: list[dict[str, Any]] = []
    for number in range(2 * rounds):
        turns.append(with_pages(server, arguments, count * (number % 2), seconds))
        print(json.dumps(turns[-1]), flush=True)
    extra = {key: sum(turn[key] if turn["pages"] else -turn[key] for turn in turns) for key in LATE}
    return {"seconds": seconds, "turns": turns, "extra": extra}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("fader", "pages"))
    parser.add_argument("--rounds", type=int, default=500, help="of fader moves")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each session")
    parser.add_argument("--pairs", type=int, default=5, help="of sessions without and with pages")
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--rtsep", nargs="*", default=[], help="options for rtsep, last")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args(argv)
    figures: dict[str, Any] = {"block": BLOCK, "options": options.rtsep}
    with tempfile.TemporaryDirectory() as folder, running_jack(period=BLOCK) as server:
        small = ["--model", str(write_small_model(Path(folder) / "small.safetensors")), *SMALL]
        arguments = options.rtsep or [*small, "--midi", "off"]
        if options.part != "pages":
            figures["fader_to_sound"] = fader(server, arguments, options.rounds)
            print(json.dumps(figures["fader_to_sound"]), flush=True)
        if options.part != "fader":
            figures["beside_pages"] = pages(
                server, arguments, options.pages, options.seconds, options.pairs
            )
    finish("remote", figures, save=options.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
