"""A compiled step is the step: the same stems, the same state, from a file that is found again.

Compiled is a very small network, as it takes a real one minutes; `bench/incremental.py` has that.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from music import mixture
from networks import small_bag
from torch import Tensor

from rtsep.config import StreamSpec
from rtsep.engine import compiled as compiling
from rtsep.engine.compiled import CompiledSteps
from rtsep.engine.converted import ConvertedModels
from rtsep.engine.hops import HopStream
from rtsep.engine.precision import FP32
from rtsep.engine.separator import Separator
from rtsep.engine.stream import Stream
from rtsep.errors import CompileError, ConfigError
from rtsep.executors.constants import Constants
from rtsep.executors.package import Package, write_package
from rtsep.metrics import sdr
from rtsep.model.bag import Bag

FRAME, HOP = 1024, 2048
SPEC = StreamSpec(
    window=10 * FRAME, hop=HOP, lookahead=2 * FRAME, crossfade=512, frame=FRAME, sample_rate=44100,
    mode="incremental", refresh=7 * FRAME,
)  # fmt: skip
WIDE = dataclasses.replace(SPEC, refresh=9 * FRAME)
LONGER = SPEC.with_hop(3 * FRAME)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def bag() -> Bag:
    bag = small_bag(depth=1, t_layers=1, channels=8)
    bag.set_precision(torch.float32)  # as every separator does
    return bag


@pytest.fixture(scope="module")
def folder(bag: Bag, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the step is compiled."""
    folder = tmp_path_factory.mktemp("compiled")
    assert CompiledSteps(folder, bag).make(SPEC, 1).exists()
    return folder


@pytest.fixture
def stream(bag: Bag, folder: Path) -> Callable[..., HopStream]:
    def make(executor: str, spec: StreamSpec = SPEC) -> HopStream:
        compiled = CompiledSteps(folder, bag)
        return HopStream(bag, spec, batch=1, device=CPU, executor=executor, compiled=compiled)

    return make


def blocks(count: int, hop: int = HOP) -> tuple[Tensor, ...]:
    return torch.from_numpy(mixture(2.0))[None, :, : count * hop].split(hop, -1)


def assert_same(compiled: HopStream, eager: HopStream, hops: tuple[Tensor, ...]) -> None:
    for hop in hops:
        torch.testing.assert_close(compiled.step(hop), eager.step(hop), rtol=0, atol=1e-5)


def test_a_compiled_stream_is_the_stream(stream: Callable[..., HopStream]) -> None:
    """While the window fills, once it is full, and in the life after a reset."""
    compiled, eager = stream("compiled"), stream("eager")
    assert (compiled.executor, eager.executor) == ("compiled", "eager")
    assert_same(compiled, eager, blocks(15))
    compiled.reset()
    eager.reset()
    assert_same(compiled, eager, blocks(8))
    compiled.fill()
    eager.fill()
    assert_same(compiled, eager, blocks(8))


def test_hops_may_be_skipped(stream: Callable[..., HopStream]) -> None:
    compiled, eager = stream("compiled"), stream("eager")
    before, (skipped, *after) = blocks(8), blocks(15)[8:]
    assert_same(compiled, eager, before)
    compiled.skip(skipped)
    eager.skip(skipped)
    assert_same(compiled, eager, tuple(after))


@pytest.mark.parametrize("before", [WIDE, LONGER])
def test_a_stream_goes_on_compiled(stream: Callable[..., HopStream], before: StreamSpec) -> None:
    """With a step that it did not have before, on the memory of those that it had."""
    adopting, eager = stream("auto", before), stream("eager", before)
    assert adopting.executor == "eager"
    assert_same(adopting, eager, blocks(8, before.hop))
    for each in (adopting, eager):
        each.adopt(SPEC)
        assert each.spec == SPEC
    assert (adopting.executor, eager.executor) == ("compiled", "eager")
    assert_same(adopting, eager, blocks(15)[8:])


