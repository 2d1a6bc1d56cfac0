"""A small model's file, a recording, and the command line in this process."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch
from cli_support import Done, Rtsep
from small_models import write_band

from rtsep.cli.main import main


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven tenths of a second."""
    return write_band(tmp_path_factory.mktemp("song") / "song.wav", 0.7)


@pytest.fixture
def rtsep(capsys: pytest.CaptureFixture[str]) -> Rtsep:
    """The command line with any arguments. It leaves signals as they were, and this leaves the
    number of threads."""

    def call(*arguments: object) -> Done:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        threads = torch.get_num_threads()
        code = main([str(argument) for argument in arguments])
        torch.set_num_threads(threads)
        assert handlers == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
        return Done(code, *capsys.readouterr())

    return call


@pytest.fixture
def stream(rtsep: Rtsep, small_model: Path, song: Path) -> Rtsep:
    """`rtsep --input SONG` through a stream of the small model, with a short window; to nowhere
    unless told."""

    def call(*arguments: object, source: object = song) -> Done:
        small = ("--model", small_model, "--compute", "cpu", "--window", "0.2", "--hop", "50")
        output = () if "--output" in arguments else ("--output", "null")
        return rtsep("--input", source, *small, *output, *arguments)

    return call
