"""Models as they run, kept in a folder that is ours alone and mapped into memory.

Tensors are as conversion, rounding and packing have left them, so that nothing of that is done
again, and a checkpoint is not even read. Knows nothing of where weights come from: whoever asks
says what they depend on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rtsep.atomic import keep_newest
from rtsep.config import NetworkConfig
from rtsep.engine.precision import Precision
from rtsep.errors import CompileError, ConfigError, ModelError
from rtsep.executors.mapped_file import MappedFile, write_mapped
from rtsep.machine import processor_identity
from rtsep.model.bag import Bag
from rtsep.model.state import empty_network
from rtsep.model.tensors import hash_of_weights, put_tensors, tensors_of
from rtsep.own_code import hash_of_code
from rtsep.ownership import is_ours, is_private

MOST_KEPT = 4  # files, of the size of the networks: 170 MB for one of htdemucs in float32

# Of what stands in a file.
_CODE = (
    "config/network.py", "dsp/stft.py", "model/*.py", "weights/*.py", "engine/converted.py",
    "executors/records.py", "executors/mapped_file.py",
)  # fmt: skip


@dataclass(frozen=True)
class ConvertedModel:
    """A bag whose tensors lie in `file`. `weights` is its `hash_of_weights`."""

    bag: Bag
    file: MappedFile
    weights: str


class ConvertedModels:
    """Finds and keeps what was made of a model's weights for the CPU."""

    def __init__(self, folder: Path, precision: Precision) -> None:
        self.folder = folder
        self._precision = precision

    def find(self, name: str, source: Mapping[str, Any] | None) -> ConvertedModel | None:
        """None if there is none, or none that can be read and is ours. `source`, plain JSON, tells
        these weights from all others that the model can have; weights without one are not kept."""
        if source is None or not is_ours(path := self._path(name, source)):
            return None
        try:
            found = self._opened(MappedFile(path))
        except (CompileError, ModelError, ConfigError, LookupError, TypeError, ValueError):
            return None
        with suppress(OSError):  # of the administrator's file only the age is not known then
            path.touch()
        return found

    def keep(self, name: str, source: Mapping[str, Any] | None, bag: Bag) -> ConvertedModel | None:
        """As `find`, once such a file was written; `bag` has its precision. None where that cannot
        be: no room, no right to, or a PyTorch that does not read back what it has packed."""
        if source is None:
            return None
        path = self._path(name, source)
        facts = {
            "configs": [_to_json(network.config) for network in bag.every_network],
            "stem_weights": bag.stem_weights,
            "weights": hash_of_weights(bag),
        }
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not is_private(self.folder):
                return None
            write_mapped(path, facts, tensors_of(nn.ModuleList(bag.every_network)))
            keep_newest(self.folder, "*.tensors", MOST_KEPT)
        except (OSError, CompileError):
            return None
        return self.find(name, source)

    def _opened(self, file: MappedFile) -> ConvertedModel:
        """Raises all sorts for what `keep` did not write."""
        networks = [empty_network(_from_json(config)) for config in file.facts["configs"]]
        bag = Bag(networks, file.facts["stem_weights"])
        bag.set_precision(self._precision.dtype, int8=self._precision.int8)
        put_tensors(nn.ModuleList(networks), file.tensors)
        return ConvertedModel(bag, file, file.facts["weights"])

    def _path(self, name: str, source: Mapping[str, Any]) -> Path:
        """Its name stands for everything that the tensors depend on."""
        what = {
            "source": source,
            "precision": [str(self._precision.dtype), self._precision.int8],
            "threads": torch.get_num_threads(),  # rounding depends on them, if only a little
            "torch": torch.__version__,
            "processor": processor_identity(),
            "code": hash_of_code(*_CODE),
        }
        text = json.dumps(what, sort_keys=True, default=str)
        key = hashlib.sha256(text.encode()).hexdigest()[:24]
        return self.folder / f"{name}-{key}.tensors"


def _to_json(config: NetworkConfig) -> dict[str, Any]:
    return dataclasses.asdict(config) | {"segment": str(config.segment)}


def _from_json(fields: dict[str, Any]) -> NetworkConfig:
    stems, segment = tuple(fields["stems"]), Fraction(fields["segment"])
    return NetworkConfig(**fields | {"stems": stems, "segment": segment})
