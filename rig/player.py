"""Play a file into a JACK client and record what it plays, both on the server's frame clock.

    python rig/player.py PLAYED.wav CAPTURE.wav CLIENT SECONDS [PORT ...]

Recorded are its first two outputs, or the ports that are named. Two clients, so that the graph is
source -> CLIENT -> sink without a loop. Frames are numbered by the server, so that a lost cycle
leaves a hole and never shifts what follows.
"""

from __future__ import annotations

import errno
import json
import sys
import threading
import time

import jack
import numpy as np
import soundfile


def main(played: str, captured: str, client: str, seconds: float, *names: str) -> None:
    audio = soundfile.read(played, dtype="float32", always_2d=True)[0].T.copy()
    source, sink = (jack.Client(f"{name}{client}") for name in ("source", "sink"))
    rate = source.samplerate
    outs = [source.outports.register(f"out_{channel}") for channel in (1, 2)]
    ins = [sink.inports.register(f"in_{channel + 1}") for channel in range(len(names) or 2)]
    recording = np.zeros((len(ins), int(seconds * rate)), np.float32)
    seen = np.zeros(recording.shape[1], bool)
    begin, done = threading.Event(), threading.Event()
    start: list[int] = []
    xruns: list[float] = []

    @source.set_process_callback
    def play(frames: int) -> None:
        now = source.last_frame_time
        if begin.is_set() and not start:
            start.append(now)
        at = now - start[0] if start else audio.shape[1]
        piece = audio[:, at : at + frames]
        for channel, port in enumerate(outs):
            buffer = port.get_array()
            buffer[: piece.shape[1]] = piece[channel]
            buffer[piece.shape[1] :] = 0

    @sink.set_process_callback
    def record(frames: int) -> None:
        if not start:
            return
        at = sink.last_frame_time - start[0]
        if at >= recording.shape[1]:
            done.set()
        elif at >= 0:
            count = min(frames, recording.shape[1] - at)
            for channel, port in enumerate(ins):
                recording[channel, at : at + count] = port.get_array()[:count]
            seen[at : at + count] = True

    @sink.set_xrun_callback
    def xrun(delay: float) -> None:
        xruns.append(delay)

    with source, sink:
        inputs = source.get_ports(f"^{client}:", is_audio=True, is_input=True)
        outputs = source.get_ports(f"^{client}:", is_audio=True, is_output=True)
        outputs = [f"{client}:{name}" for name in names] or outputs
        for ours, theirs in zip(outs, inputs, strict=False):
            connect(source, ours, theirs)
        for theirs, ours in zip(outputs, ins, strict=False):
            connect(sink, theirs, ours)
        time.sleep(0.3)
        began = time.monotonic()
        begin.set()
        print("playing", flush=True)
        assert done.wait(seconds + 30), "the server's clock stands still"
        wall = time.monotonic() - began
    soundfile.write(captured, recording.T, rate, subtype="FLOAT")
    print(
        json.dumps(
            {
                "missing_frames": int((~seen).sum()),
                "xruns": len(xruns),
                "wall_seconds": round(wall, 3),
            }
        )
    )


def connect(client: jack.Client, source: jack.Port | str, sink: jack.Port) -> None:
    """A client that looks after its connections, as rtsep does, may have been faster."""
    try:
        client.connect(source, sink)
    except jack.JackErrorCode as error:
        if error.code != errno.EEXIST:
            raise


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), *sys.argv[5:])
