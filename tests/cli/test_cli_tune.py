"""`rtsep tune`, `--latency` and the modes and precisions that it chooses from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_support import Rtsep, db, sound

from rtsep.engine import tune as tuning


@pytest.fixture(autouse=True)
def short_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "TRIAL_SECONDS", 0.3)
    monkeypatch.setattr(tuning, "PROOF_SECONDS", 0.6)


def test_what_tune_finds_is_what_latency_auto_takes(
    rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path
) -> None:
    model = ("--model", small_model, "--cache", tmp_path, "--device", "cpu")
    tuned = rtsep("tune", *model, "--no-compile", "--json")
    assert tuned.code == 0
    told = json.loads(tuned.out.splitlines()[-1])
    chosen = told["chosen"]
    assert len(tuned.said) == len(told["trials"]) + 3
    ran = rtsep("--input", song, *model, "--latency", "auto", "--json")
    assert ran.code == 0 and "measuring" not in ran.err
    report = json.loads(ran.out.splitlines()[-1])
    assert report["spec"]["mode"] == chosen["mode"]
    assert report["spec"]["hop"]["ms"] == pytest.approx(1000 * chosen["hop"], abs=0.01)
    latency = 1000 * (chosen["hop"] + chosen["lookahead"])
    assert report["latency"]["algorithmic"]["ms"] == pytest.approx(latency, abs=0.01)


def test_a_live_session_takes_the_budget_too(
    rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path
) -> None:
    model = ("--model", small_model, "--cache", tmp_path, "--device", "cpu")
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
    model = ("--model", small_model, "--cache", tmp_path, "--device", "cpu")
    done = rtsep("--input", song, *model, "--latency", "5")
    assert done.code == 2
    said, complaint = done.said
    assert said.startswith("measuring which latency this machine holds with small, once: ")
    assert complaint.endswith("not 5 ms; ask for more, or take --latency auto")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_incremental_stems_sum_to_the_input(
    rtsep: Rtsep, small_model: Path, song: Path, tmp_path: Path, precision: str
) -> None:
    done = rtsep(
        "--input", song, "--output", tmp_path, "--model", small_model, "--device", "cpu",
        "--window", "0.6", "--hop", "50", "--mode", "incremental", "--precision", precision,
    )  # fmt: skip
    assert done.code == 0
    assert db(sound(tmp_path / "mix.wav") - sound(song)) < -110


def test_refresh_is_checked(rtsep: Rtsep, small_model: Path, song: Path) -> None:
    done = rtsep(
        "--input",
        song,
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
