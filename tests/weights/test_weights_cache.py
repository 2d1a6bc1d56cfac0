"""The cache: whole or not there, whatever happens; found again; never outside its folder."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest
from weights_support import Recorder, leftovers, random_network, same_state

from rtsep import atomic
from rtsep.errors import ModelError, RtsepError
from rtsep.weights.cache import Cache
from rtsep.weights.checkpoint import NetworkWeights

ONES = [[1.0] * 4]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "deep" / "cache")


def store(cache: Cache, network: NetworkWeights, name: str = "mine") -> None:
    cache.store_network(network)
    cache.store_model(name, [network.signature], ONES)


def test_a_stored_model_is_found(cache: Cache, small: NetworkWeights, observer: Recorder) -> None:
    assert cache.models() == [] and cache.model("mine", observer) is None
    store(cache, small)
    assert cache.models() == ["mine"]
    found = cache.model("mine", observer)
    assert found is not None and found.name == "mine" and found.stems == small.config.stems
    assert same_state(found.networks[0], small)
    assert observer.notices == []


def test_files_have_normal_permissions(cache: Cache, small: NetworkWeights) -> None:
    before = os.umask(0o022)
    try:
        store(cache, small)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in cache.folder.iterdir()}
    assert modes == {0o644}


def test_a_model_is_there_only_with_its_last_file(
    cache: Cache, small: NetworkWeights, observer: Recorder
) -> None:
    store(cache, small)
    for missing in list(cache.folder.iterdir()):
        content = missing.read_bytes()
        missing.unlink()
        assert cache.model("mine", observer) is None, missing.name
        missing.write_bytes(content)
    assert cache.model("mine", observer) is not None


@pytest.mark.parametrize("damage", ["flipped", "shorter", "longer", "manifest"])
def test_damage_is_noticed(
    cache: Cache, small: NetworkWeights, observer: Recorder, damage: str
) -> None:
    store(cache, small)
    path = cache.network_path(small.signature)
    content = path.read_bytes()
    if damage == "flipped":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "shorter":
        path.write_bytes(content[:-1])
    elif damage == "longer":
        path.write_bytes(content + b"x")
    else:
        facts = {"bytes": len(content), "sha256": "0" * 64}
        path.with_suffix(".json").write_text(json.dumps(facts))
    assert cache.model("mine", observer) is None
    assert len(observer.notices) == 1 and "damaged" in observer.notices[0]


@pytest.mark.parametrize("manifest", ["", "{}", "[]", '{"bytes": "x", "sha256": 3}', "\udcff"])
def test_an_unreadable_manifest_means_not_there(
    cache: Cache, small: NetworkWeights, observer: Recorder, manifest: str
) -> None:
    store(cache, small)
    path = cache.network_path(small.signature).with_suffix(".json")
    path.write_bytes(manifest.encode(errors="surrogateescape"))
    assert cache.model("mine", observer) is None


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a\\b", "x" * 65, "a\nb", "ü"])
def test_names_cannot_leave_the_folder(cache: Cache, small: NetworkWeights, name: str) -> None:
    with pytest.raises(ModelError, match="name is letters"):
        cache.store_model(name, ["net0"], ONES)
    with pytest.raises(ModelError, match="name is letters"):
        cache.store_network(random_network(signature=name or "\0"))
    assert leftovers(cache.folder) == []


def test_foreign_files_in_the_folder_do_no_harm(cache: Cache, small: NetworkWeights) -> None:
    store(cache, small)
    for name in ("my notes.yaml", "list.yaml", "x.safetensors"):
        (cache.folder / name).write_text("- 1")
    (cache.folder / "up.yaml").write_text("models: ['../../etc/passwd']")
    assert cache.models() == ["mine"]


def test_a_failed_write_leaves_the_old_file(
    cache: Cache, small: NetworkWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(cache, small)
    before = {path.name: path.read_bytes() for path in cache.folder.iterdir()}

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "_flush_to_disk", full)
    with pytest.raises(RtsepError, match=r"cannot write to the cache .*\(No space left"):
        cache.store_network(random_network(1, signature=small.signature))
    assert {path.name: path.read_bytes() for path in cache.folder.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, small: NetworkWeights) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RtsepError, match="cannot write to the cache"):
        store(Cache(tmp_path / "file" / "cache"), small)
    with (
        pytest.raises(RtsepError, match="cannot write to the cache"),
        Cache(tmp_path / "file" / "cache").lock("mine"),
    ):
        pass


def _store_for_ever(folder: Path) -> None:
    cache = Cache(folder)
    seed = 0
    while True:
        seed += 1
        cache.store_network(random_network(seed % 2, signature="net"))
        cache.store_model("mine", ["net"], ONES)


@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.1])
def test_killed_while_writing_never_gives_a_wrong_model(
    cache: Cache, observer: Recorder, delay_s: float
) -> None:
    writer = multiprocessing.get_context("spawn").Process(
        target=_store_for_ever, args=(cache.folder,)
    )
    writer.start()
    deadline = time.monotonic() + 60
    while not cache.models() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(delay_s)
    writer.kill()
    writer.join()
    found = cache.model("mine", observer)
    if found is None:  # killed between a network and its hash: noticed, and fetched again
        return
    assert any(same_state(found.networks[0], random_network(seed)) for seed in (0, 1))
