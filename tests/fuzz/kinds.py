"""Everything that comes from outside, by kind: how to make a bad one, and what must hold for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of input.

    `make` gives one, good or bad. `check` has it read from a file: what comes out must be well
    formed (else AssertionError), or it raises one of rtsep's errors, which name the file if
    `named`.
    """

    name: str
    file: str
    make: Callable[[Random], bytes]
    check: Callable[[Path], None]
    named: bool = True
    may: frozenset[str] = frozenset()  # of what else is forbidden while it is read


# Name -> module that has it in its KINDS. Modules are imported when they are needed.
WHERE = {
    "audio": "audio",
    "song": "audio",
    "th": "weights",
    "pickle": "weights",
    "safetensors": "weights",
    "onnx": "weights",
    "bag": "stored",
    "manifest": "stored",
    "tuned": "stored",
    "npm": "stored",
    "map": "texts",
    "toml": "texts",
    "mixxx": "texts",
    "midi": "controls",
    "osc": "controls",
    "places": "controls",
    "command": "commands",
}
PROOF = "proof"  # misdeeds on purpose, in proofs.py: the sandbox must see them


def kind(name: str) -> Kind:
    module = import_module(f"tests.fuzz.{'proofs' if name == PROOF else WHERE[name]}")
    found: Kind = next(item for item in module.KINDS if item.name == name)
    return found


def complaint(text: str, name: str | None) -> str | None:
    """What is wrong with the text of an error; None if it is clean."""
    if not 1 <= len(text.split("\n")) <= 2:
        return "it is not one line or two"
    if len(text) > 1500:
        return f"it has {len(text)} characters"
    if not text.replace("\n", "").isprintable():
        return "it would move a terminal's cursor"
    if name is not None and name not in text:
        return f"it does not name {name}"
    if "bug in rtsep" in text:
        return "it blames rtsep"
    return None
