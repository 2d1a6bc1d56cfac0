"""The kit for a machine with a card, rehearsed without one: packed, laid out and run in an
environment that has nothing but what such a machine is taken to have."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bare_machine import bare_machine
from safetensors import safe_open

import card.run
from card.__main__ import main
from card.pack import tree_bytes
from card.stages import Stage
from card.summary import summary

ROOT = Path(card.run.__file__).parent.parent
STAGES = ["tests", "turns", "exact", "incremental", "streams", "roofline", "precision", "training"]
MOST_FILES, MOST_MIB = 8, 16  # that can be brought back from such a machine


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit") / "pack"
    assert main(["pack", "--small", "--to", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def rehearsal(
    pack: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[subprocess.CompletedProcess[str], Path]:
    python = bare_machine(tmp_path_factory.mktemp("bare"))
    results = tmp_path_factory.mktemp("results")
    command = [python, "-m", "card", "run", "--pack", pack, "--to", results]
    env = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--device", "cpu", "--small", "--minutes", "8"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done, results


def test_the_bare_machine_lacks_what_is_packed(tmp_path: Path) -> None:
    python = bare_machine(tmp_path)
    for name, there in (("torch", True), ("pytest", True), ("demucs", False), ("rtsep", False)):
        done = subprocess.run(
            [python, "-c", f"import {name}"], cwd=tmp_path, env={}, capture_output=True, check=False
        )
        assert (done.returncode == 0) == there, done.stderr.decode()


def test_every_stage_runs_on_the_bare_machine(
    rehearsal: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, folder = rehearsal
    log = (folder / "log.txt").read_text()
    assert done.returncode == 0, done.stdout + done.stderr + log[-4000:]
    results = json.loads((folder / "results.json").read_text())
    assert list(results["stages"]) == STAGES
    assert all(stage["exit"] == 0 for stage in results["stages"].values())
    assert '"failed": "' not in json.dumps(results) and "failed:" not in log
    assert results["hardware"]["torch"]
    assert results["weights"]["model"] == "htdemucs"
    told = results["summary"]
    assert done.stdout.splitlines()[-len(told) :] == told
    assert told[0].startswith("tests: 0 passed, 0 failed, ")
    assert any("times faster than demucs in fp32" in line for line in told)
    assert not any("not all figures" in line or "did not end well" in line for line in told)
    tests = results["stages"]["tests"]["figures"]
    assert tests["failed"] == {}
    assert any(name.startswith("test_a_graph_equals_eager") for name in tests["skipped"])


def test_the_figures_are_those_that_a_card_has_to_show(
    rehearsal: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    stages = json.loads((rehearsal[1] / "results.json").read_text())["stages"]
    found: dict[str, dict[str, Any]] = {name: stage["figures"] for name, stage in stages.items()}
    turns = found["turns"]["turns"]
    assert {"demucs", "exact, fp32, eager", "incremental, bf16, eager"} < turns.keys()
    assert turns["demucs"]["times_faster"] == 1
    for mode in ("exact", "incremental"):
        alone = found[mode][f"{mode}, bf16, eager"]
        assert alone["steps"] == 5
        assert 0 < alone["p50"] <= alone["p99"] <= alone["p99.9"] <= alone["max"]
        assert f"{mode}, 1 streams" in found["streams"]
        assert found["roofline"][f"{mode}, fp32"]["GFLOP"] > 0
        assert found["roofline"][f"{mode}, fp32"]["launches"] > 100
        compared = found["precision"][f"stempeg example, {mode}"]
        assert compared["to_fp32_db"]["bf16"] > 25
        assert compared["sdr_db"].keys() == {"fp32", "bf16"}
    assert found["training"]["steps"] == 3
    assert len(found["training"]["looks"]) == 2


def test_the_results_are_small_and_a_training_can_go_on_from_them(
    rehearsal: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    files = {path.name: path for path in rehearsal[1].iterdir()}
    assert {"results.json", "log.txt", "training.jsonl", "student.safetensors"} < files.keys()
    assert len(files) <= MOST_FILES
    assert all(path.is_file() and path.stat().st_size < MOST_MIB << 20 for path in files.values())
    with safe_open(files["student.safetensors"], framework="pt") as file:
        assert json.loads(file.metadata()["facts"])["step"] == 3


def test_a_packed_checkpoint_goes_on(
    rehearsal: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path
) -> None:
    pack, results = tmp_path / "pack", tmp_path / "results"
    taken = ["--checkpoint", str(rehearsal[1])]
    assert main(["pack", "--small", "--to", str(pack), *taken]) == 0
    run = ["run", "--pack", str(pack), "--to", str(results), "--only", "training"]
    assert main([*run, "--device", "cpu", "--small"]) == 0
    found = json.loads((results / "results.json").read_text())["stages"]
    assert list(found) == ["training"]
    # Its three steps were made already: official weights, the end of then, the end of now.
    looks = found["training"]["figures"]["looks"]
    assert [look["step"] for look in looks] == [0, 3, 3]


def test_what_one_stage_breaks_costs_no_other(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails, one that hangs and will not be asked, one that dies, and one that is well."""

    def stage(name: str, code: str, share: float = 0.02) -> Stage:
        figures = tmp_path / f"{name}.json"
        write = f"import json; json.dump({{'of': '{name}'}}, open({str(figures)!r}, 'w'))\n"
        return Stage(name=name, share=share, figures=figures,
                     command=lambda seconds: ["-c", write + code])  # fmt: skip

    hang = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    planned = [
        stage("fails", "raise SystemExit(3)"),
        stage("hangs", hang),
        stage("dies", "import os; os.kill(os.getpid(), 11)"),
        stage("is-well", "pass", 1.0),
    ]
    monkeypatch.setattr(card.run, "stages", lambda wanted: planned)
    monkeypatch.setattr(card.run, "GRACE", 0.5)
    args = argparse.Namespace(
        pack=pack, to=tmp_path / "results", minutes=1.0, device="cpu", small=True, only=None
    )
    assert card.run.run(args) == 1
    found = json.loads((tmp_path / "results" / "results.json").read_text())["stages"]
    assert {name: stage["exit"] for name, stage in found.items()} == {
        "fails": 3, "hangs": -9, "dies": -11, "is-well": 0,
    }  # fmt: skip
    assert [name for name, stage in found.items() if stage["out_of_time"]] == ["hangs"]
    assert all(stage["figures"] == {"of": name} for name, stage in found.items())


