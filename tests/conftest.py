"""Fixtures that several folders of tests share. Real weights are fetched, never skipped."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from rig.pipewire import PipeWire, running_pipewire
from rig.server import JackServer, running_jack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from rtsep.engine.separator import Separator
    from rtsep.weights import Checkpoint


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--weights", type=Path, help="a folder that has the official weights, without a network"
    )


# What a test needs besides this Python, by the fixtures that it uses, directly or through others,
# and by what its module takes from the rig.
NEEDS = {
    "weights": {"weights_cache", "real_network"},
    "jack": {"jack_server", "running_jack", "Deck", "Stage"},
    "pipewire": {"pipewire_server", "running_pipewire"},
    "browser": {"browser"},
    "compiler": {"CompiledSteps"},
    "ffmpeg": {"ffmpeg"},
}

KEEPS_TIME = {"jack", "pipewire", "browser"}  # needs of tests that
TIMED_FOLDERS = {"live", "remote", "sound_servers", "audio"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Before `-m` chooses among them."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        uses = {*item.fixturenames, *_taken(item.module)}
        needs = [mark for mark, names in NEEDS.items() if uses & names]
        if not needs and not item.get_closest_marker("gpu"):
            needs = ["unit"]
        if KEEPS_TIME & set(needs) or folder in TIMED_FOLDERS:
            needs.append("alone")
        for mark in needs:
            item.add_marker(mark)


def _taken(module: ModuleType) -> set[str]:
    """Names of what it takes from rtsep and from the rig."""
    names = vars(module).items()
    return {
        name for name, it in names if getattr(it, "__module__", "").startswith(("rtsep", "rig"))
    }


@pytest.fixture(autouse=True, scope="session")
def settings_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What somebody keeps for rtsep is not seen, and nothing is left with it."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.delenv("RTSEP_SETTINGS", raising=False)
        yield


@pytest.fixture(autouse=True)
def denormals() -> Iterator[None]:
    """Commands flush them for the whole process; the next test wants them back."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other are slow on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The program."""
    path = shutil.which("ffmpeg")
    assert path, "apt install ffmpeg"
    return path


@pytest.fixture(scope="session")
def weights_cache(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """A cache folder that holds the official htdemucs after `official` has been asked for."""
    given: Path | None = pytestconfig.getoption("--weights")
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # several share a run, and its downloads
        base = base.parent
    return given or base / "weights"


@pytest.fixture(scope="session")
def official(weights_cache: Path) -> Checkpoint:
    """The official htdemucs, through the real download code."""
    from rtsep.weights import load_checkpoint

    return load_checkpoint("htdemucs", cache=weights_cache)


@pytest.fixture(scope="session")
def separator(official: Checkpoint, weights_cache: Path) -> Separator:
    """The official htdemucs on the CPU."""
    import rtsep

    return rtsep.load("htdemucs", device="cpu", cache=weights_cache)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a small network."""
    from small_models import write_small_model

    return write_small_model(tmp_path_factory.mktemp("model") / "small.safetensors")


@pytest.fixture(scope="session")
def small_separator(small_model: Path) -> Separator:
    """That network on the CPU."""
    import rtsep

    return rtsep.load(small_model, "cpu")


@pytest.fixture(scope="session")
def jack_server() -> Iterator[JackServer]:
    """One server for all tests, also for libraries loaded into this process from now on."""
    with running_jack() as server, pytest.MonkeyPatch.context() as patch:
        for key in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            patch.setenv(key, server.env[key])
        yield server
        if portaudio := sys.modules.get("sounddevice"):
            portaudio._exit_handler()  # it must not outlive the server


@pytest.fixture
def pipewire_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWire]:
    """One server for each test, also for this process and all that it starts."""
    folder = tmp_path_factory.mktemp("pipewire")
    with running_pipewire(folder) as server, pytest.MonkeyPatch.context() as patch:
        for key in ("XDG_RUNTIME_DIR", "PIPEWIRE_RUNTIME_DIR", "JACK_DEFAULT_SERVER",
                    "JACK_NO_START_SERVER"):  # fmt: skip
            patch.setenv(key, server.env[key])
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "the tests need Chromium (Debian: apt install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
