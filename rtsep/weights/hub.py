"""Official models from the Hugging Face Hub. The only file that knows huggingface_hub.

That library reads HF_ENDPOINT, HF_TOKEN and its other variables, resumes a connection that breaks,
and checks sizes; this file asks once whether the Hub answers, so that a closed network costs no
retries, and compares every network with the sha256 that the Hub declares for it.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from rtsep.atomic import sha256_of
from rtsep.errors import DownloadError
from rtsep.weights.bags import read_bag
from rtsep.weights.cache import Cache
from rtsep.weights.checkpoint import Checkpoint, NetworkWeights, bag
from rtsep.weights.observer import Observer
from rtsep.weights.registry import OfficialModel
from rtsep.weights.safetensors_file import read_safetensors

ANSWER_TIMEOUT_S = 5
SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch_from_hub(model: OfficialModel, cache: Cache, observer: Observer) -> Checkpoint:
    """Fetch what is missing; each network is stored as it arrives, so a later try goes on there."""
    with cache.staging(model.name) as staging:
        described = read_bag(_download(model.repository, f"{model.name}.yaml", staging, observer))
        networks = [
            cache.network(signature, observer)
            or _fetch_network(model, signature, staging, cache, observer)
            for signature in described.signatures
        ]
    return bag(model.name, networks, described.stem_weights)


def _fetch_network(
    model: OfficialModel, signature: str, staging: Path, cache: Cache, observer: Observer
) -> NetworkWeights:
    path = _download(model.repository, f"{signature}.safetensors", staging, observer)
    network = read_safetensors(path, signature)
    cache.store_network(network)
    return network


def _download(repository: str, filename: str, staging: Path, observer: Observer) -> Path:
    import huggingface_hub

    try:
        url = huggingface_hub.hf_hub_url(repository, filename)
        facts = huggingface_hub.get_hf_file_metadata(url, timeout=ANSWER_TIMEOUT_S)
        path = Path(
            huggingface_hub.hf_hub_download(
                repository,
                filename,
                revision=facts.commit_hash,  # what is hashed is what was declared
                local_dir=staging,
                etag_timeout=ANSWER_TIMEOUT_S,
                tqdm_class=_bar(filename, observer),
            )
        )
    except Exception as error:  # the library lets through those of its transport, which changes
        raise DownloadError(_reason(error)) from error
    declared = facts.etag or ""
    if SHA256.fullmatch(declared) and sha256_of(path) != declared:
        raise DownloadError(f"{filename} arrived with the wrong hash")
    return path


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"{response.url} answered {response.status_code}"
    cause = error.__cause__ or error
    detail = next(iter(str(cause).splitlines()), "")
    return f"cannot be used ({type(cause).__name__}: {detail[:120]})"


def _bar(label: str, observer: Observer) -> Any:
    """A progress bar class as huggingface_hub wants one; it draws nothing and tells `observer`."""
    from tqdm.std import tqdm  # type: ignore[import-untyped]

    furthest = 0

    class Bar(tqdm):  # type: ignore[misc]
        monitor_interval = 0  # no thread

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)  # given by older versions, unknown to tqdm
            kwargs |= {"file": io.StringIO(), "leave": False, "disable": False}
            super().__init__(*args, **kwargs)

        def display(self, *args: Any, **kwargs: Any) -> None:
            nonlocal furthest  # the library may run one bar for arriving and one for writing
            furthest = max(furthest, int(self.n))
            if self.total:
                observer.progress(label, min(furthest, int(self.total)), int(self.total))

    return Bar
