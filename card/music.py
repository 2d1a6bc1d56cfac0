"""From the sources to Opus files of the packed length. Fetches once, keeps what it fetched.

Needs apt and dpkg for Debian's packages, git for the repository, and PyAV, which decodes anything.
"""

from __future__ import annotations

import fnmatch
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from card.sources import KARAOKE, PACKAGES, SONGS, Cut, Source
from rtsep.atomic import sha256_of

RATE = 48_000  # of Opus
QUALITY = 0.8  # of libsndfile, 0 the best: about 110 kbit/s
BLOCK = RATE // 5  # more at once overflows the stack of libsndfile's encoder
LOUDEST = 0.95

Audio = np.ndarray[Any, Any]
Facts = dict[str, dict[str, str]]


def build_music(to: Path, downloads: Path, clone: Path | None) -> Facts:
    """An Opus file per cut, and what is known of each. A source that cannot be had is told of."""
    to.mkdir(parents=True, exist_ok=True)
    facts: Facts = {}
    for source in (SONGS, KARAOKE, *PACKAGES):
        try:
            here = clone if source is SONGS else None
            files = (_repository(source, downloads, here) if source.url
                     else _package(source, downloads))  # fmt: skip
            facts |= _cuts(source, files, to)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"without {source.name}: {error}", file=sys.stderr)
    (to / "manifest.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts


def write_opus(path: Path, audio: Audio) -> None:
    """(2, samples) at 48 kHz."""
    settings = {"format": "OGG", "subtype": "OPUS", "compression_level": QUALITY}
    with soundfile.SoundFile(path, "w", RATE, 2, **settings) as file:
        for first in range(0, audio.shape[1], BLOCK):
            file.write(audio[:, first : first + BLOCK].T)


class Files:
    """Names, and the bytes behind them: a folder, or the newest commit of a repository."""

    def __init__(self, root: Path, *, commit: bool) -> None:
        self._root, self._commit = root, commit

    def matching(self, pattern: str) -> list[str]:
        if self._commit:
            listed = _said(
                "git", "-C", str(self._root), "ls-tree", "-r", "--name-only", "-z", "HEAD"
            )
            names = listed.decode().split("\0")
        else:
            names = [str(p.relative_to(self._root)) for p in self._root.rglob("*") if p.is_file()]
        return sorted(name for name in names if fnmatch.fnmatch(name, pattern))

    def read(self, name: str) -> bytes:
        if self._commit:
            return _said("git", "-C", str(self._root), "show", f"HEAD:{name}")
        return (self._root / name).read_bytes()


def _repository(source: Source, downloads: Path, clone: Path | None) -> Files:
    root = clone or downloads / source.name
    if not root.exists():
        _said("git", "clone", "--quiet", "--depth", "1", "--filter=blob:none", "--no-checkout",
              source.url, str(root))  # fmt: skip
    commit = _said("git", "-C", str(root), "rev-parse", "HEAD").decode().strip()
    _compare(source, commit)
    return Files(root, commit=True)


def _package(source: Source, downloads: Path) -> Files:
    root = downloads / source.name
    if not root.exists():
        downloads.mkdir(parents=True, exist_ok=True)
        _said("apt-get", "download", "-qq", source.name, cwd=downloads)
        (package,) = downloads.glob(f"{source.name}_*.deb")
        _compare(source, sha256_of(package))
        _said("dpkg-deb", "-x", str(package), str(root))
    return Files(root, commit=False)


def _cuts(source: Source, files: Files, to: Path) -> Facts:
    facts: Facts = {}
    for cut in source.cuts:
        names = [name for pattern in cut.files for name in files.matching(pattern)]
        if not names:
            raise FileNotFoundError(f"no {cut.files[0]} in {source.name}")
        path = to / f"{source.name.split('-')[0]}-{cut.title}.opus"
        write_opus(path, _excerpt(cut, files, names))
        facts[path.stem] = {
            "source": source.name,
            "from": source.url or f"Debian package {source.name}",
            "owner": source.owner,
            "licence": source.licence,
            "source_sha256": source.sha256,
            "sha256": sha256_of(path),
        }
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB", flush=True)
    return facts


def _excerpt(cut: Cut, files: Files, names: list[str]) -> Audio:
    first, samples = round(cut.first * RATE), round(cut.seconds * RATE)
    total = np.zeros((2, samples), np.float32)
    for name in names:
        audio = _decoded(files.read(name))[:, first : first + samples]
        total[:, : audio.shape[1]] += audio
    heard = np.flatnonzero(np.abs(total).max(0))
    total = total[:, : heard[-1] + 1] if heard.size else total
    return total * min(1.0, LOUDEST / max(float(np.abs(total).max()), 1e-9))


def _decoded(data: bytes) -> Audio:
    """(2, samples) at 48 kHz"""
    with av.open(io.BytesIO(data)) as container:
        (stream, *_) = container.streams.audio
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        parts = [part.to_ndarray() for part in _resampled(container.decode(stream), resampler)]
    return np.concatenate(parts, 1).astype(np.float32)


def _resampled(frames: Iterator[Any], resampler: av.AudioResampler) -> Iterator[Any]:
    for frame in frames:
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _compare(source: Source, found: str) -> None:
    if found != source.sha256:
        print(f"{source.name} is another edition than the one that was tried", file=sys.stderr)


def _said(*command: str, cwd: Path | None = None) -> bytes:
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True).stdout
