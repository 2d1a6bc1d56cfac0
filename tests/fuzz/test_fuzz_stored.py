"""Caches and downloads: what somebody else may have written into them is refused or forgotten."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given

from rtsep.engine.compiled import CompiledSteps
from rtsep.errors import CompileError
from rtsep.ownership import is_ours
from tests.fuzz import tiny
from tests.fuzz.holding import SEEDS, accepted, holds, refused, some
from tests.fuzz.sandbox import Sandbox
from tests.fuzz.stored import BAGS, MANIFEST, good_tuning, package


@pytest.mark.parametrize("name", ["bag", "tuned", "npm"])
@some(40)
@given(seed=SEEDS)
def test_anything_stored(sandbox: Sandbox, name: str, seed: int) -> None:
    holds(sandbox, name, seed)


@some(8)
@given(SEEDS)
def test_any_manifest(sandbox: Sandbox, seed: int) -> None:
    holds(sandbox, "manifest", seed)


def test_what_is_whole(sandbox: Sandbox) -> None:
    for content in BAGS:
        accepted(sandbox, "bag", content)
    accepted(sandbox, "manifest", MANIFEST)
    accepted(sandbox, "tuned", good_tuning())
    accepted(sandbox, "npm", package())


ROW = ",".join(["1"] * 800)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (f"models: [a]\nweights: [&a [{ROW}]{', *a' * 500}]", "repeats parts of itself"),
        ("a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nmodels: [a]", "repeats parts of itself"),
        ("models: " + "[" * 30_000, "nests too much"),
        ("models: [a]\nweights: [[1" + "0" * 400 + "]]", "weights must be 0 to 1e+06"),
        ("models: [a]\nweights: [[.nan]]", "weights must be 0 to 1e+06"),
        ("models: [!!int '']", "not a readable yaml file"),
        ("models: [!!bool x]", "not a readable yaml file"),
        ("models: [!!timestamp x]", "not a readable yaml file"),
        ("models: [!!python/object/apply:os.system [touch canary]]", "not a readable yaml file"),
        ("models: [../../etc/passwd]", "does not list the networks"),
    ],
)
def test_bags(sandbox: Sandbox, content: str, complaint: str) -> None:
    assert complaint in refused(sandbox, "bag", content.encode())


@pytest.mark.parametrize("size", ["Infinity", "1e400", "[" * 100_000, "null", '"x"'])
def test_manifests(sandbox: Sandbox, size: str) -> None:
    accepted(sandbox, "manifest", f'{{"bytes": {size}, "sha256": "x"}}'.encode())


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("hop", "x"), ("hop", None), ("hop", 1e308), ("hop", -1), ("mode", 5), ("window", 1e9),
        ("p90_ms", "4"), ("p90_ms", -1), ("answer_ms", 1e300), ("p50_ms", 10**400),
        ("compiled", 1), ("more", 1), ("setting", []),
    ],
)  # fmt: skip
def test_tuned_settings(sandbox: Sandbox, where: str, value: object) -> None:
    kept = json.loads(good_tuning())
    (trial,) = kept["trials"]
    inner = trial["setting"] if where in trial["setting"] else trial
    inner[where] = value
    assert "forgotten" in refused(sandbox, "tuned", json.dumps(kept).encode())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system knows no owners")
def test_native_code_that_others_could_have_written(tmp_path: Path) -> None:
    folder = tmp_path / "compiled"
    folder.mkdir(mode=0o700)
    step = folder / "step-0.pt2"
    assert not is_ours(step)
    step.touch(mode=0o644)
    assert is_ours(step)
    for path, mode, ours in (
        (step, 0o646, False), (step, 0o664, True), (folder, 0o777, False), (folder, 0o775, True),
    ):  # fmt: skip
        before = path.stat().st_mode
        path.chmod(mode)
        assert is_ours(step) is ours
        path.chmod(before)
    folder.chmod(0o777)
    with pytest.raises(CompileError, match="make it yours alone, or choose another --cache"):
        spec = tiny.separator().spec(window=0.5, hop=0.05, lookahead=0.01)
        CompiledSteps(folder, tiny.separator()._bag).make(spec, 1)
    if os.getuid() == 0:  # others cannot give files away
        folder.chmod(0o700)
        os.chown(step, 12345, 12345)
        assert not is_ours(step)
