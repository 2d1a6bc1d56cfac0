"""What the words behind --input and --output mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtsep.session.places import Kind, Place, input_place, output_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("demo", Place(Kind.DEMO, "demo")),
        ("mic", Place(Kind.DEVICE, "default")),
        ("default", Place(Kind.DEVICE, "default")),
        ("device:mic", Place(Kind.DEVICE, "mic")),
        ("focusrite", Place(Kind.DEVICE, "focusrite")),
        ("jack:system", Place(Kind.DEVICE, "jack:system")),
        ("3", Place(Kind.DEVICE, "3")),
        ("song.flac", Place(Kind.FILE, "song.flac")),  # missing; the error then is of a file
        ("../song", Place(Kind.FILE, "../song")),
    ],
)
def test_inputs(text: str, place: Place) -> None:
    assert input_place(text) == place


def test_a_file_that_is_there_is_no_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mixdown").touch()
    assert input_place("mixdown") == Place(Kind.FILE, "mixdown")
    assert input_place("device:mixdown") == Place(Kind.DEVICE, "mixdown")


@pytest.mark.parametrize(
    ("text", "live", "place"),
    [
        ("null", False, Place(Kind.NULL, "null")),
        ("speakers", False, Place(Kind.DEVICE, "default")),
        ("device:out", False, Place(Kind.DEVICE, "out")),
        ("mix.wav", True, Place(Kind.FILE, "mix.wav")),
        ("mix.mp3", False, Place(Kind.FILE, "mix.mp3")),
        ("stems", False, Place(Kind.FOLDER, "stems")),
        ("stems", True, Place(Kind.DEVICE, "stems")),
        ("./stems", True, Place(Kind.FOLDER, "./stems")),
    ],
)
def test_outputs(text: str, live: bool, place: Place) -> None:
    assert output_place(text, live=live) == place


def test_a_folder_that_is_there_is_no_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("stems").mkdir()
    assert output_place("stems", live=True) == Place(Kind.FOLDER, "stems")
