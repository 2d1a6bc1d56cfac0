"""A mapping of Mixxx: which message moves which of its controls. Knows nothing of our desk.

Read as Mixxx's source reads it: numbers are hexadecimal (0x1F), decimal or, with a 0 before them,
octal; the names of options are the same in capitals; the second byte of a pitch bend is its value,
whatever `midino` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from rtsep.errors import ConfigError
from rtsep.mixxx.xml import read_xml

SCRIPT = "script-binding"
MOST_CONTROLS = 4096  # the largest mapping of Mixxx has 740
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}")


@dataclass(frozen=True, kw_only=True)
class MixxxControl:
    """A message, and what it moves. None is a number that is missing or cannot be read."""

    group: str
    key: str
    status: int | None
    number: int | None
    options: frozenset[str]  # in small letters

    @property
    def thing(self) -> tuple[str, str]:
        """What it moves, in Mixxx's words."""
        return self.group, self.key


@dataclass(frozen=True, kw_only=True)
class MixxxLamp:
    """A message that shows how something stands: `on` where its value is within the bounds."""

    group: str
    key: str
    status: int | None
    number: int | None
    on: int
    off: int
    minimum: float
    maximum: float

    @property
    def thing(self) -> tuple[str, str]:
        """What it shows."""
        return self.group, self.key

    def shown(self, value: float) -> int:
        return self.on if self.minimum <= value <= self.maximum else self.off


@dataclass(frozen=True, kw_only=True)
class MixxxMapping:
    """What a file says, in its order. `name` is the device's, for people."""

    name: str
    port: str  # what one of its ports was called, maybe; "" if nothing is said
    controls: tuple[MixxxControl, ...]
    lamps: tuple[MixxxLamp, ...]


def read_mixxx_file(path: Path) -> MixxxMapping:
    """Raises ConfigError, on one line that begins with the path, for whatever is no mapping."""
    root = read_xml(path)
    if not root.tag.startswith("Mixxx"):
        raise ConfigError(f"{path}: is no mapping of Mixxx; give a file like NAME.midi.xml")
    controls = tuple(map(_control, root.iterfind("controller/controls/control")))
    if not controls:
        raise ConfigError(f"{path}: has no MIDI controls; give a file like NAME.midi.xml")
    if len(controls) > MOST_CONTROLS:
        raise ConfigError(f"{path}: has more than {MOST_CONTROLS} controls; that is no mapping")
    lamps = tuple(map(_lamp, root.iterfind("controller/outputs/output")))
    name = " ".join(_text(root, "info/name").split())
    fallback = path.name.removesuffix(".xml").removesuffix(".midi")
    port = (root.find("controller") or Element("")).get("id", "")
    return MixxxMapping(name=name or fallback, port=port, controls=controls, lamps=lamps)


def _control(element: Element) -> MixxxControl:
    return MixxxControl(
        group=_text(element, "group"),
        key=_text(element, "key"),
        status=_number(_text(element, "status")),
        number=_number(_text(element, "midino")),
        options=frozenset(_options(element)),
    )


def _options(element: Element) -> Iterator[str]:
    for option in element.find("options") or ():
        yield option.tag.lower()


def _lamp(element: Element) -> MixxxLamp:
    on, off = _number(_text(element, "on")), _number(_text(element, "off"))
    return MixxxLamp(
        group=_text(element, "group"),
        key=_text(element, "key"),
        status=_number(_text(element, "status")),
        number=_number(_text(element, "midino")),
        on=127 if on is None else on,
        off=0 if off is None else off,
        minimum=_float(_text(element, "minimum"), 0.0),
        maximum=_float(_text(element, "maximum"), 1.0),
    )


def _text(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else "".join(found.itertext()).strip()


def _number(text: str) -> int | None:
    if not _NUMBER.fullmatch(text):
        return None
    octal = len(text) > 1 and text.isdecimal() and text.startswith("0")
    try:
        return int(text, 8 if octal else 0)
    except ValueError:  # 08
        return None


def _float(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:
        return default
