"""PortAudio, loaded when the first device is asked for. Knows nothing of what devices are for.

Loading it probes all sound systems, and joins the JACK server if there is one. When that server
dies, the PortAudio of Linux distributions can no longer close, stop or end anything: it hangs, or
aborts the process. `abandon` is the way out. It also aborts the process when a living server stalls
for a tenth of a second while it leaves, so it is loaded only where that does no harm: in processes
for sound, and in those that answer a question (`rtsep.processes.questions`).
"""

from __future__ import annotations

import atexit
import ctypes
import ctypes.util
import sys
from contextlib import suppress
from typing import Any

from rtsep.errors import ConfigError

_JACK_CLIENT = ctypes.c_char_p(b"rtsep")  # PortAudio keeps the pointer, not a copy

_REMEDIES = {
    "linux": "install it: apt install libportaudio2 (Debian, Ubuntu), dnf install portaudio "
    "(Fedora), pacman -S portaudio (Arch)",
    "darwin": "reinstall sounddevice, which brings it along, or brew install portaudio",
    "win32": "reinstall sounddevice, which brings it along",
}


def portaudio() -> Any:
    """The sounddevice module. Raises ConfigError, saying what to install, where it cannot load."""
    if "sounddevice" not in sys.modules:
        _name_jack_client()
    try:
        import sounddevice  # type: ignore[import-untyped]

        if getattr(sounddevice, "_initialized", 1) == 0:
            sounddevice._initialize()  # it was let go before
    except (OSError, ImportError) as error:
        remedy = _REMEDIES.get(sys.platform, "install PortAudio with the system's package manager")
        raise ConfigError(f"the PortAudio library is missing ({error}); {remedy}") from error
    except Exception as error:  # PortAudioError, which lives in the module that did not load
        raise ConfigError(f"no sound system answers: {error}") from error
    return sounddevice


def abandon() -> None:
    """Let this process end without PortAudio's consent, after the JACK server has died."""
    atexit.unregister(portaudio()._exit_handler)


def jack_client() -> str:
    """How the JACK server calls this process, which has devices there; empty if nobody knows."""
    name = ctypes.c_char_p()
    with suppress(OSError, AttributeError):  # a PortAudio without JACK
        _library().PaJack_GetClientName(ctypes.byref(name))
    return (name.value or b"").decode()


def _name_jack_client() -> None:
    """ "rtsep" instead of "PortAudio"; only possible before PortAudio starts."""
    with suppress(OSError, AttributeError):
        _library().PaJack_SetClientName(_JACK_CLIENT)


def _library() -> ctypes.CDLL:
    """The one that sounddevice tries first. It does not know all of its functions."""
    name = ctypes.util.find_library("portaudio")
    if name is None:
        raise OSError("there is none")
    return ctypes.CDLL(name)
