"""Ten minutes live on a private JACK server: late callbacks, xruns and fader-to-sound.

Each phase runs rtsep and, for a tenth of the time before and after it, a plain program that only
copies its input: what that one misses, the machine misses. On a virtual machine `stolen_s` says
for how long the host gave the processors to others, summed over all of them. With hogs, every core
is busy with garbage collection and arithmetic in ordinary processes meanwhile. Without options for
rtsep the network is a small one, so that what is measured is the audio process and not the model.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.hardware import finish
from bench.turns import percentiles
from rig.server import JackServer, running_jack, wait_for_ports
from rig.small_model import write_small_model

BLOCK = 256
CLIENT = "rtsep"
SMALL = ["--window", "0.2", "--hop", "186", "--lookahead", "0"]
FADER = Path(__file__).parents[1] / "rig" / "fader.py"
MAP = """
device.name = "Box"
device.match = ["faderbox"]
bindings = [{ type = "cc", number = 7, action = "master", takeover = false }]
"""
COPY = """
import json, sys, time
import sounddevice as sd
host = next(host for host in sd.query_hostapis() if host["name"].startswith("JACK"))
took, flags = [], [0]
def copy(indata, outdata, frames, times, status):
    began = time.perf_counter()
    outdata[:] = indata
    flags[0] += bool(status)
    took.append(time.perf_counter() - began)
with sd.Stream(samplerate=44100, blocksize=int(sys.argv[1]), channels=2, dtype="float32",
               callback=copy, device=(host["default_input_device"], host["default_output_device"])):
    time.sleep(float(sys.argv[2]))
took = sorted(took)
at = lambda share: round(1000 * took[int(share * (len(took) - 1))], 4)
print(json.dumps({"callbacks": len(took), "xruns": flags[0],
                  "callback_ms": {"p50": at(0.5), "p99.9": at(0.999), "max": at(1)}}))
"""


def rtsep(server: JackServer, arguments: list[str], seconds: float) -> dict[str, Any]:
    """One session of `seconds`; what it told with --json."""
    command = [sys.executable, "-m", "rtsep", "--input", "system", "--output", "system", "--ui",
               "off", "--json", "--blocksize", str(BLOCK), *arguments]  # fmt: skip
    with subprocess.Popen(command, env=server.env, stdout=subprocess.PIPE, text=True) as process:
        wait_for_ports(server, CLIENT)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    told: dict[str, Any] = json.loads(out)
    keys = ("callbacks", "callback_ms", "xruns", "steps", "step_ms", "deadline_misses", "concealed",
            "latency")  # fmt: skip
    return {key: told[key] for key in keys}


def stolen_seconds() -> float:
    """Processor time that the host of a virtual machine gave to others, since boot; Linux only."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    return int(stat.read_text().split()[8]) / os.sysconf("SC_CLK_TCK")


def with_stolen(run: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """What `run` returns, and the time stolen meanwhile."""
    before = stolen_seconds()
    return run(*arguments) | {"stolen_s": round(stolen_seconds() - before, 2)}


def copier(server: JackServer, seconds: float) -> dict[str, Any]:
    """The plain program."""
    command = [sys.executable, "-c", COPY, str(BLOCK), str(seconds)]
    done = subprocess.run(command, env=server.env, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def fader(server: JackServer, arguments: list[str], rounds: int) -> dict[str, Any]:
    """From a MIDI message at the port to the changed output, in blocks."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "box.toml").write_text(MAP)
        command = [sys.executable, "-m", "rtsep", "--input", "system", "--output", "system", "--ui",
                   "off", "--blocksize", str(BLOCK), "--config", folder, *arguments]  # fmt: skip
        with subprocess.Popen(command, env=server.env) as process:
            wait_for_ports(server, CLIENT)
            out = subprocess.run(
                [sys.executable, FADER, CLIENT, str(rounds)],
                env=server.env, stdout=subprocess.PIPE, text=True, check=True, timeout=rounds + 120,
            ).stdout  # fmt: skip
            process.send_signal(signal.SIGINT)
            process.wait(60)
    frames = json.loads(out.splitlines()[-1])["frames"]
    blocks = percentiles(frames, ("p50", "p90", "p99", "max"), scale=1 / BLOCK, digits=3)
    return {"rounds": len(frames), "blocks": blocks}


@contextmanager
def hogs(count: int) -> Iterator[None]:
    """Ordinary processes that do nothing but compute and collect garbage."""
    processes = [multiprocessing.Process(target=_hog, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _hog() -> None:
    import gc

    while True:
        circles: list[Any] = [[] for _ in range(20_000)]
        for circle in circles:
            circle.append(circle)
        del circles
        gc.collect()
        sum(number * number for number in range(50_000))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of each phase")
    parser.add_argument("--rounds", type=int, default=500, help="of fader moves")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("rtsep", nargs="*", help="options for rtsep, behind --")
    options = parser.parse_args(argv)
    seconds, cores = 60 * options.minutes, multiprocessing.cpu_count()
    figures: dict[str, Any] = {"block": BLOCK, "seconds": seconds, "options": options.rtsep}
    with tempfile.TemporaryDirectory() as folder, running_jack(period=BLOCK) as server:
        small = ["--model", str(write_small_model(Path(folder) / "small.safetensors")), *SMALL]
        arguments = options.rtsep or small
        figures["fader_to_sound"] = fader(server, arguments, options.rounds)
        for phase, count in (("idle", 0), ("hogs", cores)):
            with hogs(count):
                figures[phase] = {
                    "copier_before": with_stolen(copier, server, seconds / 10),
                    "rtsep": with_stolen(rtsep, server, arguments, seconds),
                    "copier_after": with_stolen(copier, server, seconds / 10),
                }
            print(phase, json.dumps(figures[phase]), flush=True)
    finish("live", figures, save=options.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
