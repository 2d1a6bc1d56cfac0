"""Ours and a peer on the same work, in turn. Ratios are ours / peer: below 1 we are faster."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from demucs.htdemucs import HTDemucs as Reference
from pytest_benchmark.fixture import BenchmarkFixture

import rtsep
from bench.turns import clock, ratios
from rtsep.config import StreamSpec
from rtsep.dsp.stft import EDGE_FRAMES, ISTFT, STFT
from rtsep.engine.exact import ExactStep
from rtsep.engine.separator import Separator
from rtsep.setup.runtime import prepare_process
from rtsep.weights import load_checkpoint
from tests.music import mixture
from tests.networks import reference

FRAME, HOP, LOOKAHEAD = 1024, 4096, 2048
ROUNDS = 15


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def separator(cache: Path) -> Iterator[Separator]:
    """Prepared like the commands prepare their process; the peer runs in it too."""
    prepare_process()
    yield rtsep.load("htdemucs", device="cpu", cache=cache)


@pytest.fixture(scope="module")
def demucs(cache: Path) -> Reference:
    (weights,) = load_checkpoint("htdemucs", cache=cache).networks
    network = reference(weights.config)
    network.load_state_dict(weights.state)
    return network


def in_turn(
    benchmark: BenchmarkFixture,
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int = ROUNDS,
) -> None:
    """Peer, ours, peer, ours, ... after two rounds that do not count."""
    peer_times: list[float] = []
    time_peer = clock(peer)

    def run_peer() -> None:
        peer_times.append(time_peer())

    with torch.inference_mode():
        benchmark.pedantic(ours, setup=run_peer, rounds=rounds, warmup_rounds=2)
    peer_times = peer_times[-rounds:]
    benchmark.extra_info.update(
        peer_median_ms=round(1000 * statistics.median(peer_times), 2),
        peer_max_ms=round(1000 * max(peer_times), 2),
        **ratios(benchmark.stats.stats.data, peer_times),
    )


@pytest.mark.parametrize("frames", [43, 86, 172, 335], ids=["1s", "2s", "4s", "7.8s"])
def test_step_beside_demucs(
    benchmark: BenchmarkFixture, separator: Separator, demucs: Reference, frames: int
) -> None:
    """An exact step, STFT to crossfade, beside the forward of `demucs` on the same window."""
    spec = StreamSpec(
        window=frames * FRAME,
        hop=HOP,
        lookahead=LOOKAHEAD,
        crossfade=FRAME // 2,
        frame=FRAME,
        sample_rate=separator.sample_rate,
    )
    step = ExactStep(separator._bag, spec, 1, separator.device)
    mix = torch.from_numpy(mixture()).repeat(1, 2)[None, :, : spec.window]
    step.audio.copy_(mix)
    step.spectrum.copy_(step.network.stft(mix))
    step._received = spec.window  # as after window / hop steps
    block = mix[..., :HOP]
    rounds = ROUNDS if frames < 200 else 5
    in_turn(benchmark, lambda: step.run(block, step.compute), lambda: demucs(mix), rounds)


def test_streaming_stft_beside_all_of_it(benchmark: BenchmarkFixture) -> None:
    """The frames that a hop of 93 ms makes new, beside all frames of a window of 2 s."""
    stft, window = STFT(4 * FRAME), torch.from_numpy(mixture())[None, :, : 86 * FRAME]
    new = HOP // FRAME + EDGE_FRAMES
    left, right = window[..., : 5 * FRAME], window[..., : (new + 3) * FRAME]
    in_turn(benchmark, lambda: (stft.spectra(left), stft.spectra(right)), lambda: stft(window), 100)


def test_istft_of_a_hop_beside_all_of_it(benchmark: BenchmarkFixture) -> None:
    """Four stems of what a step emits, beside all of a window of 2 s."""
    stft, istft = STFT(4 * FRAME), ISTFT(4 * FRAME)
    mix_spec = stft(torch.from_numpy(mixture())[None, :, : 86 * FRAME])
    spec = mix_spec.permute(0, 3, 1, 2)[:, None].repeat(1, 4, 1, 1, 1)
    kept, count = spec[..., -10:, :].contiguous(), HOP + FRAME // 2
    in_turn(
        benchmark,
        lambda: istft(kept, 2 * FRAME, count),
        lambda: istft(spec, 0, 86 * FRAME),
        100,
    )


def test_load_from_the_cache(
    benchmark: BenchmarkFixture, separator: Separator, cache: Path
) -> None:
    benchmark.pedantic(lambda: rtsep.load("htdemucs", device="cpu", cache=cache), rounds=5)


def test_help(benchmark: BenchmarkFixture) -> None:
    """The whole process, from its start to its end."""
    command = [sys.executable, "-m", "rtsep", "--help"]
    benchmark.pedantic(
        lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL),
        rounds=10,
        warmup_rounds=1,
    )
