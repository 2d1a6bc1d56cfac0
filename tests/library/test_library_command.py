"""`rtsep separate` of a whole library, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from cli_support import Done, finish, start
from library_support import contents, write_broken, write_library, write_noise

QUIET = {"OMP_NUM_THREADS": "1"}
KILLS = 3


def begun(model: Path, *arguments: object) -> subprocess.Popen[str]:
    settings = ("--model", model, "--compute", "cpu", "--precision", "fp32")
    return start("-m", "rtsep", "separate", *arguments, *settings)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)


def log_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "rtsep-log.jsonl").read_text().splitlines()]


def test_two_hundred_files_ten_of_them_broken(model: Path, tmp_path: Path) -> None:
    root, out = tmp_path / "music", tmp_path / "out"
    songs, broken = write_library(root, folders=19, songs=10), write_broken(root)
    assert (len(songs), len(broken)) == (190, 10)
    done = finish(begun(model, root, "-o", out, "--json"))
    assert done.code == 1 and "10 of 200 files failed" in done.said[-1]
    assert counts(done) == {"files": 200, "separated": 190, "there": 0, "failed": 10}
    failed = {Path(line["file"]): line for line in log_of(out) if line["status"] == "failed"}
    assert failed.keys() == broken.keys()
    for path, complaint in broken.items():
        assert complaint in failed[path]["message"] and failed[path]["kind"] == "unreadable"
    folders = {line["folder"] for line in log_of(out) if line["status"] == "ok"}
    assert len(folders) == 190
    before = contents(out)
    assert len(before) == 190 * 5

    again = finish(begun(model, root, "-o", out, "--json"))
    assert again.code == 1
    assert counts(again) == {"files": 200, "separated": 0, "there": 190, "failed": 10}
    assert contents(out) == before and len(log_of(out)) == 400
    assert sorted(again.out.splitlines()[:-1]) == sorted(done.out.splitlines()[:-1])


def counts(done: Done) -> dict[str, int]:
    return {name: done.json[name] for name in ("files", "separated", "there", "failed")}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Songs that take a moment each."""
    root = tmp_path_factory.mktemp("shelf") / "music"
    for number in range(12):
        write_noise(root / f"{number % 3}" / f"{number // 3}.wav", 1 + number / 10, number)
    return root


@pytest.fixture(scope="module")
def undisturbed(model: Path, shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        assert finish(begun(model, shelf, "-o", out)).code == 0
    return contents(out)


def wait_for(out: Path, lines: int, process: subprocess.Popen[str]) -> None:
    """Until so many files are done."""
    log = out / "rtsep-log.jsonl"
    while process.poll() is None and (not log.exists() or log.read_text().count("\n") < lines):
        time.sleep(0.002)


def no_file_is_half(out: Path, undisturbed: dict[str, bytes]) -> None:
    """Outside of the partial folders everything is as it will be."""
    for name, data in contents(out).items():
        if ".rtsep-part-" not in name:
            assert data == undisturbed[name], name


def test_killed_at_random(
    model: Path, shelf: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    rng, out, ended = np.random.default_rng(5), tmp_path / "out", 0
    for _ in range(KILLS):
        process = begun(model, shelf, "-o", out)
        wait_for(out, ended + int(rng.integers(1, 4)), process)
        time.sleep(rng.uniform(0, 0.3))
        family = [process, *psutil.Process(process.pid).children(recursive=True)]
        process.kill()
        process.communicate()
        psutil.wait_procs(family[1:], timeout=30)
        assert process.returncode == -signal.SIGKILL
        no_file_is_half(out, undisturbed)
        ended = len(log_of(out))
    assert finish(begun(model, shelf, "-o", out)).code == 0
    assert contents(out) == undisturbed
    assert not list(out.rglob(".rtsep-part-*"))


@pytest.mark.parametrize("form", ["opus", "stem"])
def test_killed_while_it_compresses(model: Path, shelf: Path, tmp_path: Path, form: str) -> None:
    """In the end there is to the bit what an undisturbed run makes."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    assert finish(begun(model, shelf, "-o", whole, "--format", form)).code == 0
    process = begun(model, shelf, "-o", out, "--format", form)
    wait_for(out, 3, process)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    psutil.wait_procs(family, timeout=30)
    no_file_is_half(out, contents(whole))
    assert finish(begun(model, shelf, "-o", out, "--format", form)).code == 0
    assert contents(out) == contents(whole) and len(contents(out)) == 12 * (
        5 if form == "opus" else 2
    )


def worker_of(process: subprocess.Popen[str]) -> psutil.Process:
    """That which computes: the largest."""
    children = psutil.Process(process.pid).children(recursive=True)
    return max(children, key=lambda child: child.memory_info().rss)


def test_a_worker_that_is_killed_is_replaced(
    model: Path, shelf: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = begun(model, shelf, "-o", out, "--json")
    wait_for(out, 2, process)
    worker_of(process).kill()
    done = finish(process)
    assert done.code == 0 and done.json["separated"] == 12
    assert contents(out) == undisturbed and len(log_of(out)) == 12


def test_several_jobs_make_the_same(
    model: Path, shelf: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    done = finish(begun(model, shelf, "-o", tmp_path / "out", "--jobs", 2))
    assert done.code == 0 and contents(tmp_path / "out") == undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(
    model: Path, shelf: Path, undisturbed: dict[str, bytes], tmp_path: Path, number: int
) -> None:
    out = tmp_path / "out"
    process = begun(model, shelf, "-o", out)
    wait_for(out, 2, process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    done = finish(process)
    assert done.code == 1 and done.said[-1] == "rtsep: interrupted"
    assert not psutil.wait_procs(children, timeout=10)[1]
    assert not list(out.rglob(".rtsep-part-*"))
    no_file_is_half(out, undisturbed)
    assert any("separated" in line for line in done.said)  # the table
    assert 2 <= len(log_of(out)) < 12


MEASURE = """
import sys
from pathlib import Path
from rtsep.cli.main import main
assert main(sys.argv[1:]) == 0
(line,) = [l for l in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in l]
print(line.split()[1])
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux tells the peak")
def test_a_long_file_needs_no_more_memory(model: Path, tmp_path: Path) -> None:
    peaks = []
    for seconds in (10, 120):  # of which the sound alone is 42 MB, and all stems 170
        song = write_noise(tmp_path / f"{seconds}.wav", seconds, 1)
        command = ["separate", song, "-o", tmp_path / "out", "--model", model, "--compute", "cpu"]
        run = [sys.executable, "-c", MEASURE, *map(str, command), "--precision", "fp32"]
        done = subprocess.run(run, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] <= 1.1 * peaks[0], peaks
