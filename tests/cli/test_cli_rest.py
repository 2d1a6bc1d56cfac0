"""A network of vocals alone, and one of unnamed stems, through every command that makes stems."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_support import Rtsep, finish, sound, start
from small_models import small_weights, write_small_model

CPU = ("--compute", "cpu")
STREAM = ("--window", "0.6", "--hop", "100", "--lookahead", "46")


@pytest.fixture(scope="module")
def vocals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vocals")
    return write_small_model(folder / "vocals.safetensors", stems=("vocals",))


def stems_in(folder: Path, *names: str) -> np.ndarray:
    return np.stack([sound(folder / f"{name}.wav") for name in names])


def test_files_offline_are_what_separate_gives(
    rtsep: Rtsep, vocals: Path, song: Path, tmp_path: Path
) -> None:
    names = ("vocals", "rest")
    fp32 = ("--precision", "fp32", "--model", vocals, *CPU)
    assert rtsep("separate", song, "-o", tmp_path / "a", *fp32).code == 0
    done = rtsep("--input", song, "--output", tmp_path / "b", "--model", vocals, *CPU, "--json")
    assert done.code == 0 and done.json["stems"] == list(names)
    separated = stems_in(tmp_path / "a" / song.stem, *names)
    np.testing.assert_allclose(stems_in(tmp_path / "b", *names), separated, atol=1e-6)
    np.testing.assert_allclose(sound(tmp_path / "b" / "mix.wav"), sound(song), atol=1e-6)


@pytest.mark.parametrize("muted", ["vocals", "rest"])
def test_muting_one_leaves_the_other(
    rtsep: Rtsep, vocals: Path, song: Path, tmp_path: Path, muted: str
) -> None:
    out = tmp_path / "out"
    done = rtsep(
        "--input", song, "--output", out, "--model", vocals, *CPU, *STREAM, "--mute", muted
    )
    assert done.code == 0
    stays = "rest" if muted == "vocals" else "vocals"
    np.testing.assert_allclose(sound(out / "mix.wav"), sound(out / f"{stays}.wav"), atol=1e-6)
    np.testing.assert_allclose(stems_in(out, "vocals", "rest").sum(0), sound(song), atol=1e-6)
    assert np.abs(sound(out / "mix.wav") - sound(song)).max() > 0.05


def test_live_it_is_a_strip_like_any_other(vocals: Path, song: Path, tmp_path: Path) -> None:
    process = start(
        "-m", "rtsep",
        "--input", song, "--output", tmp_path / "out", "--pace", "realtime", "--model", vocals,
        *CPU, *STREAM, "--budget", "2000", "--gain", "rest=-6", "--ui", "off", "--midi", "off",
        "--json",
    )  # fmt: skip
    done = finish(process)
    assert done.code == 0, done.err
    assert json.loads(done.out.splitlines()[-1])["stems"] == ["vocals", "rest"]
    out = stems_in(tmp_path / "out", "vocals", "rest")
    assert out.shape[0] == 2 and np.abs(out[1]).max() > 0.01


def test_said_to_be_complete(rtsep: Rtsep, vocals: Path, song: Path) -> None:
    words = ("--input", song, "--output", "null", "--model", vocals, *CPU, "--json")
    assert rtsep(*words, "--complete").json["stems"] == ["vocals"]
    assert rtsep(*words, "--incomplete").json["stems"] == ["vocals", "rest"]


def test_an_official_set_may_be_said_to_be_incomplete(
    rtsep: Rtsep, small_model: Path, song: Path
) -> None:
    words = ("--input", song, "--output", "null", "--model", small_model, *CPU, "--json")
    assert rtsep(*words, "--incomplete").json["stems"][-1] == "rest"


def test_stems_without_names_are_told_and_named(rtsep: Rtsep, song: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights.ckpt"
    torch.save({"state_dict": small_weights(stems=("a", "b"), t_heads=8).state}, path)
    words = ("--input", song, "--output", "null", "--model", path, *CPU, "--json")
    done = rtsep(*words)
    assert done.json["stems"] == ["stem1", "stem2", "rest"]
    assert "name them, in order, with --stems" in done.err.replace("\n", " ")
    assert rtsep(*words, "--stems", "kick, snare").json["stems"] == ["kick", "snare", "rest"]
    kept = ("--cache", tmp_path / "kept")
    done = rtsep("models", "import", path, "--stems", "kick,snare", "--complete", *kept)
    assert done.code == 0 and "kept for weights" in done.out
    listed = rtsep("models", "list", "--json", *kept)
    assert json.loads(listed.out)[-1]["stems"] == ["kick", "snare"]


@pytest.mark.parametrize("text", ["", "a,,b", ","])
def test_names_that_are_none(rtsep: Rtsep, song: Path, text: str) -> None:
    done = rtsep("--input", song, "--output", "null", "--stems", text)
    assert done.code == 2 and "is not like kick,snare,toms" in done.complaint
