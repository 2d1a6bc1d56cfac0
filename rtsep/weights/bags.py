"""The yaml file that says which networks make up a model, as demucs publishes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtsep.errors import ModelError
from rtsep.weights.yaml_file import read_yaml

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST_NETWORKS = 16
LARGEST_WEIGHT = 1e6


@dataclass(frozen=True, kw_only=True)
class Bag:
    """Signatures of the networks, and networks x stems weights unless all are one."""

    signatures: tuple[str, ...]
    stem_weights: tuple[tuple[float, ...], ...] | None = None


def read_bag(path: Path) -> Bag:
    content = read_yaml(path, "the description of a bag of models")
    signatures = content.get("models") if isinstance(content, dict) else None
    if (
        not isinstance(signatures, list)
        or not 1 <= len(signatures) <= MOST_NETWORKS
        # The signature becomes a file name: nothing in it may lead out of the folder.
        or not all(isinstance(item, str) and NAME.fullmatch(item) for item in signatures)
    ):
        raise ModelError(f"{path.name} does not list the networks of a model")
    return Bag(
        signatures=tuple(signatures), stem_weights=_weights(content.get("weights"), path.name)
    )


def write_bag(path: Path, signatures: Sequence[str], weights: Sequence[Sequence[float]]) -> None:
    import yaml

    content: dict[str, Any] = {
        "models": list(signatures),
        "weights": [list(row) for row in weights],
    }
    path.write_text(yaml.safe_dump(content, default_flow_style=None), encoding="utf-8")


def _weights(rows: Any, origin: str) -> tuple[tuple[float, ...], ...] | None:
    if rows is None:
        return None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ModelError(f"{origin}: weights must be one list of numbers per network")
    for value in (value for row in rows for value in row):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ModelError(f"{origin}: weights must be numbers")
        if not 0 <= value <= LARGEST_WEIGHT:
            raise ModelError(f"{origin}: weights must be 0 to {LARGEST_WEIGHT:g}")
    return tuple(tuple(float(value) for value in row) for row in rows)
