"""Compiled steps of one model, kept in a folder that is ours alone: they are native code."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import torch

from rtsep.atomic import ABANDONED_SECONDS, keep_newest, write_atomically
from rtsep.config import StreamSpec
from rtsep.engine.converted import ConvertedModel
from rtsep.engine.modes import new_step, warm_up
from rtsep.errors import CompileError
from rtsep.executors.constants import Constants
from rtsep.executors.package import Package, read_records, write_package
from rtsep.executors.records import Record
from rtsep.garbage import give_back_memory
from rtsep.machine import processor
from rtsep.model.bag import Bag
from rtsep.model.compilable import compilable
from rtsep.model.tensors import hash_of_weights
from rtsep.own_code import hash_of_code
from rtsep.ownership import is_ours, is_private

MOST_KEPT = 16  # files, of some MB each; the weights beside them are those of all

# Of what a step computes.
_SOURCES = (
    "config/*.py", "dsp/*.py", "model/*.py", "executors/*.py",
    "engine/step.py", "engine/exact.py", "engine/incremental.py",
)  # fmt: skip


class CompiledSteps:
    """Finds and makes packages for the streams of a model on the CPU."""

    def __init__(self, folder: Path, network: Bag, kept: ConvertedModel | None = None) -> None:
        """`kept` is the whole network as it lies in a file, if it does."""
        self.folder = folder
        self._kept = kept
        self._constants = Constants(folder / "constants")
        self._network = network

    def let_go(self) -> None:
        """Of memory that only steps call by call need: weights, which come back from their file if
        there is another such step, and what lies between layers."""
        if self._kept:
            self._kept.file.drop_pages()
        give_back_memory()

    def find(self, spec: StreamSpec, batch: int) -> Package | None:
        """None if there is none, or none that can be read and is ours."""
        if not self.folder.exists():  # the usual case, in which the weights need no reading
            return None
        path = self.path(spec, batch)
        if not is_ours(path):
            return None
        try:
            package = Package(path, self._constants)
        except CompileError:
            return None
        with suppress(OSError):  # of the administrator's file only the age is not known then
            path.touch()
        return package

    @torch.no_grad()
    def make(self, spec: StreamSpec, batch: int) -> Path:
        """Compile a step. Takes minutes; raises CompileError. Files that were not used for the
        longest time go, since every update of rtsep and its settings leaves some behind."""
        path = self.path(spec, batch)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_private(path.parent):
            raise CompileError(
                f"{path.parent} belongs to others, or they can write there, and what is in it is "
                "run; make it yours alone, or choose another --cache"
            )
        step = new_step(self._network, spec, batch, torch.device("cpu"))
        warm_up(step)
        block = step.silence(step.network.config.audio_channels, step.spec.hop)
        step.advance()
        # Elsewhere first: one that is interrupted leaves nothing in the cache.
        with tempfile.TemporaryDirectory(prefix="rtsep-") as folder:
            package = Path(folder) / path.name
            with compilable(self._network):
                write_package(step.compute, block, step.state(), package, self._constants)
            write_atomically(path, functools.partial(shutil.copyfile, package))
        self._tidy()
        return path

    def _tidy(self) -> None:
        files = keep_newest(self.folder, "step-*.pt2", MOST_KEPT)
        self._constants.sweep(
            {record.file for file in files for record in _records(file).values()},
            older_than=ABANDONED_SECONDS,
        )

    def path(self, spec: StreamSpec, batch: int) -> Path:
        """Its name stands for everything that the package depends on."""
        what = {
            "spec": dataclasses.asdict(spec),
            "batch": batch,
            "stems": self._network.stems,
            "complete": self._network.complete,  # or they would have a residual to share
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "processor": processor(),
            "sources": hash_of_code(*_SOURCES),
            "weights": self._weights,
        }
        key = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:24]
        return self.folder / f"step-{key}.pt2"

    @functools.cached_property
    def _weights(self) -> str:
        return self._kept.weights if self._kept else hash_of_weights(self._network)


def _records(package: Path) -> dict[str, Record]:
    """None for one that is damaged, or gone meanwhile."""
    try:
        return read_records(package)
    except CompileError:
        return {}
