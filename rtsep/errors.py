"""The errors rtsep raises on purpose. Messages say what was wrong, what was given, what to do.

RtsepError
├── UsageError          the caller gave something unusable; the command line exits with 2
│   ├── ConfigError     a setting is out of range or does not fit another
│   ├── AudioFileError  a file cannot be read as audio, or written
│   └── ModelError      unknown model name, or a checkpoint that is not ours to load
├── CompileError        a step could not be compiled, or read
└── DownloadError       weights could not be brought here, or arrived damaged
"""

from __future__ import annotations


def explained(error: Exception) -> RtsepError:
    """An error that nobody raised on purpose: the system refused a path, or rtsep has a bug."""
    if isinstance(error, OSError) and error.filename is not None:
        return UsageError(f"cannot use {error.filename!r:.200}: {error.strerror}; check the path")
    name = type(error).__name__
    return RtsepError(f"{name}: {error}; this is a bug in rtsep, --debug shows where")


class RtsepError(Exception):
    """Base of every error raised on purpose."""


class UsageError(RtsepError):
    """Something given by the caller cannot be used."""


class ConfigError(UsageError):
    """A setting is out of range, or does not fit another setting."""


class AudioFileError(UsageError):
    """A file cannot be read as audio, or cannot be written."""


class ModelError(UsageError):
    """No such model, or a checkpoint that is not a Hybrid Transformer Demucs."""


class CompileError(RtsepError):
    """A step cannot be compiled on this machine, or a file is no compiled step."""


class DownloadError(RtsepError):
    """Weights could not be fetched from any source, or arrived damaged."""
