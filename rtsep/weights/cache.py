"""Models kept on this computer: `<signature>.safetensors` per network, `<name>.yaml` per model.

Beside every network lies `<signature>.json` with its size and sha256, written after it; the yaml is
written last of all. So whatever is interrupted, a model is either complete or not there. Knows
nothing of where networks come from.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtsep.atomic import sha256_of, write_atomically, write_text_atomically
from rtsep.errors import ModelError, RtsepError
from rtsep.weights.bags import NAME, Bag, read_bag, write_bag
from rtsep.weights.checkpoint import Checkpoint, NetworkWeights, bag
from rtsep.weights.observer import Observer


def default_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("rtsep")) / "models"


class Cache:
    """A folder of networks and models. Several processes may use one at the same time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reported: set[str] = set()  # damaged networks, each worth one notice

    def models(self) -> list[str]:
        """Names of the models that were stored whole, without verifying them."""
        names = (path.stem for path in self.folder.glob("*.yaml"))
        return sorted(name for name in names if NAME.fullmatch(name) and self._described(name))

    def network_path(self, signature: str) -> Path:
        return self.folder / f"{signature}.safetensors"

    def model_paths(self, name: str) -> list[Path]:
        """The files of a stored model; none if it is not stored."""
        described = self._described(name)
        return [self.network_path(item) for item in described.signatures] if described else []

    def stamp(self, name: str, signatures: Sequence[str] = ()) -> dict[str, Any] | None:
        """What tells the stored model from all others that may lie in its place, without reading
        it: plain JSON. None if it is not stored, or a file is not as long as it was. `signatures`
        of its networks, where they are known, spare a reader of YAML."""
        try:
            description = (self.folder / f"{_checked(name)}.yaml").read_text(encoding="utf-8")
            if not signatures and (described := self._described(name)):
                signatures = described.signatures
            files = [self._stamp_of_network(signature) for signature in signatures]
        except (OSError, ValueError, ModelError):
            return None
        return {"description": description, "networks": files} if files and all(files) else None

    def _stamp_of_network(self, signature: str) -> tuple[int | str, ...] | None:
        found, manifest = self.network_path(signature).stat(), self._manifest(signature)
        if manifest is None or found.st_size != manifest[0]:
            return None
        return (*manifest, found.st_mtime_ns)

    def model(self, name: str, observer: Observer) -> Checkpoint | None:
        """A stored model, verified; None if it is not there or not whole."""
        described = self._described(name)
        if described is None:
            return None
        networks = [self.network(signature, observer) for signature in described.signatures]
        present = [network for network in networks if network is not None]
        if len(present) < len(networks):
            return None
        return bag(name, present, described.stem_weights)

    def network(self, signature: str, observer: Observer) -> NetworkWeights | None:
        """A stored network, verified; None, with a notice, if it is damaged."""
        from rtsep.weights.safetensors_file import read_safetensors

        path = self.network_path(signature)
        manifest = self._manifest(signature)
        if manifest is None or not path.is_file():
            return None
        if path.stat().st_size != manifest[0] or sha256_of(path) != manifest[1]:
            if signature not in self._reported:
                observer.notice(f"{path} is damaged (its hash is not the one stored); ignoring it")
            self._reported.add(signature)
            return None
        return read_safetensors(path, signature)

    def store_network(self, network: NetworkWeights) -> None:
        from rtsep.weights.safetensors_file import write_safetensors

        target = self.network_path(_checked(network.signature))
        with self._writable():
            write_atomically(target, lambda part: write_safetensors(part, network))
            facts = json.dumps({"bytes": target.stat().st_size, "sha256": sha256_of(target)})
            write_text_atomically(target.with_suffix(".json"), facts)

    def store_model(
        self, name: str, signatures: Sequence[str], stem_weights: Sequence[Sequence[float]]
    ) -> None:
        """Declare a model complete; its networks are stored already."""
        target = self.folder / f"{_checked(name)}.yaml"
        with self._writable():
            write_atomically(target, lambda part: write_bag(part, signatures, stem_weights))

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Held while a model is fetched, so that two processes do not both do it."""
        from filelock import FileLock

        lock = FileLock(self.folder / f".{_checked(name)}.lock")
        with self._writable():
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        """A folder for the downloads of the model whose lock is held, gone afterwards."""
        folder = self.folder / f".{_checked(name)}.part"
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise RtsepError(
                f"cannot write to the cache {self.folder} ({error.strerror or error}); "
                "make room there or choose another folder"
            ) from error

    def _described(self, name: str) -> Bag | None:
        path = self.folder / f"{_checked(name)}.yaml"
        if not path.is_file():
            return None
        try:
            described = read_bag(path)
        except ModelError:
            return None
        stored = all(self.network_path(item).is_file() for item in described.signatures)
        return described if stored else None

    def _manifest(self, signature: str) -> tuple[int, str] | None:
        try:
            path = self.network_path(signature).with_suffix(".json")
            content = json.loads(path.read_text(encoding="utf-8"))
            return int(content["bytes"]), str(content["sha256"])
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ModelError(
            f"a model's name is letters, digits, '.', '_' and '-', at most 64, got {name[:80]!r}"
        )
    return name
