"""`rtsep tune`, `--latency` and the modes and precisions that it chooses from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cli_support import Rtsep, db, sound

from rtsep.cli.setup.tune import _HEADING, _row
from rtsep.doctor import model as doctor
from rtsep.doctor.facts import ModelFacts
from rtsep.doctor.surroundings import Surroundings
from rtsep.engine import tune as tuning
from rtsep.engine.separator import Separator
from rtsep.engine.tune import Setting, Trial
from rtsep.engine.tuning_time import USUALLY
from rtsep.setup.compiling import Compiler

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def short_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "TRIAL_SECONDS", 0.3)
    monkeypatch.setattr(tuning, "PROOF_SECONDS", 0.6)


def test_what_tune_finds_is_what_latency_auto_takes(
    rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path
) -> None:
    model = ("--model", small_model, "--cache", tmp_path, "--compute", "cpu")
    tuned = rtsep("tune", *model, "--no-compile", "--json")
    assert tuned.code == 0
    told = json.loads(tuned.out.splitlines()[-1])
    chosen = told["chosen"]
    assert len(tuned.said) == len(told["trials"]) + 4
    age = 1000 * (chosen["hop"] + chosen["lookahead"] + chosen["budget"])
    assert tuned.said[-1] == (
        f"--latency instant: 23 ms and what devices add, from stems that are up to {age:.0f} ms old"
    )
    ran = rtsep("--input", song, "--output", "null", *model, "--latency", "auto", "--json")
    assert ran.code == 0 and "measuring" not in ran.err
    report = json.loads(ran.out.splitlines()[-1])
    assert report["spec"]["mode"] == chosen["mode"]
    assert report["spec"]["hop"]["ms"] == pytest.approx(1000 * chosen["hop"], abs=0.01)
    latency = 1000 * (chosen["hop"] + chosen["lookahead"])
    assert report["latency"]["algorithmic"]["ms"] == pytest.approx(latency, abs=0.01)


def test_a_live_session_takes_the_budget_too(
    rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path
) -> None:
    model = ("--model", small_model, "--cache", tmp_path, "--compute", "cpu")
    tuned = rtsep("tune", *model, "--no-compile", "--json")
    chosen = json.loads(tuned.out.splitlines()[-1])["chosen"]
    (path,) = tmp_path.glob("tuning-*.json")
    kept = json.loads(path.read_text())
    for trial in kept["trials"]:  # as if answers had been slow now and then
        trial["answer_ms"] = trial["p50_ms"] + (800 - trial["p50_ms"]) / 2.5
    path.write_text(json.dumps(kept))
    live = ("--pace", "realtime", "--output", "null", "--ui", "off", "--midi", "off", "--json")
    latency = f"{1000 * (chosen['hop'] + chosen['lookahead']) + 0.1:.3f}"
    for options, budget in (((), 0.8), (("--budget", "500"), 0.5)):
        ran = rtsep("--input", song, *model, "--latency", latency, *live, *options)
        report = json.loads(ran.out.splitlines()[-1])
        assert report["latency"]["compute"]["ms"] == pytest.approx(1000 * budget, abs=0.1)
        assert report["spec"]["hop"]["ms"] == pytest.approx(1000 * chosen["hop"], abs=0.01)
    ran = rtsep("--input", song, *model, "--latency", "auto", *live)
    report = json.loads(ran.out.splitlines()[-1])  # of a busy machine, more
    assert report["latency"]["compute"]["ms"] > 799
    assert report["spec"]["hop"]["ms"] > 1000 * chosen["hop"] - 0.01


def test_a_latency_out_of_reach_is_told(
    rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path
) -> None:
    model = ("--model", small_model, "--cache", tmp_path, "--compute", "cpu")
    done = rtsep("--input", song, "--output", "null", *model, "--latency", "5")
    assert done.code == 2
    (complaint,) = done.said
    assert complaint.endswith("not 5 ms; ask for more, or take --latency auto")


def test_how_long_it_takes_is_said_alike_everywhere(rtsep: Rtsep) -> None:
    """With the figures that come of what it does; the README has room for them only so."""
    outcome = doctor.tuning(
        ModelFacts(device="cpu", precision="fp32", loaded=True, notices=(), tuned=None),
        Surroundings(cache=Path("."), folder=Path(".")),
    )
    assert outcome is not None
    assert USUALLY in words(rtsep("tune", "--help").out)
    assert USUALLY in outcome.advice
    assert USUALLY in words((ROOT / "docs" / "doctor.md").read_text("utf-8"))
    assert USUALLY in words((ROOT / "README.md").read_text("utf-8"))


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_table_fits_into_a_terminal() -> None:
    setting = Setting(mode="incremental", window=2.0, hop=0.929, lookahead=0.046)
    rest = {"setting": setting, "compiled": True, "steps": 5168}
    slowest = _row(Trial(p50_ms=3131.0, p90_ms=3200.0, answer_ms=10500.0, **rest))
    assert "too slow" in slowest and len(slowest) < 80
    row = _row(Trial(p50_ms=31.0, p90_ms=32.0, answer_ms=105.0, **rest))
    ends = [found.end() for found in re.finditer(r"hop|p50|p90|answer|latency", _HEADING)]
    assert len(row) < 80 and ends == [found.end() for found in re.finditer(" ms", row)]


class Stops:
    """Trials that take no time, and Ctrl-C in the one of that number."""

    def __init__(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self._number = number
        monkeypatch.setattr(tuning, "try_setting", self._try)

    def _try(self, separator: Separator, setting: Setting, seconds: float) -> Trial:
        self._number -= 1
        if self._number == 0:
            raise KeyboardInterrupt
        ms = 250.0
        return Trial(setting=setting, compiled=False, steps=9, p50_ms=ms, p90_ms=ms, answer_ms=ms)


def test_what_is_interrupted_changes_nothing(
    rtsep: Rtsep, small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was tuned before stays, since half a table has proven nothing; compiled steps stay."""
    model = ("--model", small_model, "--cache", tmp_path, "--device", "cpu")
    monkeypatch.setattr(Compiler, "__call__", lambda self, spec: Path("step"))
    Stops(0, monkeypatch)
    assert rtsep("tune", *model, "--no-compile").code == 0
    (path,) = tmp_path.glob("tuning-*.json")
    before = path.read_bytes()
    trials = len(json.loads(before)["trials"])
    Stops(2, monkeypatch)
    early = rtsep("tune", *model)
    assert early.code == 1
    assert early.said[-1] == "rtsep: interrupted; nothing is remembered"
    Stops(trials - 1, monkeypatch)  # after them come the exact mode and the proof
    late = rtsep("tune", *model)
    assert late.said[-1] == (
        "rtsep: interrupted; nothing is remembered but 1 compiled step, for the next time"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_incremental_stems_sum_to_the_input(
    rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path, precision: str
) -> None:
    done = rtsep(
        "--input", song, "--output", tmp_path, "--model", small_model, "--compute", "cpu",
        "--window", "0.6", "--hop", "50", "--mode", "incremental", "--precision", precision,
    )  # fmt: skip
    assert done.code == 0
    assert db(sound(tmp_path / "mix.wav") - sound(song)) < -110


def test_refresh_is_checked(rtsep: Rtsep, small_model: Path, song: Path) -> None:
    done = rtsep(
        "--input",
        song,
        "--output",
        "null",
        "--model",
        small_model,
        "--window",
        "0.6",
        "--mode",
        "incremental",
        "--refresh",
        "20",
    )
    assert done.code == 2 and "refresh must be whole frames" in done.complaint
