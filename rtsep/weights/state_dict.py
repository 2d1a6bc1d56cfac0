"""Where among what trainers save the tensors of a network are, and what they put before the names.

Knows nothing of files and little of networks: one tensor's name, which every HTDemucs has once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

ANCHOR = "freq_emb.embedding.weight"
DEEPEST = 3  # dictionaries in dictionaries
LONGEST = 64  # of their names

Value = TypeVar("Value")


def find_state(content: object) -> Mapping[str, Any] | None:
    """The dictionary of tensors in `content`, or in a dictionary in it: `state_dict`, `state`,
    `model_state_dict` and so on. Of several, the best by its name, else one that was averaged, else
    the first. None if there is none."""
    return min(_states(content), key=_rank, default=(None, None))[1]


def without_prefix(state: Mapping[str, Value]) -> dict[str, Value]:
    """What belongs to the network, without what wrappers put before its names, as `module.`,
    `model.` or `ema.`; everything, where nothing is before them."""
    prefixes = [name.removesuffix(ANCHOR) for name in state if _is_anchor(name)]
    prefix = min(((each, None) for each in prefixes), key=_rank, default=("", None))[0]
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }


def _states(content: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """With the way to it. Each once: a small file can hold the same one a million million times."""
    seen, waiting = set[int](), [("", content)]
    for _ in range(DEEPEST + 1):
        inside: list[tuple[str, object]] = []
        for path, found in waiting:
            if not isinstance(found, Mapping) or id(found) in seen:
                continue
            seen.add(id(found))
            names = [name for name in found if isinstance(name, str)]
            if any(map(_is_anchor, names)):
                yield path, found
            else:
                inside += [(f"{path}.{name[:LONGEST]}", found[name]) for name in names]
        waiting = inside


def _is_anchor(name: str) -> bool:
    return name == ANCHOR or name.endswith(f".{ANCHOR}")


def _rank(found: tuple[str | None, object]) -> int:
    name = (found[0] or "").casefold()
    return 0 if "best" in name else 1 if "ema" in name else 2
