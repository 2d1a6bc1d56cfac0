"""A JACK client that stands for a cable or a room: delays by a known number of samples.

    python rig/loop.py CLIENT '{"delay": 37, "matrix": [[1, 0], [0, 1]], "noise": 0, "clip": false}'

Row r of the matrix says how much of which input is heard at output r. Noise, an effective value, is
added to what went through it; after that, clipping cuts at full scale as a converter does. With
"drift", the delay grows by so many samples a second, a sample at a time. Runs until its standard
input ends.
"""

from __future__ import annotations

import json
import sys

import jack
import numpy as np


def main(name: str, delay: int, matrix: list[list[float]], noise: float = 0, clip: bool = False,
         drift: float = 0) -> None:  # fmt: skip
    client = jack.Client(name)
    weights = np.array(matrix, np.float32)
    outs = [client.outports.register(f"out_{row + 1}") for row in range(weights.shape[0])]
    ins = [client.inports.register(f"in_{row + 1}") for row in range(weights.shape[1])]
    memory = np.zeros((weights.shape[1], 1 << 17), np.float32)
    hiss = noise * np.random.default_rng(0).standard_normal((len(outs), 1 << 17))
    hiss = hiss.astype(np.float32)
    size, start = memory.shape[1], []

    @client.set_process_callback
    def process(frames: int) -> None:
        now = client.last_frame_time  # counts on over cycles that were lost
        if not start:
            start.append(now)
        late = delay + int(drift * (now - start[0]) / client.samplerate)
        write = (now + np.arange(frames)) % size
        for row, port in enumerate(ins):
            memory[row, write] = port.get_array()
        heard = weights @ memory[:, (write - late) % size] + hiss[:, write]
        if clip:
            np.clip(heard, -1, 1, out=heard)
        for row, port in enumerate(outs):
            port.get_array()[:] = heard[row]

    with client:
        print("looping", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], **json.loads(sys.argv[2]))