def test_a_compiled_stream_goes_on_call_by_call(stream: Callable[..., HopStream]) -> None:
    """Where nobody compiled the step that it goes over to."""
    adopting, eager = stream("auto"), stream("eager")
    assert_same(adopting, eager, blocks(8))
    for each in (adopting, eager):
        each.adopt(LONGER)
    assert (adopting.executor, eager.executor) == ("eager", "eager")
    assert_same(adopting, eager, blocks(8, LONGER.hop))


def test_streams_do_not_share_state(stream: Callable[..., HopStream]) -> None:
    alone, first, second = stream("compiled"), stream("compiled"), stream("compiled")
    for hop in blocks(12):
        expected = alone.step(hop).clone()
        stems = first.step(hop).clone()
        second.step(-2 * hop)
        assert torch.equal(stems, expected)


def test_auto_takes_what_is_compiled(stream: Callable[..., HopStream]) -> None:
    assert stream("auto").executor == "compiled"
    longer = dataclasses.replace(SPEC, window=12 * FRAME)
    assert stream("auto", longer).executor == "eager"
    with pytest.raises(ConfigError, match=r"no step was compiled .* run `rtsep compile` with the"):
        stream("compiled", longer)


def test_a_whole_stream(bag: Bag, folder: Path) -> None:
    separator = Separator("small", bag, CPU, compiled=folder)
    plain = Separator("small", bag, CPU)
    assert separator.is_compiled(SPEC) and not plain.is_compiled(SPEC)
    settings = {name: getattr(SPEC, name) / 44100 for name in ("window", "hop", "lookahead")}
    settings["refresh"] = SPEC.refresh / 44100
    streams = [each.stream(mode="incremental", **settings) for each in (separator, plain)]
    assert [each.executor for each in streams] == ["compiled", "eager"]
    mix = mixture(0.5)
    a, b = (np.concatenate((each.process(mix), each.flush()), -1) for each in streams)
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
    with pytest.raises(ConfigError, match="no step was compiled"):
        Separator("small", bag, CPU, executor="compiled", compiled=folder).stream(
            mode="incremental", batch=2, **settings
        )


