"""What profiling costs: of the callback's block, of a step, and of a processor.

`callback` are blocks of 256 samples with stems in time, with their row of the timeline and without,
in turn. `step` is htdemucs in incremental mode at a hop of 186 ms (bf16), with hooks that mark the
stages and without, in turn. `pauses` is the processor time of the thread that is woken all the
time, and `reading` that of collecting rows and reading clocks; both run only while a session is
profiled. Shares are of the time that a block, a hop, or the period of a reading lasts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

import rtsep
from bench.hardware import finish
from bench.turns import clock, in_turn, percentiles
from rtsep.engine.hops import HopStream
from rtsep.engine.pauses import watched_pauses
from rtsep.live_session.callback import Callback
from rtsep.live_session.notes import Notes
from rtsep.measure.clocks import ClockReader
from rtsep.measure.profiling import CLOCK_SECONDS, LOOK_SECONDS
from rtsep.ring.arena import Arena
from rtsep.ring.records import Records
from rtsep.setup.runtime import prepare_process
from rtsep.timeline import PAUSE
from tests.live_rig import RATE, VirtualSession, music

BLOCK = 256
HOP, LOOKAHEAD, WINDOW = 0.186, 0.046, 2.0
PERCENTILES = ("p50", "p99")


class Unnoted(Callback):
    """Leaves no row behind."""

    def _note(self, began: float, count: int) -> None:
        return


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="of steps")
    parser.add_argument("--blocks", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=10.0, help="of the pauses' thread")
    parser.add_argument("--model", default="htdemucs")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(arguments)
    prepare_process()
    figures = {
        "callback": callback_cost(args.blocks),
        "step": step_cost(args.model, args.rounds),
        "reading": reading_cost(),
        "pauses": pauses_cost(args.seconds),
    }
    for name, row in figures.items():
        print(f"{name:10s} {row}", flush=True)
    total = sum(row["share"] for row in figures.values())
    print(f"all of it {100 * total:.3f} %", flush=True)
    finish("profiling", {"costs": figures, "share": round(total, 6)}, save=args.save)
    return 0


def callback_cost(blocks: int) -> dict[str, Any]:
    plays = {"noted": _player(Callback), "unnoted": _player(Unnoted)}
    times = in_turn({name: clock(play) for name, play in plays.items()}, blocks, warm_up=200)
    reads = median(_clock_reads() for _ in range(100))
    lasts = BLOCK / RATE
    extra = median(times["noted"]) - median(times["unnoted"]) + reads
    return {name: percentiles(values, PERCENTILES, digits=4) for name, values in times.items()} | {
        "extra_ms": round(1000 * extra, 5),
        "share": round(extra / lasts, 6),
    }


def _player(kind: type[Callback]) -> Callable[[], None]:
    """Plays one block after the other, whose stems are there."""
    session = VirtualSession()
    callback = kind(session.shared, lambda: None, feed=False, outputs=(-1,))
    heard = music(1.0)[:, :BLOCK]
    stems = np.tile(heard / 4, (4, 1))
    played = np.zeros_like(heard)

    def play() -> None:
        session.shared.stems.write(stems)
        callback(heard, played, BLOCK)

    return play


def _clock_reads(count: int = 1000) -> float:
    """Of a callback, for its row: three."""
    began = time.perf_counter()
    for _ in range(count):
        time.perf_counter()
    return 3 * (time.perf_counter() - began) / count


def step_cost(model: str, rounds: int) -> dict[str, Any]:
    acts = {name: _stepper(model, name == "watched") for name in ("watched", "unwatched")}
    with torch.inference_mode():
        times = in_turn({name: clock(act) for name, act in acts.items()}, rounds, warm_up=4)
    extra = [a - b for a, b in zip(times["watched"], times["unwatched"], strict=True)]
    return {name: percentiles(values, PERCENTILES, digits=3) for name, values in times.items()} | {
        "extra_ms": round(1000 * median(extra), 4),
        "marks_ms": round(1000 * _marks(), 5),
        "share": round(_marks() / HOP, 6),
    }


def _stepper(model: str, watched: bool) -> Callable[[], object]:
    separator = rtsep.load(model, device="cpu", precision="bf16", executor="eager")
    window = min(WINDOW, separator.longest_window)
    spec = separator.spec(window=window, hop=HOP, lookahead=LOOKAHEAD, mode="incremental")
    hops = HopStream(
        separator._bag,
        spec,
        batch=1,
        device=torch.device("cpu"),
        precision=separator.precision,
        executor="eager",
        watched=watched,
    )
    hops.fill()
    block = torch.randn(1, hops.channels, spec.hop)
    return lambda: hops.step(block)


def _marks(count: int = 1000) -> float:
    """The hooks of a step alone: five calls of a module with nothing in it, less those without."""
    from rtsep.engine.laps import ENCODERS, HostLaps, _marker

    plain, hooked = torch.nn.Identity(), torch.nn.Identity()
    hooked.register_forward_pre_hook(_marker(HostLaps(), ENCODERS))
    seconds = {}
    for name, module in (("plain", plain), ("hooked", hooked)):
        began = time.perf_counter()
        for _ in range(count):
            module(1)
        seconds[name] = (time.perf_counter() - began) / count
    return 5 * (seconds["hooked"] - seconds["plain"])


def reading_cost() -> dict[str, Any]:
    """With as many rows as come in between two readings."""
    session = VirtualSession()
    notes, reader = Notes(session.shared), ClockReader(None)
    sound = music(LOOK_SECONDS)
    collecting, reading = [], []
    for _ in range(40):
        session.run(sound)
        collecting.append(clock(notes.collect)())
        reading.append(clock(reader.read)())
    share = median(collecting) / LOOK_SECONDS + median(reading) / CLOCK_SECONDS
    return {
        "collect_ms": round(1000 * median(collecting), 4),
        "clocks_ms": round(1000 * median(reading), 4),
        "share": round(share, 6),
    }


def pauses_cost(seconds: float) -> dict[str, Any]:
    arena = Arena(bytearray(1 << 20))
    with watched_pauses(Records(arena, PAUSE, 64), Records(arena, PAUSE, 1024)):
        before = time.process_time()
        time.sleep(seconds)
        used = time.process_time() - before
    return {"share": round(used / seconds, 6)}


if __name__ == "__main__":
    sys.exit(main())