def test_a_summary_says_what_is_missing() -> None:
    """Stages that were cut short, or failed, leave less than all of their figures."""
    stages = {
        "tests": {"exit": 1, "figures": {"passed": ["a"], "failed": {"b": "why"}, "skipped": []}},
        "turns": {"exit": -9, "figures": {"none": "no file"}},
        "streams": {"exit": -9, "figures": {"exact, streams held": 4}},
    }
    assert summary(stages) == [
        "tests did not end well",
        "turns did not end well",
        "streams did not end well",
        "tests: 1 passed, 1 failed, 0 skipped",
        "exact: 4 streams hold real time",
        "streams: not all figures are there",
    ]


def test_a_part_that_is_missing_or_damaged_is_named(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "pack"
    shutil.copytree(pack / "part-1", copy / "part-1")
    run = ["run", "--pack", str(copy), "--to", str(tmp_path / "results")]
    assert main(run) == 2
    assert f"copy part-2 into {copy}" in capsys.readouterr().err
    shutil.copytree(pack / "part-2", copy / "part-2")
    damaged = copy / "part-1" / "example" / "drums.flac"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert main(run) == 2
    assert "drums.flac is damaged; copy part-1 again" in capsys.readouterr().err


def test_parts_that_do_not_fit_beside_the_tree_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limit = tree_bytes() / (1 << 20) + 2
    assert main(["pack", "--small", "--to", str(tmp_path / "pack"), "--limit", f"{limit}"]) == 2
    assert "fit beside the tree; take more --parts" in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()


def test_the_parts_hold_everything_once(pack: Path) -> None:
    parts = sorted(path.name for path in pack.iterdir())
    assert parts == ["part-1", "part-2"]
    manifest = json.loads((pack / "part-1" / "manifest.json").read_text())
    there = {
        str(path.relative_to(pack / part)): part
        for part in parts
        for path in (pack / part).rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert there == manifest["part"]
    sizes = [sum(p.stat().st_size for p in (pack / part).rglob("*") if p.is_file())
             for part in parts]  # fmt: skip
    assert max(sizes) < 1.5 * min(sizes)


def test_running_needs_only_what_comes_with_python() -> None:
    """Until the wheels are laid out nothing else can be imported."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('numpy', 'torch', 'rtsep', 'soundfile')));"
        "import card.run"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
