"""A small model, a song, and live sessions with real processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from forked import ForkedContext
from live_rig import music
from small_models import write_small_model

from rtsep.live_session import session as session_module
from rtsep.live_session.messages import AudioRequest, EngineRequest
from rtsep.live_session.recorder import RecordSpec
from rtsep.live_session.session import LiveSession
from rtsep.live_session.spec import LiveSpec


@pytest.fixture(scope="session")
def live_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("model") / "small.safetensors")


@pytest.fixture(autouse=True, scope="package")
def forked_processes() -> Iterator[None]:
    """Sessions of this folder import PyTorch once; the commands that it runs import theirs, and so
    do the `spawned_processes`."""
    context = ForkedContext()
    with pytest.MonkeyPatch.context() as patch:
        given = SimpleNamespace(get_context=lambda method: context)
        patch.setattr(session_module, "multiprocessing", given)
        yield


@pytest.fixture
def spawned_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As anywhere else."""
    monkeypatch.setattr(session_module, "multiprocessing", multiprocessing)


class Quiet:
    """An observer that remembers phases."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def notice(self, text: str) -> None:
        """Not needed."""

    def progress(self, label: str, done: int, total: int) -> None:
        """Not needed."""


def looped(audio: np.ndarray) -> Callable[[int, int], Iterator[np.ndarray]]:
    """A source without end."""

    def blocks(rate: int, samples: int) -> Iterator[np.ndarray]:
        while True:
            for at in range(0, audio.shape[1], samples):
                yield audio[:, at : at + samples]

    return blocks


@pytest.fixture
def live_session(live_model: Path, tmp_path: Path) -> Iterator[Callable[..., LiveSession]]:
    """Starts sessions, and ends them."""
    with ExitStack() as started:

        def start(**changes: Any) -> LiveSession:
            audio = changes.pop("audio", AudioRequest(input=None, output=None))
            if audio.input is None:
                changes.setdefault("source", looped(music(4.0)))
            spec = LiveSpec(
                engine=EngineRequest(
                    model=str(live_model),
                    device="cpu",
                    cache=None,
                    window=changes.pop("window", 0.2),
                    hop=changes.pop("hop", 0.2),
                    lookahead=0.0,
                    mode="exact",
                    **changes.pop("engine", {}),
                ),
                audio=audio,
                record=changes.pop("record", RecordSpec(folder=tmp_path / "takes")),
                **changes,
            )
            session = LiveSession(spec, Quiet())
            session.start()
            started.callback(session.stop)
            return session

        yield start
