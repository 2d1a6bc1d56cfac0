"""Sound files, damaged and made up: read in part, or refused."""

from __future__ import annotations

import io
import struct

import pytest
import soundfile
from hypothesis import given

from tests.fuzz.audio import seeds
from tests.fuzz.holding import SEEDS, accepted, holds, refused, some
from tests.fuzz.sandbox import Sandbox


@some(60)
@given(SEEDS)
def test_any_sound(sandbox: Sandbox, seed: int) -> None:
    holds(sandbox, "audio", seed)


@some(15)
@given(SEEDS)
def test_any_song(sandbox: Sandbox, seed: int) -> None:
    holds(sandbox, "song", seed)


def test_sounds_that_are_whole(sandbox: Sandbox) -> None:
    assert len(seeds()) > 10
    for content in seeds():
        accepted(sandbox, "audio", content)


@pytest.mark.parametrize("rate", [1, 7, 999])
def test_a_rate_that_makes_hours_of_a_few_bytes(sandbox: Sandbox, rate: int) -> None:
    assert "below 1000 there is no sound" in refused(sandbox, "audio", with_rate(rate))


@pytest.mark.parametrize("rate", [1000, 384_000, 1 << 30, (1 << 31) - 1])
def test_other_rates_are_read(sandbox: Sandbox, rate: int) -> None:
    accepted(sandbox, "audio", with_rate(rate))


def with_rate(rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, [[0.5, -0.5]] * 3000, 44_100, format="WAV", subtype="FLOAT")
    content = file.getvalue()
    return content[:24] + struct.pack("<I", rate) + content[28:]
