"""A library: the whole command `rtsep separate` beside a script with `demucs`; kills at random.

    python -m bench.library speed             three minutes of music, wall time and peak memory
    python -m bench.library quality           what bf16 loses offline, in SDR
    python -m bench.library kill --times 20   kill -9 in the middle: never half a file, same end
    python -m bench.library ray               what Ray costs an item, beside a process of ours
    python -m bench.library memory --hours 8  peak of one long recording beside three minutes

`speed` runs both as commands of their own, in turn. The script imports PyTorch, SoundFile and
`demucs`, loads its htdemucs from a file, reads the song, calls `apply_model` as it comes (eager,
float32, one segment at a time, overlap 0.25) and saves four stems as 32-bit float WAV. Processor
time stands beside wall time, as other programs disturb it less. The song is the example that
stempeg ships, again and again, or `--song`. `ray` takes a song of that length in two levels through
one worker process and through one actor of a cluster that it starts, in turn, and compares the
seconds from the first item handed out to the last result. `memory` takes a small network, as only
what flows through counts there, and FLAC in and out.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile
import torch

import rtsep
from bench.hardware import finish
from bench.songs import read_songs
from bench.turns import ratios
from rtsep.library.run import LibraryRun
from rtsep.library.settings import Making, ModelSpec, Running
from rtsep.metrics import sdr
from rtsep.weights import LoggingObserver, load_checkpoint
from rtsep.weights.safetensors_file import arguments_from_config

RATE = 44_100
DEMUCS = Path(__file__).parent / "library_demucs.py"
PEAK = """
import sys
from pathlib import Path
from rtsep.cli.main import main
code = main(sys.argv[1:])
(line,) = [l for l in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in l]
print(line.split()[1])
sys.exit(code)
"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=list(MEASURES))
    parser.add_argument("--song", type=Path, help="instead of the example")
    parser.add_argument(
        "--songs", type=Path, nargs="*", default=[], help="for quality: folders with stems"
    )
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=20, help="that it is killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--model", default="htdemucs", help="name, or path to a weights file")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures = MEASURES[args.what](args, Path(folder))
    finish(f"library-{args.what}", figures, save=args.save)
    return 0


