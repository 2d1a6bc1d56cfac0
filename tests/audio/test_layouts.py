"""Left, right and the singer in the centre are heard, whatever the order of the channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from encoded import encode, packed

from rtsep.audio.files import open_audio
from rtsep.audio.layouts import channel_map
from rtsep.errors import ConfigError

RATE = 48_000
SURROUND = ("FL", "FR", "FC", "LFE", "BL", "BR")
OGG = ("FL", "FC", "FR", "BL", "BR", "LFE")
SEVEN = (*SURROUND, "SL", "SR")
SEVEN_OGG = ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE")
HERTZ = dict(zip(SEVEN, (300, 500, 1000, 60, 2000, 3000, 700, 1500), strict=True))
HALF = 0.5**0.5


def tones(order: tuple[str, ...]) -> np.ndarray:
    time = np.arange(2 * RATE) / RATE
    return np.stack([0.1 * np.sin(2 * np.pi * HERTZ[name] * time) for name in order])


def levels(row: np.ndarray, names: tuple[str, ...]) -> list[float]:
    """Of each tone, 1 for one that is as loud as it was."""
    spectrum = np.abs(np.fft.rfft(row[RATE // 2 : RATE // 2 + RATE])) / (0.1 * RATE / 2)
    return [float(spectrum[HERTZ[name]]) for name in names]


def read(path: Path, **more: object) -> tuple[np.ndarray, list[str]]:
    with open_audio(path, sample_rate=RATE, **more) as source:  # type: ignore[arg-type]
        return np.concatenate(list(source.blocks(RATE)), axis=1), source.notes


CASES = [
    ("WAVEX", "PCM_24", SURROUND), ("WAV", "PCM_16", SURROUND), ("FLAC", "PCM_16", SURROUND),
    ("AIFF", "PCM_16", SURROUND), ("OGG", "VORBIS", OGG), ("OGG", "OPUS", OGG),
    ("FLAC", "PCM_16", SEVEN), ("WAV", "PCM_16", SEVEN), ("OGG", "VORBIS", SEVEN_OGG),
    ("OGG", "OPUS", SEVEN_OGG),
]  # fmt: skip


@pytest.mark.parametrize(("format", "subtype", "order"), CASES)
def test_surround_is_mixed_as_bs_775_says(
    tmp_path: Path, format: str, subtype: str, order: tuple[str, ...]
) -> None:
    path = tmp_path / "surround"
    path.write_bytes(packed(tones(order), RATE, format, subtype))
    (left, right), notes = read(path)
    names = SEVEN[: len(order)]
    side = [HALF if name[1] == "L" else 0 for name in names[4:]]
    other = [HALF if name[1] == "R" else 0 for name in names[4:]]
    assert levels(left, names) == pytest.approx([1, 0, HALF, 0, *side], abs=0.05)
    assert levels(right, names) == pytest.approx([0, 1, HALF, 0, *other], abs=0.05)
    assert len(notes) == 1 and "ITU-R BS.775" in notes[0] and notes[0].count("0.71 FC") == 2
    assert ("the file does not say which" in notes[0]) == (format in ("WAV", "AIFF"))


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.ac3", "ac3"), ("a.mka", "flac")])
def test_surround_of_other_containers(tmp_path: Path, name: str, codec: str) -> None:
    sound = tones(SURROUND).astype(np.float32)
    (left, right), notes = read(encode(tmp_path / name, sound, RATE, codec))
    assert levels(left, SURROUND) == pytest.approx([1, 0, HALF, 0, HALF, 0], abs=0.05)
    assert levels(right, SURROUND) == pytest.approx([0, 1, HALF, 0, 0, HALF], abs=0.05)
    assert len(notes) == 1


def test_a_mask_of_other_channels(tmp_path: Path) -> None:
    """Front centre and LFE are missing, the back is one channel."""
    data = bytearray(packed(tones(("FL", "FR", "FC")), RATE, "WAVEX", "PCM_16"))
    data[40:44] = (0x103).to_bytes(4, "little")  # FL FR BC
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    (left, right), notes = read(path)
    assert levels(left, ("FL", "FR", "FC")) == pytest.approx([1, 0, 0.5], abs=0.01)
    assert levels(right, ("FL", "FR", "FC")) == pytest.approx([0, 1, 0.5], abs=0.01)
    assert "left = FL + 0.50 BC, right = FR + 0.50 BC; " in notes[0]


@pytest.mark.parametrize("picked", [(2,), (4, 5), (0, 1)])
def test_channels_of_a_file_can_be_chosen(tmp_path: Path, picked: tuple[int, ...]) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(packed(tones(SURROUND), RATE, "WAVEX", "FLOAT"))
    audio, notes = read(path, picked=picked)
    np.testing.assert_array_equal(
        audio, tones(SURROUND).astype(np.float32)[[picked[0], picked[-1]]]
    )
    number = "-".join(str(channel + 1) for channel in picked)
    assert len(notes) == 1 and f": {number} " in notes[0]


def test_channels_that_a_file_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(packed(tones(("FL", "FR")), RATE, "WAV"))
    with pytest.raises(ConfigError, match=r"^input channels 3 are out of range: a.wav has 2$"):
        open_audio(path, sample_rate=RATE, picked=(2,))


def test_what_nobody_hears_costs_nothing_and_what_has_no_place_is_not_mixed() -> None:
    assert channel_map(6, SURROUND, 2).columns == (0, 1, 2, 4, 5)
    for count, layout in ((4, ()), (4, ("AMBI0", "AMBI1", "AMBI2", "AMBI3"))):
        told = channel_map(count, layout, 2)
        assert told.columns == (0, 1) and told.weights is None
        assert told.notes == ("4 channels: the first two are used",)
    assert channel_map(2, ("FL", "FC"), 2).notes == ()
