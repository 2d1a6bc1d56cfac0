"""The benchmarks that compare peers and costs, with a small network and one round."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_models import write_small_model

from bench import (
    attention,
    conceal,
    cost,
    engines,
    eq,
    hardware,
    levels,
    linears,
    modules,
    peers,
    plots,
    profiling,
    resident,
    start,
    step,
)
from bench.turns import in_turn, percentiles, ratios
from bench.worker import Worker
from rtsep.config import POLICIES

pytestmark = pytest.mark.usefixtures("one_thread")

LONGEST = Fraction(39, 5)
ALIKE_DB = 60.0  # rounding in fp32 only


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    return str(write_small_model(path, segment=LONGEST))


def run_peers(model: str, capsys: pytest.CaptureFixture[str], *names: str) -> dict[str, Any]:
    options = ["--windows", "0.5", "--rounds", "1", "--model", model]
    assert peers.main([*options, "--peers", *names]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found["windows"]["0.5"]["peers"]


def test_a_step_agrees_with_demucs(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_peers(model, capsys, "rtsep, exact step")
    assert found["rtsep, exact step"]["agreement_db"] > ALIKE_DB
    assert found["demucs eager"]["ratio"] == 1
    memory = found["demucs eager"]["memory_mib"]
    assert 0 < memory["imports"] < memory["now"] <= memory["peak"]


def test_the_runtimes_agree_with_demucs(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_peers(model, capsys, "ONNX Runtime", "OpenVINO")
    for name in ("ONNX Runtime", "OpenVINO"):
        assert found[name]["agreement_db"] > ALIKE_DB


def test_a_missing_runtime_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    assert peers.main([]) == 2
    told = capsys.readouterr().err
    assert "onnxruntime and openvino not installed: pip install -e '.[test]'" in told


def test_costs_become_pictures(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "RESULTS", tmp_path)
    options = ["--rounds", "1", "--windows", "1", "2", "--streams", "1", "2", "--model", model]
    for part in ("window", "streams"):
        assert cost.main([part, *options, "--save"]) == 0
    found = plots.newest(tmp_path, "cost-window")
    assert found and found["window_s"]["exact"].keys() == {"1", "2"}
    assert plots.main(["--results", str(tmp_path), "--to", str(tmp_path)]) == 0
    drawn = {path.name for path in tmp_path.glob("*.svg")}
    assert drawn == {"cost-window.svg", "cost-streams.svg"}


@torch.inference_mode()
def test_many_streams_step_together(model: str) -> None:
    work = engines.Work(samples=43 * 1024, threads=1, model=model)
    step = engines.streams(work, "incremental", "fp32", batch=3, count=2)
    assert step().shape == (3, 4, 2, 8192)


def test_what_fails_in_a_worker_is_told() -> None:
    work = engines.Work(samples=43 * 1024, threads=1, model="no-such.safetensors")
    with pytest.raises(RuntimeError, match=r"no-such\.safetensors"):
        Worker(engines.demucs_eager, work)


def test_turns_alternate_and_warm_up() -> None:
    calls: list[str] = []

    def fake(name: str) -> float:
        calls.append(name)
        return float(len(calls))

    times = in_turn({name: lambda name=name: fake(name) for name in "ab"}, rounds=2, warm_up=1)
    assert "".join(calls) == "ababab"
    assert times == {"a": [3.0, 5.0], "b": [4.0, 6.0]}
    assert percentiles(times["a"], ("p50", "p99.9", "max"), scale=1, digits=2) == {
        "p50": 4.0, "p99.9": 5.0, "max": 5.0,
    }  # fmt: skip
    assert ratios([1.0, 3.0], [2.0, 2.0]) == {"ratio": 1.0, "ratio_min": 0.5, "ratio_max": 1.5}


def test_a_start_is_timed_beside_another_build(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "COMMANDS", {"offline": start.COMMANDS["offline"]})
    words = ["--against", str(start.HERE), "--pairs", "1", "--", "--model", model]
    assert start.main(words) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["offline"]
    assert 0 < found["this_s"]["p50"] == found["this_s"]["max"]
    assert 0.1 < found["ratio"] < 10  # the same build


def test_a_step_is_timed_beside_another_build(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--against", str(step.HERE), "--pairs", "1", "--model", model, "--executors", "eager"]
    frames = ["--frames", "20", "2", "2", "--weights", str(tmp_path)]
    assert step.main([*words, *frames, "--processors", "avx2", "--precisions", "int8"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["avx2"]
    assert set(found) == {"this int8 eager", "other auto eager", "demucs"}
    assert 0.1 < found["this int8 eager"]["ratio"] < 10  # the same build
    assert found["other auto eager"]["refresh"] == 2 + 2 + 3


@pytest.mark.skipif(sys.platform != "linux", reason="shares of pages are told there only")
def test_what_a_session_keeps_in_memory(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(resident, "SECONDS", 2)
    words = ["--against", str(resident.HERE), "--pairs", "1", "--model", model]
    assert resident.main([*words, "--executor", "eager", "--weights", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["mib"]
    assert set(found["this"]) == {"session", "engine", "others", "sum"}
    assert found["this"]["engine"] > found["this"]["session"] > 5
    assert 0.5 < found["ratio"] < 2  # the same build


def test_a_session_that_does_not_play_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended before it had played"):
        resident.resident(resident.HERE, ["--input", str(tmp_path / "none.wav")])


def test_rounding_the_linear_layers_costs_what_formats_can_hold(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert linears.main(["--rounds", "1", "--model", model]) == 0
    formats = json.loads(capsys.readouterr().out.splitlines()[-1])["formats"]
    assert formats["fp32"]["snr_db"] is None
    assert formats["bf16, packed"]["snr_db"] > formats["int8, dynamic"]["snr_db"] > 10


def test_modules_have_a_limit_here_and_on_a_card(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--frames", "20", "2", "2", "--steps", "2", "--rows", "128", "--model", model]
    assert modules.main([*few, "--precisions", "bf16"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    here, card = found["bf16"]["modules"]["step"]["all"], found["H100"]["step"]["all"]
    assert here["GFLOP"] == card["GFLOP"] > 0
    assert here["call_by_call_ms"] > card["call_by_call_ms"] > card["floor_ms"] > 0
    assert here["share_of_floor"] < here["share"]
    assert 0 < found["card"]["share_of_floor"] < 0.1
    assert found["card"]["us_per_kernel"]["alone"] < found["card"]["us_per_kernel"]["step"]


def test_attention_by_products_is_about_as_near(capsys: pytest.CaptureFixture[str]) -> None:
    assert attention.main(["--rounds", "1"]) == 0
    for ways in json.loads(capsys.readouterr().out.splitlines()[-1])["windows"].values():
        assert ways["fused"]["to_fused"] == 1
        assert 35 < ways["products"]["snr_db"] < ways["fused"]["snr_db"] + 3


def test_profiling_is_weighed(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--rounds", "2", "--blocks", "50", "--seconds", "0.3", "--model", model]
    assert profiling.main(few) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(found["costs"]) == {"callback", "step", "reading", "pauses"}
    assert found["share"] == pytest.approx(
        sum(row["share"] for row in found["costs"].values()), abs=1e-5
    )


def test_equalizers_are_weighed(capsys: pytest.CaptureFixture[str]) -> None:
    assert eq.main(["--rounds", "3"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    for times in found["us"].values():
        assert times["all in the middle"]["p50"] < times["both moving"]["p50"]
        assert times["both and headphones moving"]["p50"] > 0
    assert found["share"] > 0 and "frames of 32 by a matrix" in found["ways_us"]


def test_the_masters_meter_is_weighed(capsys: pytest.CaptureFixture[str]) -> None:
    assert levels.main(["--rounds", "3"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["us"].keys() == {str(rate) for rate in levels.RATES}
    assert all(times["share_of_a_core"] > 0 for times in found["us"].values())


def replayed(stalled: conceal.Stalled, policy: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What was known beforehand, what is heard of it, and where a substitute is."""
    rng = np.random.default_rng(1)
    late = 0.1 * rng.standard_normal((4, 2, 3 * conceal.RATE)).astype(np.float32)
    session = conceal.Replayed(late, stalled, instant=policy == "instant")
    heard, where = session.alone(policy, late.sum(0))
    return late[..., : heard.shape[-1]], heard, where


def test_a_replayed_session_plays_what_the_engine_is_known_to_say() -> None:
    late, heard, where = replayed(lambda position: False, "hold")
    assert not where.any()
    np.testing.assert_allclose(heard, late, atol=1e-6)


@pytest.mark.parametrize("policy", POLICIES)
def test_stalls_of_a_replayed_session_are_concealed_as_live(policy: str) -> None:
    """Half a second, less what a step has to spare; all else is what it was."""
    late, heard, where = replayed(lambda position: 44_100 <= position < 66_150, policy)
    assert 0.3 * conceal.RATE < np.count_nonzero(where) < 0.7 * conceal.RATE
    np.testing.assert_allclose(heard[..., ~where], late[..., ~where], atol=1e-6)
    deep = np.flatnonzero(where)[2000:-2000]
    substitute = {"dry": late.sum(0) * np.ones((4, 1, 1)), "silence": np.zeros_like(late)}
    if policy in substitute:
        np.testing.assert_allclose(heard[..., deep], substitute[policy][..., deep], atol=1e-6)
    else:
        np.testing.assert_allclose(heard.sum(0)[:, deep], late.sum(0)[:, deep], atol=1e-5)
