"""The same library on a Ray cluster of two nodes, whatever dies there."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from library_support import contents, write_noise

import rtsep

SCRIPT = Path(__file__).parent / "ray_cluster.py"
SONGS = 8
with_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not there for this Python")


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ray") / "music"
    for number in range(SONGS):
        write_noise(root / f"{number}.wav", 2, number)
    return root


@with_ray
@pytest.mark.parametrize("killed", [(), ("actor",), ("node",)], ids=lambda words: "".join(words))
def test_a_cluster_makes_what_one_machine_makes(
    model: Path, music: Path, tmp_path: Path, killed: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, model, music, tmp_path / "cluster", *killed],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == str(SONGS)
    settings = {"model": model, "device": "cpu", "precision": "fp32"}
    for result in rtsep.separate_library(music, tmp_path / "here", **settings):
        assert result.ok
    assert contents(tmp_path / "cluster") == contents(tmp_path / "here")
    assert not [path for path in tmp_path.rglob(".rtsep-*")]
    assert len((tmp_path / "cluster" / "rtsep-log.jsonl").read_text().splitlines()) == SONGS
