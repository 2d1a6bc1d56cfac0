"""The sandbox sees what inputs must not do, and the driver keeps it, made small."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import fuzz
from tests.fuzz.kinds import PROOF
from tests.fuzz.proofs import DEEDS, MISDEEDS
from tests.fuzz.sandbox import Outcome, Sandbox


@pytest.fixture(scope="module")
def strict() -> Iterator[Sandbox]:
    opened = Sandbox(modules=["proofs"], deadline_s=3.0)
    yield opened
    opened.close()


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_misdeeds_are_seen(strict: Sandbox, misdeed: str) -> None:
    assert strict.check(PROOF, misdeed.encode()).kind == "failed"
    assert not Path("/tmp/rtsep-fuzz-canary").exists()


def test_deeds_are_not(strict: Sandbox) -> None:
    """Also after a crash: it is another process then."""
    assert strict.check(PROOF, b"segfault").kind == "failed"
    found = {deed: strict.check(PROOF, deed.encode()).kind for deed in DEEDS}
    assert found == {"nothing": "accepted", "refuse": "refused"}


class Brittle:
    """Breaks on what holds `BAD`."""

    def check(self, kind: str, data: bytes) -> Outcome:
        if b"BAD" in data:
            return Outcome("failed", "Traceback ...\nValueError: line 12")
        return Outcome("refused", f"line {len(data)} of 'x' is no good")

    def start(self) -> None:
        """There is nothing to start, nor to close."""

    close = start


def test_the_driver_keeps_what_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = iter([b"a", b"bb", b"x" * 300 + b"BAD" + b"y" * 300, b"-BAD-", b"c"] + [b"d"] * 10**6)
    monkeypatch.setattr(fuzz, "Sandbox", Brittle)
    monkeypatch.setattr(fuzz, "make", lambda name, seed: next(inputs))
    assert fuzz.main(["toml", "--seconds", "0.3", "--seed", "7"]) == 1
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["kinds"]["toml"]
    (failure,) = found["failures"]
    assert base64.b64decode(failure["base64"]) == b"BAD" and failure["seed"] == "7/2"
    assert found["failed"] == 2 and found["errors"] == {"line _ of _ is no good": found["refused"]}
    assert fuzz.main(["toml", "--replay", failure["base64"]]) == 1
    assert fuzz.main(["toml", "--replay", base64.b64encode(b"good").decode()]) == 0


def test_a_run_can_be_repeated() -> None:
    assert fuzz.make("osc", "1/5") == fuzz.make("osc", "1/5") != fuzz.make("osc", "2/5")