def test_weights_that_a_compiled_step_does_not_use_leave_memory(
    bag: Bag, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, after the steps call by call with which every stream begins; and they come back."""
    kept = ConvertedModels(tmp_path, FP32).keep("small", {}, bag)
    assert kept
    steps = CompiledSteps(folder, kept.bag, kept)
    compiled, eager = (
        HopStream(kept.bag, SPEC, batch=1, device=CPU, executor=executor, compiled=steps)
        for executor in ("compiled", "eager")
    )
    drop, dropped = kept.file.drop_pages, []
    monkeypatch.setattr(kept.file, "drop_pages", lambda: (drop(), dropped.append(at)))
    for _ in range(2):
        for at, hop in enumerate(blocks(12)):  # noqa: B007
            torch.testing.assert_close(compiled.step(hop), eager.step(hop), rtol=0, atol=1e-5)
        for each in (compiled, eager):
            each.reset()
    first, again = dropped
    assert first == again and 0 < first < 11


def test_what_multiplies_in_8_bits_is_compiled_too(tmp_path: Path) -> None:
    bag = small_bag(depth=1, t_layers=1, channels=8)
    bag.set_precision(torch.float32, int8=True)
    steps = CompiledSteps(tmp_path, bag)
    steps.make(SPEC, 1)
    compiled, eager = (
        HopStream(bag, SPEC, batch=1, device=CPU, executor=executor, compiled=steps)
        for executor in ("compiled", "eager")
    )
    # What lies between two steps of 8 bits goes either way, and the outcome by one of them.
    for hop in blocks(15):
        got, expected = compiled.step(hop), eager.step(hop)
        assert sdr(expected.numpy(), got.numpy()) > 40 or not expected.any()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"something else"])
def test_a_damaged_file_is_none(bag: Bag, tmp_path: Path, content: bytes) -> None:
    steps = CompiledSteps(tmp_path, bag)
    path = steps.path(SPEC, 1)
    path.write_bytes(content)
    with pytest.raises(CompileError, match="is no compiled step"):
        Package(path, Constants(tmp_path))
    assert steps.find(SPEC, 1) is None
    assert Stream(bag, SPEC, compiled=steps).executor == "eager"


def test_weights_lie_beside_a_step(bag: Bag, folder: Path, tmp_path: Path) -> None:
    """Without them it is none, and nobody hears what is in their place."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    steps = CompiledSteps(tmp_path, bag)
    assert steps.find(SPEC, 1) is not None
    large = max((tmp_path / "constants").iterdir(), key=lambda file: file.stat().st_size)
    large.write_bytes(large.read_bytes()[:-1])
    assert steps.find(SPEC, 1) is None
    large.unlink()
    assert steps.find(SPEC, 1) is None
    assert Stream(bag, SPEC, compiled=steps).executor == "eager"


def test_a_file_belongs_to_one_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def name(bag: Bag, spec: StreamSpec = SPEC, batch: int = 1) -> str:
        return CompiledSteps(folder, bag).path(spec, batch).name

    first = small_bag(depth=1, t_layers=1, channels=8)
    other = small_bag(depth=1, t_layers=1, channels=8)
    assert name(first) == name(other)
    names = {
        name(first),
        name(first, WIDE),
        name(first, SPEC, 2),
        name(first.only(["bass"])),
    }
    with torch.no_grad():
        next(other.parameters())[:1] += 1e-3
    names.add(name(other))
    first.set_precision(torch.bfloat16)
    names.add(name(first))
    threads = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads + 1)
    names.add(name(first))
    assert len(names) == 7


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from torch._inductor import config, cpp_builder

    monkeypatch.setattr(config.cpp, "cxx", (str(tmp_path / "no-such-compiler"),))
    cpp_builder.cpp_compiler_search.cache_clear()
    try:
        with pytest.raises(CompileError, match=r"needs a C\+\+ compiler .* apt install g\+\+"):
            write_package(torch.neg, torch.zeros(2), [], tmp_path / "step.pt2", Constants(tmp_path))
    finally:
        cpp_builder.cpp_compiler_search.cache_clear()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("pattern", compiling._SOURCES)
def test_the_code_that_a_file_belongs_to_is_there(pattern: str) -> None:
    """What moves away unnoticed could change, and old packages would still be taken."""
    assert list(Path(compiling.__file__).parents[1].glob(pattern))


def test_compiling_is_for_the_cpu() -> None:
    with pytest.raises(ConfigError, match="steps are compiled for the CPU"):
        Separator("small", small_bag(), torch.device("meta")).compile(SPEC)


def test_files_that_are_not_used_any_more_go(
    bag: Bag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "MOST_KEPT", 2)
    monkeypatch.setattr(compiling, "Package", lambda path, constants: path)
    monkeypatch.setattr(compiling, "write_package", lambda *given: given[3].touch())
    steps = CompiledSteps(tmp_path, bag)
    (tmp_path / "notes.txt").touch()
    killed, running = tmp_path / ".step-1.pt2.a.part", tmp_path / ".step-2.pt2.b.part"
    for partial, age in ((killed, 7200), (running, 60)):
        partial.touch()
        os.utime(partial, (time.time() - age, time.time() - age))
    old, older, new = (dataclasses.replace(SPEC, refresh=n * FRAME) for n in (7, 8, 9))
    for age, spec in ((200, old), (100, older)):
        path = steps.make(spec, 1)
        os.utime(path, (time.time() - age, time.time() - age))
    assert steps.find(old, 1)  # used once more
    steps.make(new, 1)
    assert [steps.find(spec, 1) is not None for spec in (old, older, new)] == [True, False, True]
    assert (tmp_path / "notes.txt").exists()
    assert not killed.exists() and running.exists()