def speed(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    song, weights = _song(args, folder), folder / "demucs.th"
    _keep_for_demucs(args.model, weights)
    commands = {
        "demucs": [DEMUCS, weights, song, folder / "theirs"],
        "rtsep": ["-c", PEAK, "separate", song, "-o", folder / "ours", "--force",
                  "--compute", "cpu", "--model", args.model],
    }  # fmt: skip
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(args.rounds):
        for name, command in commands.items():
            runs[name].append(_run(command))
            print(f"{name:8s}", runs[name][-1], flush=True)
    theirs = {what: [run[what] for run in runs["demucs"]] for what in runs["demucs"][0]}
    ours = {what: [run[what] for run in runs["rtsep"]] for what in theirs}
    return {
        "seconds": args.seconds,
        "rounds": args.rounds,
        "ratios": {what: ratios(ours[what], theirs[what]) for what in theirs},
        "median": {what: {"rtsep": float(np.median(ours[what])),
                          "demucs": float(np.median(theirs[what]))} for what in theirs},
        "agreement_db": _agreement(folder),
    }  # fmt: skip


def quality(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """SDR of every stem in fp32, and what bf16 has less."""
    found = {}
    models = {name: rtsep.load(args.model, "cpu", precision=name) for name in ("fp32", "bf16")}
    for name, song in read_songs(args.songs).items():
        mix = song["mixture"][:, : round(args.seconds * RATE)]
        scores = {}
        for precision, model in models.items():
            stems = dict(zip(model.stems, model.separate(mix), strict=True))
            scores[precision] = {
                stem: sdr(song[stem][:, : mix.shape[1]], audio)
                for stem, audio in stems.items()
                if stem in song
            }
        lost = {stem: round(scores["fp32"][stem] - scores["bf16"][stem], 4)
                for stem in scores["fp32"]}  # fmt: skip
        fp32 = {stem: round(value, 2) for stem, value in scores["fp32"].items()}
        mean = round(float(np.mean(list(lost.values()))), 4)
        found[name] = {"fp32": fp32, "lost": lost, "mean_lost": mean}
        print(name, found[name], flush=True)
    return {"songs": found}


def kill(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Ends with an AssertionError if a file is ever half, or the end is not the same."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # as pytest has it
    from library_support import contents, quick_model, write_noise

    model = quick_model(folder / "quick.safetensors")
    for number in range(40):
        write_noise(folder / "m" / str(number % 4) / f"{number // 4}.wav", 1 + number / 20, number)
    _separate(folder, "undisturbed", model).wait()
    expected, rng, partials, waits = (
        contents(folder / "undisturbed"),
        random.Random(args.seed),
        0,
        [],
    )
    for time_ in range(args.times):
        process = _separate(folder, "out", model)
        waits.append(round(rng.uniform(1.0, 6.0), 3))
        time.sleep(waits[-1])
        family = [process, *psutil.Process(process.pid).children(recursive=True)]
        process.send_signal(signal.SIGKILL)
        process.wait()
        psutil.wait_procs(family[1:], timeout=30)
        left = contents(folder / "out")
        partials += any(".rtsep-part-" in name for name in left)
        whole = {name: data for name, data in left.items() if ".rtsep-part-" not in name}
        assert all(data == expected[name] for name, data in whole.items())
        print(f"kill {time_ + 1} after {waits[-1]} s: {len(whole)} files, all whole", flush=True)
        if len(whole) == len(expected):
            shutil.rmtree(folder / "out")
    assert _separate(folder, "out", model).wait() == 0
    assert contents(folder / "out") == expected
    return {"times": args.times, "seed": args.seed, "waits_s": waits, "with_a_partial": partials}


def ray(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    audio, rate = soundfile.read(_song(args, folder), dtype="float32")
    songs = [folder / "songs" / f"{level}.wav" for level in (0.5, 1.0)]
    songs[0].parent.mkdir()
    for song in songs:
        soundfile.write(song, float(song.stem) * audio, rate, "FLOAT")
    with _cluster() as address:
        return _beside_ray(args, folder, songs, address)


@contextmanager
def _cluster() -> Iterator[str]:
    """A head on this machine, with all of its processors."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    head = {
        "num_cpus": psutil.cpu_count(),
        "num_gpus": 0,
        "object_store_memory": 80 << 20,
        "include_dashboard": False,
    }
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster.address
    finally:
        cluster.shutdown()


def _beside_ray(
    args: argparse.Namespace, folder: Path, songs: Sequence[Path], address: str
) -> dict[str, Any]:
    ways = {"process": Running(jobs=1, force=True), "ray": Running(ray=address, jobs=1, force=True)}
    spans: dict[str, list[float]] = {name: [] for name in ways}
    inside: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(args.rounds):
        for name, running in ways.items():
            with LibraryRun(
                songs, folder / name, running=running, making=Making(),
                model=ModelSpec(model=args.model, device="cpu"),
            ) as run:  # fmt: skip
                run.start(LoggingObserver())
                began = time.perf_counter()
                results = list(run.results())
                spans[name].append(round(time.perf_counter() - began, 3))
                inside[name].append(round(sum(each.wall_seconds for each in results), 3))
            print(f"{name:8s} {spans[name][-1]} s, inside {inside[name][-1]} s", flush=True)
    outside = [1 - i / s for i, s in zip(inside["ray"], spans["ray"], strict=True)]
    return {"seconds": args.seconds, "items": len(songs), "span_s": spans, "inside_s": inside,
            "outside_of_ray": [round(share, 5) for share in outside],
            "ratio": ratios(spans["ray"], spans["process"])}  # fmt: skip


def memory(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # as pytest has it
    from small_models import write_small_model

    model = write_small_model(folder / "small.safetensors")
    peaks = {}
    for name, seconds in {"short": args.seconds, "long": 3600 * args.hours}.items():
        song = _write_minutes(folder / f"{name}.flac", seconds)
        run = _run(["-c", PEAK, "separate", song, "-o", folder / "out", "--model", model,
                    "--compute", "cpu", "--stem", "vocals", "--format", "flac"])  # fmt: skip
        peaks[name] = {"seconds": seconds, **run}
        print(f"{name:8s}", peaks[name], flush=True)
    return {**peaks, "ratio": round(peaks["long"]["peak_mib"] / peaks["short"]["peak_mib"], 3)}


def _write_minutes(path: Path, seconds: float) -> Path:
    """The same minute of soft noise again and again, which takes little room on the disk."""
    minute = np.random.default_rng(0).integers(-8, 9, (60 * RATE, 2)).astype(np.int16)
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        for start in range(0, round(seconds * RATE), len(minute)):
            file.write(minute[: round(seconds * RATE) - start])
    return path


def _separate(folder: Path, out: str, model: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "rtsep", "separate", folder / "m", "-o", folder / out,
               "--model", model, "--compute", "cpu", "--precision", "fp32"]  # fmt: skip
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)  # fmt: skip


def _run(command: Sequence[object]) -> dict[str, float]:
    """Seconds and MiB of a Python command that prints its peak in KiB last."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=True
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = int(done.stdout.splitlines()[-1]) / 1024
    return {"wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "peak_mib": round(peak, 1)}


def _song(args: argparse.Namespace, folder: Path) -> Path:
    if args.song:
        return Path(args.song)
    mix = read_songs([])["stempeg example"]["mixture"]
    samples = round(args.seconds * RATE)
    whole = np.tile(mix, (1, -(-samples // mix.shape[1])))[:, :samples]
    path = folder / "song.wav"
    soundfile.write(path, whole.T, RATE, "FLOAT")
    return path


def _keep_for_demucs(model: str, path: Path) -> None:
    (network,) = load_checkpoint(model).networks
    arguments = arguments_from_config(network.config)
    torch.save({"arguments": arguments, "state": network.state}, path)


def _agreement(folder: Path) -> dict[str, float]:
    """Theirs over the difference, in dB."""
    return {
        file.stem: round(
            sdr(*(soundfile.read(path, dtype="float32")[0].T for path in
                  (folder / "theirs" / file.name, file))), 1)
        for file in sorted((folder / "ours").rglob("*.wav"))
    }  # fmt: skip


MEASURES = {"speed": speed, "quality": quality, "kill": kill, "ray": ray, "memory": memory}

if __name__ == "__main__":
    sys.exit(main())
