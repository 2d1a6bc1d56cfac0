"""A run that is asked to stop fades out, finishes its files and counts as done."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np
import pytest
from cli_support import db, finish, sound, start
from small_models import RATE, band, write_band

from rtsep.cli.common.signals import interrupted_by_signals
from rtsep.files.ways import BLOCK

# On Windows neither can be sent to another process politely.
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals as POSIX has them")


STREAM = ("--window", "0.2", "--lookahead", "25", "--mode", "exact", "--hop")


@pytest.mark.parametrize(
    ("number", "settings"),
    [(signal.SIGTERM, (*STREAM, "100")), (signal.SIGINT, (*STREAM, "23")), (signal.SIGTERM, ())],
    ids=["TERM", "INT", "offline"],
)
def test_asked_to_stop(
    tmp_path: Path, small_model: Path, number: int, settings: tuple[str, ...]
) -> None:
    source, out = write_band(tmp_path / "long.wav", 60), tmp_path / "out"
    arguments = ("--input", source, "--output", out, "--model", small_model, *settings, "--json")
    process = start("-m", "rtsep", *arguments)
    while not (out / "mix.wav").exists() or (out / "mix.wav").stat().st_size < 8 * RATE // 2:
        assert process.poll() is None, process.stderr.read()  # type: ignore[union-attr]
        time.sleep(0.02)
    process.send_signal(number)
    done = finish(process)
    assert done.code == 0, done.err
    told, mix = done.json, sound(out / "mix.wav")
    assert told["stopped_early"] is True and "stopped early" in done.err
    assert RATE // 2 <= mix.shape[1] < 60 * RATE
    assert told["seconds"] == round(mix.shape[1] / RATE, 3)
    for stem in told["stems"]:
        assert sound(out / f"{stem}.wav").shape == mix.shape
    last_hop = told["spec"]["hop"]["samples"] if told["spec"] else BLOCK
    untouched = mix[:, :-last_hop]
    assert db(untouched - band(60)[:, : untouched.shape[1]]) < -120
    assert db(mix[:, -1]) < -120
    assert np.abs(np.diff(mix[:, -last_hop - 1 :])).max() <= np.abs(np.diff(untouched)).max()


class Finalized:
    """Is hit by a signal at its end."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_an_interrupt_that_hits_a_finalizer_comes_again() -> None:
    """There it ends, as Python has it, and nobody would hear of it."""
    with pytest.raises(KeyboardInterrupt), interrupted_by_signals():
        Finalized()
        time.sleep(20)
