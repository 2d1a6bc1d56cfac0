"""XML of strangers: small, flat, and about nothing outside itself.

Entities are allowed where they stand for a short word, since Mixxx ships a mapping whose numbers
are such. So nothing grows: an entity has no other ones in it and is hardly longer than its use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from rtsep.atomic import endless
from rtsep.errors import ConfigError

LARGEST_FILE = 1 << 21  # the largest mapping of Mixxx has 275,039 bytes
DEEPEST = 16
_WORD = re.compile(r"[\w .+-]{0,32}")


def read_xml(path: Path) -> Element:
    """The root of a file. Raises ConfigError, on one line that begins with the path."""
    if endless(path):
        raise ConfigError(f"{path}: is not a regular file; give a mapping's file")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if len(content) > LARGEST_FILE:
        raise ConfigError(f"{path}: is larger than {LARGEST_FILE} bytes; that is no mapping")
    try:
        return _Reader(str(path)).read(content)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: of its encoding
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(f"{path}: is not XML ({reason}); give a mapping's file") from error


class _Reader:
    """Builds the tree, and refuses what could make it large or fetch something."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._builder = TreeBuilder()
        self._depth = 0

    def read(self, content: bytes) -> Element:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._builder.data
        parser.Parse(content, True)
        return self._builder.close()

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if system or public:
            raise self._refused("asks for another file")

    def _entity(self, name: str, parameter: bool, value: str | None, *outside: str | None) -> None:
        if parameter or value is None or not _WORD.fullmatch(value):
            raise self._refused("has an entity that is not a short word")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refused(f"is nested deeper than {DEEPEST} elements")
        self._builder.start(tag, dict(attributes))

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)

    def _refused(self, what: str) -> ConfigError:
        return ConfigError(f"{self._where}: {what}, which no mapping needs; remove it there")
