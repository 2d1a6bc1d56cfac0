"""Mappings of Mixxx, in words of our own, and what comes of them on a desk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rtsep.config import STEMS_4
from rtsep.control.actions import parse_action
from rtsep.control.midi.surface import Surface
from rtsep.mixer.desk import local_desk
from rtsep.mixxx.importing import device_map, import_mapping
from rtsep.mixxx.mapping import read_mixxx_file


def control(group: str, key: str, status: object, midino: object = "", *options: str) -> str:
    number = f"<midino>{midino}</midino>" if midino != "" else ""
    tags = "".join(f"<{option}/>" for option in options)
    return (
        f"<control><group>{group}</group><key>{key}</key><status>{status}</status>{number}"
        f"<options>{tags}</options></control>"
    )


def lamp(group: str, key: str, status: object, midino: object, **more: object) -> str:
    rest = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    return (
        f"<output><group>{group}</group><key>{key}</key><status>{status}</status>"
        f"<midino>{midino}</midino>{rest}</output>"
    )


def mapping(
    *controls: str, lamps: Sequence[str] = (), name: str = "Box 7", port: str = "", head: str = ""
) -> str:
    return (
        f'{head}<MixxxControllerPreset schemaVersion="1"><info><name>{name}</name></info>'
        f'<controller id="{port}"><controls>{"".join(controls)}</controls>'
        f"<outputs>{''.join(lamps)}</outputs></controller></MixxxControllerPreset>"
    )


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


class Imported:
    """A mapping that was imported, and a desk that it drives."""

    def __init__(
        self,
        folder: Path,
        text: str,
        layout: str = "auto",
        stems: Sequence[str] = (),
        model: Sequence[str] = STEMS_4,
    ):
        found = read_mixxx_file(written(folder / "box.midi.xml", text))
        self.all = import_mapping(found, layout, stems)
        self.bindings = self.all.bindings
        self.left = [(one.control.key, one.reason) for one in self.all.left]
        self.actions = [str(one.action) for one in self.bindings]
        if self.bindings:
            self.device = device_map(found, self.all)
            self.desk, _ = local_desk(model)
            self.surface = Surface(self.device, self.desk, pytest.fail, answers=True)

    def send(self, *messages: tuple[int, ...]) -> None:
        for message in messages:
            self.surface.receive([message], 100.0)

    def travel(self, action: str) -> float:
        return parse_action(action).value(self.desk)
