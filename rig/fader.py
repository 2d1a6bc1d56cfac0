"""Send MIDI to a client on a JACK server and see when its sound changes, on the server's clock.

    python rig/fader.py CLIENT ROUNDS

Plays a constant; a controller changes the master between two values. The sound is as constant as
the master, so the first sample that differs is the first one that the fader has moved. Prints the
frames from each message to that sample, as JSON.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from dataclasses import dataclass, field

import jack
import numpy as np

LEVEL = 0.25
CONTROLLER = 7
POSITIONS = (102, 70)  # of 127; the first one is 0 dB
PAUSE_SECONDS = (0.12, 0.16)  # between messages: longer than a ramp


@dataclass
class Rounds:
    """What was sent and what came of it; lives in the callbacks."""

    left: int
    sent: int | None = None
    next: int = 0
    last: float = 0.0
    delays: list[int] = field(default_factory=list)
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
            rounds.left -= 1
            knob.write_midi_event(offset, (0xB0, CONTROLLER, POSITIONS[rounds.left % 2]))
            rounds.sent = now + offset

    @ears.set_process_callback
    def listen(frames: int) -> None:
        heard = ear.get_array()
        now = ears.last_frame_time
        if rounds.sent is None:
            rounds.last = float(heard[-1])
            return
        changed = np.flatnonzero(np.abs(heard - rounds.last) > 1e-4)
        if changed.size:
            rounds.delays.append(now + int(changed[0]) - rounds.sent)
            rounds.sent = None
            rounds.next = now + int(rng.uniform(*PAUSE_SECONDS) * rate)
            if not rounds.left:
                rounds.done.set()

    with box, ears:
        for ours, theirs in zip(
            out, box.get_ports(f"^{client}:", is_audio=True, is_input=True), strict=False
        ):
            box.connect(ours, theirs)
        ears.connect(ears.get_ports(f"^{client}:", is_audio=True, is_output=True)[0], ear)
        print("ready", flush=True)
        sys.stdin.readline()  # until the client has found the controller and plays the constant
        rounds.next = box.frame_time
        assert rounds.done.wait(count * PAUSE_SECONDS[1] + 30), "a message changed nothing"
    print(json.dumps({"frames": rounds.delays}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
