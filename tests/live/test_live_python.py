"""A live session in a few lines of Python, as the README has them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_models import write_small_model

import rtsep
from rtsep.errors import AudioFileError, ConfigError

PROGRAM = """
import json
import time
import rtsep

if __name__ == "__main__":
    with rtsep.live("demo", {folder!r}, model={model!r}, mute=["vocals"]) as session:
        session.desk.set_gain("drums", -6)
        while session.status().steps < 5:
            time.sleep(0.05)
        status = session.status()
    faders = {{fader.stem: (fader.gain_db, fader.audible) for fader in session.desk.faders}}
    print(json.dumps([status.state, status.latency_ms, faders, session.state]))
"""


def test_a_session_is_played_and_recorded(tmp_path: Path) -> None:
    """The processes of the session import the program anew, and do not begin it."""
    folder, model = tmp_path / "take", write_small_model(tmp_path / "small.safetensors")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(folder=str(folder), model=str(model)))
    done = subprocess.run(
        [sys.executable, "-W", "error", program], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    state, latency_ms, faders, ended = json.loads(done.stdout)
    assert (state, ended) == ("running", "stopped")
    assert 0 < latency_ms < 2100
    assert faders["vocals"] == [0.0, False]
    assert faders["drums"] == [pytest.approx(-6), True]
    names = {path.stem for path in folder.iterdir()}
    assert names == {"drums", "bass", "other", "vocals", "input", "mix"}


def test_what_is_wrong_is_told_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"latency must be a time in seconds.*got -1"):
        rtsep.live("demo", latency=-1)
    with pytest.raises(ConfigError, match="leave one of them out"):
        rtsep.live("demo", latency=0.4, stream=rtsep.StreamSettings(hop=0.1))
    with pytest.raises(AudioFileError):
        rtsep.live(str(tmp_path / "none.wav"))
