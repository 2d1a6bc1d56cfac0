"""Small yaml files from strangers: plain values. Constructs no objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rtsep.errors import ModelError

LARGEST_BYTES = 1 << 16
MOST_BRACKETS = 100  # reading takes the square of their number
TUPLE = "tag:yaml.org,2002:python/tuple"


def read_yaml(path: Path, what: str) -> Any:
    """`what` it should be is named in errors."""
    import yaml

    if path.stat().st_size > LARGEST_BYTES:
        raise ModelError(f"{path.name} is too large for {what}")
    try:
        text = path.read_text(encoding="utf-8")
        if text.count("[") + text.count("{") > MOST_BRACKETS:
            raise ModelError(f"{path.name} nests too much for {what}")
        # With these a few lines describe gigabytes.
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise ModelError(f"{path.name} repeats parts of itself; write them out")
        return yaml.load(text, _plain_loader())
    except ModelError:
        raise
    except Exception as error:  # odd values make the library raise anything at all
        raise ModelError(f"{path.name} is not a readable yaml file") from error


def _plain_loader() -> Any:
    """The safe one, which also knows Python's tuples, as trainers write them, for lists."""
    import yaml

    class Plain(yaml.SafeLoader):
        pass

    def listed(loader: Any, node: Any) -> Any:
        return loader.construct_sequence(node)

    Plain.add_constructor(TUPLE, listed)
    return Plain
