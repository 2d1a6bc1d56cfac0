"""A whole step on a CUDA card, beside `demucs` eager on the same window: skips without a card.

Window 2 s, hop 23 ms, lookahead 46 ms. Every way runs a step in turn with the peer; then one way
runs alone for many steps, since the tail is what counts; then batches of streams grow until a step
no longer fits into the hop. Without weights at hand random ones of the same shapes are as good for
timing (`--random`), but not for `difference_db`, how far a way is from fp32, eager.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Any

import numpy as np
import torch
from demucs.htdemucs import HTDemucs as Reference

from bench.hardware import finish
from bench.incremental import step_clock
from bench.turns import clock, in_turn, percentiles
from rtsep.config import PACE, NetworkConfig
from rtsep.engine.precision import choose_precision
from rtsep.engine.separator import Separator
from rtsep.engine.stream import HopStream
from rtsep.model.bag import Bag
from rtsep.model.state import build_network
from rtsep.session.runtime import prepare_process
from rtsep.weights import load_checkpoint
from tests.music import mixture
from tests.networks import reference

FRAME, RATE = 1024, 44100
WINDOW, HOP, LOOKAHEAD = 86, 1, 2  # frames
STREAMS = (1, 2, 4, 8, 16, 32)
PERCENTILES = ("p50", "p99", "p99.9", "max")
PRECISIONS = ("fp32", "tf32", "bf16", "fp16")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="in turn with the peer")
    parser.add_argument("--steps", type=int, default=20_000, help="alone, for the tail")
    parser.add_argument("--random", action="store_true", help="random weights")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("skipped: no CUDA device")
        return 0
    prepare_process()
    peer = _peer(random=args.random).to("cuda")
    ways = {
        f"{mode}, {precision}, {executor}": (mode, precision, executor)
        for mode in ("exact", "incremental")
        for precision in PRECISIONS
        for executor in ("eager", "graph")
    }
    separators = {
        (precision, executor): _separator(peer, precision, executor)
        for precision in PRECISIONS
        for executor in ("eager", "graph")
    }
    figures: dict[str, Any] = {"driver": _driver(), "random_weights": args.random}
    hops = {name: _hops(separators[p, e], m) for name, (m, p, e) in ways.items()}
    figures["in_turn"] = beside_peer(peer, hops, args.rounds)
    figures["difference_db"] = differences(hops)
    hops.clear()
    figures["alone"] = {
        mode: alone(_hops(separators["bf16", "graph"], mode), args.steps)
        for mode in ("exact", "incremental")
    }
    figures["streams"] = {
        mode: streams(separators["bf16", "graph"], mode) for mode in ("exact", "incremental")
    }
    figures["memory_mib"] = round(torch.cuda.max_memory_allocated() / 2**20)
    finish("gpu", figures, save=args.save)
    return 0


def beside_peer(peer: Reference, hops: dict[str, HopStream], rounds: int) -> dict[str, Any]:
    """Milliseconds of each way and of the peer, and how many times faster than that it is."""
    window = torch.from_numpy(mixture(2.0))[None, :, : WINDOW * FRAME].float().cuda()

    @torch.inference_mode()
    def forward() -> None:
        peer(window)
        torch.cuda.synchronize()

    clocks = {"demucs": clock(forward)} | {
        name: step_clock(stream) for name, stream in hops.items()
    }
    times = in_turn(clocks, rounds, warm_up=10)
    median = float(np.median(times["demucs"]))
    return {
        name: _figures(values) | {"times_faster": round(median / float(np.median(values)), 2)}
        for name, values in times.items()
    }


def alone(stream: HopStream, steps: int) -> dict[str, float]:
    times = in_turn({"alone": step_clock(stream)}, steps, warm_up=100)
    return _figures(times["alone"]) | {"steps": steps}


def streams(separator: Separator, mode: str) -> dict[str, Any]:
    """Step times of batches, and the largest that holds real time."""
    found: dict[str, Any] = {"held": 0}
    for batch in STREAMS:
        hops = HopStream(
            separator._bag, _hops(separator, mode).spec, batch=batch, device=separator.device,
            precision=separator.precision, executor=separator.executor,
        )  # fmt: skip
        found[str(batch)] = alone(hops, 500)
        if found[str(batch)]["p99.9"] > 1000 * PACE * HOP * FRAME / RATE:
            break
        found["held"] = batch
    return found


def differences(hops: dict[str, HopStream]) -> dict[str, float]:
    """How far each way is from the same mode in fp32, eager, on music: signal over difference."""
    song = torch.from_numpy(mixture())[None].float()
    blocks = song[..., : song.shape[-1] // FRAME * FRAME].split(FRAME, -1)
    outs = {}
    for name, stream in hops.items():
        stream.reset()
        outs[name] = torch.cat([stream.step(block).clone() for block in blocks], -1)
    result = {}
    for name, out in outs.items():
        truth = outs[f"{name.split(',')[0]}, fp32, eager"]
        error = float((out - truth).square().sum())
        result[name] = round(10 * np.log10(float(truth.square().sum()) / max(error, 1e-20)), 1)
    return result


def _peer(*, random: bool) -> Reference:
    if random:
        return reference(NetworkConfig())
    (weights,) = load_checkpoint("htdemucs").networks
    network = reference(weights.config)
    network.load_state_dict(weights.state)
    return network


def _separator(peer: Reference, precision: str, executor: str) -> Separator:
    """Ours, with the peer's weights."""
    config = NetworkConfig()
    state = {name: tensor.cpu() for name, tensor in peer.state_dict().items()}
    bag = Bag([build_network(config, state)], [[1.0] * len(config.stems)])
    device = torch.device("cuda")
    return Separator("htdemucs", bag, device, choose_precision(precision, device), executor)


def _hops(separator: Separator, mode: str) -> HopStream:
    frame = FRAME / RATE
    spec = separator.spec(
        window=WINDOW * frame, hop=HOP * frame, lookahead=LOOKAHEAD * frame, mode=mode
    )
    return separator.hops(spec)


def _figures(seconds: list[float]) -> dict[str, float]:
    return percentiles(seconds, PERCENTILES, digits=3)


def _driver() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
