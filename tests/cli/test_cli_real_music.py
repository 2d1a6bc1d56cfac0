"""The installed command on real music with the official weights."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
from cli_support import Done, db, sound
from music import SAMPLE_RATE, mixture, stempeg_stems

from rtsep.audio.writer import write_file
from rtsep.metrics import sdr
from rtsep.weights import Checkpoint

START, SECONDS = 2.0, 2.0


def test_two_seconds_through_the_installed_command(
    tmp_path: Path, official: Checkpoint, weights_cache: Path
) -> None:
    mix = mixture(START, SECONDS)
    write_file(tmp_path / "music.wav", mix, SAMPLE_RATE)
    command = Path(sysconfig.get_path("scripts")) / "rtsep"
    settings = ["--window", "1", "--hop", "186", "--compute", "cpu", "--json"]
    process = subprocess.run(
        [command, "--input", tmp_path / "music.wav", "--output", tmp_path / "out", *settings],
        env={**os.environ, "RTSEP_CACHE": str(weights_cache)},
        capture_output=True,
        text=True,
    )
    done = Done(process.returncode, process.stdout, process.stderr)
    assert done.code == 0, done.err
    assert (done.json["model"], done.json["steps"]) == ("htdemucs", 10)
    stems = {name: sound(tmp_path / "out" / f"{name}.wav") for name in done.json["stems"]}
    assert db(np.sum(list(stems.values()), 0) - mix) < -120
    first = int(START * SAMPLE_RATE)
    truths = {
        name: truth[:, first : first + mix.shape[1]] for name, truth in stempeg_stems().items()
    }
    assert sdr(truths["drums"], stems["drums"]) > 9  # 11.1 when this was written
    for name, truth in truths.items():
        assert sdr(truth, stems[name]) > sdr(truth, mix) + 3
