"""Send MIDI to a client on a JACK server and see when its sound changes, on the server's clock.

    python rig/fader.py CLIENT ROUNDS

Plays a constant; a controller changes the master between two values. The sound is as constant as
the master, so the first sample that differs is the first one that the fader has moved. Prints the
frames from each message to that sample, as JSON; a message that changes nothing for a second (a
server under load can lose one) counts as a second.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import jack
import numpy as np

LEVEL = 0.25
CONTROLLER = 7
POSITIONS = (102, 70)  # of 127; the first one is 0 dB
PAUSE_SECONDS = (0.12, 0.16)  # between messages: longer than a ramp
LOST_SECONDS = 1.0
MOST_LOST = 30
START_SECONDS = 30.0  # for the client to play, and to find the controller


@dataclass
class Rounds:
    """What was sent and what came of it; lives in the callbacks."""

    wanted: int
    moves: int = 0
    sent: int | None = None
    next: int = 0
    last: float = 0.0
    answered: bool = False  # once: before, the client is still opening the controller
    delays: list[int] = field(default_factory=list)
    gone: str = ""  # why the server ended it
    done: threading.Event = field(default_factory=threading.Event)


def main(client: str, count: int) -> None:
    rounds, rng = Rounds(count), random.Random(4)
    box, ears = jack.Client("faderbox"), jack.Client("faderears")
    out = [box.outports.register(f"out_{channel}") for channel in (1, 2)]
    knob = box.midi_outports.register("knob")
    ear = ears.inports.register("in_1")
    rate = box.samplerate

    @box.set_process_callback
    def play(frames: int) -> None:
        for port in out:
            port.get_array()[:] = LEVEL
        knob.clear_buffer()
        now = box.last_frame_time
        if rounds.sent is None and rounds.next and now + frames > rounds.next:
            offset = max(rounds.next - now, 0)
            rounds.moves += 1
            knob.write_midi_event(offset, (0xB0, CONTROLLER, POSITIONS[rounds.moves % 2]))
            rounds.sent = now + offset

    @ears.set_process_callback
    def listen(frames: int) -> None:
        heard = ear.get_array()
        now = ears.last_frame_time
        if rounds.sent is None:
            rounds.last = float(heard[-1])
            return
        changed = np.flatnonzero(np.abs(heard - rounds.last) > 1e-4)
        waited = now + int(changed[0] if changed.size else 0) - rounds.sent
        if not changed.size and waited < LOST_SECONDS * rate:
            return
        if rounds.answered:
            rounds.delays.append(waited)
        rounds.answered |= changed.size > 0
        rounds.sent = None
        rounds.next = now + int(rng.uniform(*PAUSE_SECONDS) * rate)
        if len(rounds.delays) == rounds.wanted:
            rounds.done.set()

    def gone(status: object, reason: str) -> None:
        rounds.gone = reason
        rounds.done.set()

    for client_of_ours in (box, ears):
        client_of_ours.set_shutdown_callback(gone)
    with box, ears:
        for ours, theirs in zip(
            out, box.get_ports(f"^{client}:", is_audio=True, is_input=True), strict=False
        ):
            box.connect(ours, theirs)
        ears.connect(ears.get_ports(f"^{client}:", is_audio=True, is_output=True)[0], ear)
        wait_until(lambda: rounds.last, "the client plays nothing")
        rounds.next = box.frame_time
        wait_until(lambda: rounds.answered, "the client does not answer the controller")
        longest = count * PAUSE_SECONDS[1] + MOST_LOST * LOST_SECONDS + START_SECONDS
        assert rounds.done.wait(longest), f"only {len(rounds.delays)} messages in {longest} s"
        assert not rounds.gone, f"the server gave up on us: {rounds.gone}"
    print(json.dumps({"frames": rounds.delays}))


def wait_until(met: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not met():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
