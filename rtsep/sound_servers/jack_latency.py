"""How much later a JACK client passes on what it gets, told to the server's graph.

JACK-Client 0.5.7 does not know these functions of the library; they are called beside it.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterable
from typing import Any

_CAPTURE = 0  # how old the sound at a port is; the other mode is how long until it is heard
_TELLING_SECONDS = 1.0


class _Range(ctypes.Structure):
    _fields_ = (("min", ctypes.c_uint32), ("max", ctypes.c_uint32))


_Asked = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)


class GraphLatency:
    """What comes in at the client's inputs leaves at its outputs `samples` later; the server hears
    of it whenever it asks, and when that has changed."""

    def __init__(self, client: Any) -> None:
        """For a client with all its ports that is not activated yet."""
        import jack

        self.samples = 0
        self._library = ctypes.CDLL(jack._libname)  # the one that is loaded already
        self._client = _pointer(client)
        self._ins = [_pointer(port) for port in client.inports]
        self._outs = [_pointer(port) for port in client.outports]
        self._range = _Range()
        self._asked = _Asked(self._answer)  # has to live as long as the client
        self._library.jack_set_latency_callback(self._client, self._asked, None)
        self._telling = threading.Thread()

    def declare(self, samples: int) -> None:
        """From now on. Never waits: a server that hangs is told later, if it is asked again."""
        if samples == self.samples or self._telling.is_alive():
            return
        self.samples = samples
        self._telling = threading.Thread(
            target=self._library.jack_recompute_total_latencies, args=(self._client,), daemon=True
        )
        self._telling.start()

    def end(self) -> bool:
        """Before the client is closed. False where the server hangs, so that it must not be."""
        if self._telling.is_alive():
            self._telling.join(_TELLING_SECONDS)
        return not self._telling.is_alive()

    def _answer(self, mode: int, _: Any) -> None:
        """Called by the server, in a thread of its own, for each mode."""
        sources, targets = (self._ins, self._outs) if mode == _CAPTURE else (self._outs, self._ins)
        shortest, longest = self._reaching(sources, mode)
        found = self._range
        found.min, found.max = shortest + self.samples, longest + self.samples
        for port in targets:
            self._library.jack_port_set_latency_range(port, mode, ctypes.byref(found))

    def _reaching(self, ports: Iterable[ctypes.c_void_p], mode: int) -> tuple[int, int]:
        """The range at the ports that are connected: nothing gets to the others."""
        shortest, longest = [0], [0]
        connected = [port for port in ports if self._library.jack_port_connected(port)]
        for port in connected:
            self._library.jack_port_get_latency_range(port, mode, ctypes.byref(self._range))
            shortest.append(self._range.min)
            longest.append(self._range.max)
        return min(shortest[1:], default=0), max(longest)


def _pointer(thing: Any) -> ctypes.c_void_p:
    """Of a client or a port, which JACK-Client keeps for itself."""
    import jack

    return ctypes.c_void_p(int(jack._ffi.cast("uintptr_t", thing._ptr)))
