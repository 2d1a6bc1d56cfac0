"""What the words behind --input and --output mean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rtsep.audio.devices import Device
from rtsep.errors import ConfigError
from rtsep.files import places
from rtsep.files.places import Kind, Place, input_place, output_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("demo", Place(Kind.DEMO, "demo")),
        ("mic", Place(Kind.DEVICE, "default")),
        ("default", Place(Kind.DEVICE, "default")),
        ("device:mic", Place(Kind.DEVICE, "mic")),
        ("focusrite", Place(Kind.DEVICE, "focusrite")),
        ("jack:system", Place(Kind.DEVICE, "jack:system")),
        ("system", Place(Kind.DEVICE, "system")),
        ("app:Google Chrome", Place(Kind.DEVICE, "app:Google Chrome")),
        ("app:mix.wav", Place(Kind.DEVICE, "app:mix.wav")),
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
    for name in ("app:song", "system"):  # but these, which are words of rtsep's
        Path(name).touch()
        assert input_place(name) == Place(Kind.DEVICE, name)
        assert input_place(f"./{name}") == Place(Kind.FILE, f"./{name}")


def test_a_program_without_a_name() -> None:
    with pytest.raises(ConfigError, match="app: needs the name of a program"):
        input_place("app: ")


NAMES = [
    "Family 17h/19h HD Audio Controller Analog Stereo",
    "HDA Intel PCH: ALC1220 Analog (hw:1,0)",
    "Line 1/2 (USB Audio)",
    "Scarlett 2i2 v3.17",
    "Virtual Cable 2.flac",
    "/dev/dsp1",
    "In\\Out 5.1",
]


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    """A machine with devices of these names."""
    found = [
        Device(index=n, name=name, host_api="ALSA", inputs=2, outputs=2, default_rate=48_000)
        for n, name in enumerate(NAMES)
    ]
    monkeypatch.setattr(places, "ask_for_devices", lambda: found)
    return found


@pytest.fixture
def nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> list[Device]:
        raise AssertionError("PortAudio takes time")

    monkeypatch.setattr(places, "ask_for_devices", ask)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("devices")
def test_a_device_is_one_whatever_letters_are_in_its_name(name: str) -> None:
    expected = Place(Kind.DEVICE, name)
    assert input_place(name) == expected and input_place(f"device:{name}") == expected
    label = f"ALSA: {name}"
    assert input_place(label) == Place(Kind.DEVICE, label)
    if "flac" not in name:  # a file to write is the usual case, for which nobody is asked
        assert output_place(name, live=True) == expected
    if name not in ("/dev/dsp1", "Virtual Cable 2.flac"):
        assert output_place(name, live=False) == expected


@pytest.mark.parametrize("name", NAMES[:4])
@pytest.mark.usefixtures("nobody_asks")
def test_a_device_that_is_not_there_is_still_no_path(name: str) -> None:
    assert input_place(name) == Place(Kind.DEVICE, name)
    assert output_place(name, live=True) == Place(Kind.DEVICE, name)


@pytest.mark.usefixtures("nobody_asks")
def test_nobody_is_asked_about_what_can_be_only_one_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "song 1.wav").touch()
    paths = ["a b/song 1.wav", str(tmp_path / "a b" / "song 1.wav"), "./no", "~/no.wav", ".."]
    windows = ["C:\\Music\\song.wav", "C:/song", "\\\\nas\\song"]
    for text in (*paths, *windows, "https://host/song.mp3"):
        assert input_place(text) == Place(Kind.FILE, text)
    for live in (True, False):
        assert output_place("a b", live=live) == Place(Kind.FOLDER, "a b")
        assert output_place("./new", live=live) == Place(Kind.FOLDER, "./new")
        assert output_place("a b/mix.wav", live=live) == Place(Kind.FILE, "a b/mix.wav")
    assert output_place("stems", live=False) == Place(Kind.FOLDER, "stems")


@pytest.mark.usefixtures("devices")
def test_paths_that_no_device_is_called_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "takes").mkdir()
    for text in ("missing.flac", "takes/missing", "/nowhere/missing", "no such thing.m4a"):
        assert input_place(text) == Place(Kind.FILE, text)
    for live in (True, False):
        assert output_place("takes/today", live=live) == Place(Kind.FOLDER, "takes/today")
        assert output_place("/nowhere/new", live=live) == Place(Kind.FOLDER, "/nowhere/new")
    assert output_place("my stems", live=False) == Place(Kind.FOLDER, "my stems")


def test_whoever_asks_does_not_load_portaudio_himself() -> None:
    """It can end the process that has it. Here it may be loaded already."""
    program = """
import sys
from rtsep.files.places import input_place, output_place
input_place("missing.wav"), output_place("no such device", live=False)
assert "sounddevice" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


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
