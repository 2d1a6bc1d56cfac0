"""The parts of a pack laid out as what runs here expects it. Python's own library only."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


class Unpacked:
    """Folders of a pack that was laid out in `work`."""

    def __init__(self, work: Path, manifest: dict[str, Any]) -> None:
        self.manifest = manifest
        self.site = work / "site"
        self.cache = work / "cache"
        self.weights = self.cache / "rtsep" / "models"
        self.music = work / "music"
        self.example = work / "example"
        self.checkpoint = work / "checkpoint"

    @property
    def environment(self) -> dict[str, str]:
        """For every process that runs with it."""
        paths = [str(ROOT), str(self.site), os.environ.get("PYTHONPATH", "")]
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "XDG_CACHE_HOME": str(self.cache),
            "HF_HUB_OFFLINE": "1",
            "EXAMPLE_STEMS": str(self.example),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONUNBUFFERED": "1",
        }


def unpack(parts: Path, work: Path) -> Unpacked:
    """Raises ValueError when a part is missing or damaged."""
    manifest = _manifest(parts)
    unpacked = Unpacked(work, manifest)
    for name, wanted in manifest["sha256"].items():
        source = parts / manifest["part"][name] / name
        if not source.exists():
            raise ValueError(f"{source} is not there; copy {manifest['part'][name]} into {parts}")
        data = source.read_bytes()
        if hashlib.sha256(data).hexdigest() != wanted:
            raise ValueError(f"{source} is damaged; copy {manifest['part'][name]} again")
        target = work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    _join(work / "weights", unpacked.weights, manifest["weights"]["file"])
    _install(work / "wheels", unpacked.site)
    return unpacked


def _manifest(parts: Path) -> dict[str, Any]:
    found = sorted(parts.glob("part-*/manifest.json"))
    if not found:
        raise ValueError(f"no part-1 with a manifest.json in {parts}; copy the parts there")
    texts = {path.read_text() for path in found}
    if len(texts) > 1:
        raise ValueError(f"the parts in {parts} are of different packs; copy all parts of one")
    manifest: dict[str, Any] = json.loads(texts.pop())
    return manifest


def _join(halves: Path, to: Path, name: str) -> None:
    """The weights in one file again, in a cache that rtsep takes for its own."""
    to.mkdir(parents=True, exist_ok=True)
    with (to / name).open("wb") as whole:
        for number in (1, 2):
            whole.write((halves / f"{name}.{number}").read_bytes())
    for beside in [*halves.glob("*.json"), *halves.glob("*.yaml")]:
        shutil.copyfile(beside, to / beside.name)


def _install(wheels: Path, site: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
    command += ["--no-compile", "--no-cache-dir", "--target", str(site)]
    paths = [str(path) for path in sorted(wheels.glob("*.whl"))]
    subprocess.run([*command, *paths], check=True)
