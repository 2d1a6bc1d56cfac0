"""The audio process: owns the devices and runs the callback. Does nothing else, so that no other
Python code takes the interpreter from the callback; imports neither torch nor any display."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from rtsep.errors import RtsepError
from rtsep.live_session.callback import Callback
from rtsep.live_session.devices import FEED, NamedDevice, OpenDevice, find_device
from rtsep.live_session.messages import AudioRequest, Done, Fade, Found, ModelReady, Patch, Rest
from rtsep.live_session.probed import ProbedDevice
from rtsep.live_session.shared import Shared
from rtsep.live_session.stem_ports import StemPorts
from rtsep.processes.child import settle_in, telling
from rtsep.processes.ending import Failed, Stop
from rtsep.processes.priority import before_all_others

LOST = 4  # exit code
SILENT_SECONDS = 1.0  # without a callback, after which a device counts as lost
FADE_SECONDS = 0.2  # the most that is waited for a fade
_LOOK_SECONDS = 0.2
_SWITCH_SECONDS = 0.0005  # how long this thread may keep the callback from the interpreter


def run_audio(
    link: Connection[Any, Any], wakes: Sequence[Any], buffer: Any, request: AudioRequest
) -> None:
    """The whole life of the process. `wakes` are the semaphores that the others wait for."""
    before_all_others()
    settle_in()
    sys.setswitchinterval(_SWITCH_SECONDS)
    with telling(link):
        found = _found(link, request)
        while not isinstance(order := link.recv(), Stop):
            if isinstance(order, AudioRequest):
                found = _found(link, order)
            elif not _play(link, wakes, buffer, _open(link, order, found)):
                break


def _found(link: Connection[Any, Any], request: AudioRequest) -> NamedDevice:
    """Say that the devices are there. They are opened when the model is known."""
    find = StemPorts if request.stem_ports else find_device
    found: NamedDevice = find(request)
    if request.probe is not None:
        found = ProbedDevice(found, request.probe)
    link.send(Found())
    return found


def _open(link: Connection[Any, Any], model: ModelReady, found: NamedDevice) -> OpenDevice:
    _no_garbage()  # before the device calls for the first time
    device = found.open(model.spec.sample_rate, model.stems)
    link.send(device.ready)
    return device


def _play(
    link: Connection[Any, Any], wakes: Sequence[Any], buffer: Any, device: OpenDevice
) -> bool:
    """Until the order to stop, or to rest, for which it is true."""
    layout = link.recv()
    if isinstance(layout, Stop):
        device.close()
        return False
    shared = Shared(buffer, layout)
    feed = device.ready.input == FEED

    def wake() -> None:
        for semaphore in wakes:
            semaphore.release()

    lasting = len(device.outputs) - len(device.ready.routes)
    callback = Callback(shared, wake, feed=feed, outputs=device.outputs, lasting=lasting)
    device.declare(shared.delay_on(shared.path))
    device.start(callback, shared.counters)
    order = _obey(link, shared, device, callback)
    if order is None:
        names = f"{device.ready.input} to {device.ready.output}"
        link.send(Failed(RtsepError(f"{names} no longer answers"), ""))
        # Not the usual way out: PortAudio aborts the process when it closes a dead JACK server.
        os._exit(LOST)
    rests = isinstance(order, Rest)
    callback.dips.aim(hears=feed or not rests, plays=True)
    callback.ending = True
    _wait(lambda: callback.faders.silent and callback.dips.arrived)
    device.close()
    if rests:
        link.send(Done())
    return rests


def _obey(
    link: Connection[Any, Any], shared: Shared, device: OpenDevice, callback: Callback
) -> Stop | Rest | None:
    """Do what is asked, until an order to stop or to rest; None when the device stops calling
    before that."""
    while _watch(link, shared, device):
        try:
            order = link.recv()
        except EOFError:  # the parent is gone
            order = Stop()
        if isinstance(order, Stop | Rest):
            return order
        if isinstance(order, Fade):
            callback.dips.aim(hears=order.hears, plays=order.plays)
            _wait(lambda: callback.dips.arrived)
        elif isinstance(order, Patch):
            device.patch(order, callback)
            _wait(lambda: device.patched)
        link.send(Done())
    return None


def _no_garbage() -> None:
    """Nothing here makes circles of objects, so there is nothing to look for either."""
    gc.collect()
    gc.freeze()
    gc.disable()


def _watch(link: Connection[Any, Any], shared: Shared, device: OpenDevice) -> bool:
    """Wait for an order; false when the device stops calling before that."""
    last, since = -1, time.monotonic()
    while not link.poll(_LOOK_SECONDS):
        device.declare(shared.delay_on(shared.path))
        now, callbacks = time.monotonic(), int(shared.counters.callbacks[0])
        if callbacks != last:
            last, since = callbacks, now
        elif now - since > SILENT_SECONDS or not device.active:
            return False
    return True


def _wait(over: Callable[[], bool]) -> None:
    """For something that the callback does."""
    end = time.monotonic() + FADE_SECONDS
    while not over() and time.monotonic() < end:
        time.sleep(0.002)
