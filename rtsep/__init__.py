"""rtsep: real-time music separation. Importing this costs no torch import."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rtsep import openmp
from rtsep.config import NetworkConfig, StreamSettings, StreamSpec
from rtsep.errors import (
    AudioFileError,
    ConfigError,
    DownloadError,
    ModelError,
    RtsepError,
    UsageError,
)

if TYPE_CHECKING:
    from rtsep.audio.files import read_audio
    from rtsep.engine.separator import Separator
    from rtsep.engine.stream import Stream
    from rtsep.library.result import DiskFullError, LibraryResult
    from rtsep.library.separate import separate_library
    from rtsep.live_session.request import live
    from rtsep.live_session.session import LiveSession
    from rtsep.setup.load import load

__version__ = "0.1.0"

# Here, as whatever is imported next may load OpenMP. The only thing that happens on import.
openmp.share_processors()

_LAZY = {
    "DiskFullError": "rtsep.library.result",
    "LibraryResult": "rtsep.library.result",
    "Separator": "rtsep.engine.separator",
    "Stream": "rtsep.engine.stream",
    "LiveSession": "rtsep.live_session.session",
    "live": "rtsep.live_session.request",
    "load": "rtsep.setup.load",
    "read_audio": "rtsep.audio.files",
    "separate_library": "rtsep.library.separate",
}

__all__ = [
    "AudioFileError",
    "ConfigError",
    "DiskFullError",
    "DownloadError",
    "LibraryResult",
    "LiveSession",
    "ModelError",
    "NetworkConfig",
    "RtsepError",
    "Separator",
    "Stream",
    "StreamSettings",
    "StreamSpec",
    "UsageError",
    "__version__",
    "live",
    "load",
    "read_audio",
    "separate_library",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'rtsep' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
