"""What is done with a card, in this order, each as a process of its own with a time of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from card.unpack import ROOT, Unpacked

RESERVED = 0.2  # of the time, for the last stage


@dataclass(frozen=True, kw_only=True)
class Stage:
    """`command` follows the interpreter, and is made from the seconds that the stage has. `figures`
    is the file that it writes."""

    name: str
    share: float  # of all time, at most; the last stage takes what is left
    command: Callable[[float], list[str]]
    figures: Path


@dataclass(frozen=True, kw_only=True)
class Wanted:
    device: str
    small: bool
    pack: Unpacked
    work: Path
    results: Path


def stages(wanted: Wanted) -> list[Stage]:
    return [
        _tests(wanted),
        _bench(wanted, "turns", 0.15, "bench.gpu", "turns", rounds=100),
        _bench(wanted, "exact", 0.17, "bench.gpu", "exact", steps=20_000),
        _bench(wanted, "incremental", 0.17, "bench.gpu", "incremental", steps=20_000),
        _bench(wanted, "streams", 0.1, "bench.gpu", "streams", steps=400),
        _bench(wanted, "roofline", 0.08, "bench.roofline"),
        _bench(wanted, "precision", 0.12, "bench.precision", music=wanted.pack.music),
        _training(wanted),
    ]


def _tests(wanted: Wanted) -> Stage:
    report = wanted.work / "tests.xml"
    command = ["-m", "pytest", "-v", "-rf", "-m", "gpu", "-p", "no:cacheprovider"]
    # A warning that only a card provokes is told of, and is no failure.
    command += ["-W", "default", "--weights", str(wanted.pack.weights), "--junitxml", str(report)]
    command += [str(path) for path in _marked()]
    return Stage(name="tests", share=0.2, command=lambda seconds: command, figures=report)


def _marked() -> list[Path]:
    """Files with tests for a card; all others would need packages that are not there."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [path for path in files if "pytest.mark.gpu" in path.read_text("utf-8")]


def _bench(
    wanted: Wanted, name: str, share: float, module: str, *parts: str, **options: object
) -> Stage:
    path = wanted.work / f"{name}.json"
    fewest = {"rounds": 2, "steps": 5}
    if wanted.small:
        options = {key: fewest.get(key, value) for key, value in options.items()}
        if module == "bench.precision":
            options |= {"excerpt": 0.4, "files": 1}
        if module == "bench.roofline":
            options |= {"rows": 128, "profiled": 1}

    def command(seconds: float) -> list[str]:
        limits = (
            {"seconds": round(0.7 * seconds, 1)} if "20000" in map(str, options.values()) else {}
        )
        given = [f"--{key}={value}" for key, value in {**options, **limits}.items()]
        return ["-m", module, *parts, "--device", wanted.device, "--json", str(path), *given]

    return Stage(name=name, share=share, command=command, figures=path)


LOOK_SECONDS = 25.0  # that the last look at what was learnt takes on a card
HELD_OUT = ("everythingisremixed-potassium", "fretsonfire-armygeddon")
BATCH = 32  # windows a step, which costs a card hardly more than one


def _training(wanted: Wanted) -> Stage:
    def command(seconds: float) -> list[str]:
        minutes = max(seconds - LOOK_SECONDS, seconds / 2) / 60
        made = ["-m", "training", "--music", str(wanted.pack.music), "--to", str(wanted.results)]
        made += ["--device", wanted.device, "--minutes", f"{minutes:.2f}"]
        made += ["--every", "280", "--watched", "5", "--batch", str(BATCH)]
        if not wanted.small:
            made += ["--held-out", *HELD_OUT]
        else:
            made += ["--small", "--steps", "3", "--watched", "0.5", "--held-out", "2"]
            made += ["--batch", "1"]
        return made

    return Stage(name="training", share=1.0, command=command,
                 figures=wanted.results / "training.jsonl")  # fmt: skip
