"""Play a tone on two ports of a JACK client, which also has two inputs, until standard input ends.

python rig/deck.py CLIENT
"""

from __future__ import annotations

import sys

import jack
import numpy as np

HERTZ, PEAK = 441.0, 0.25


def main(name: str) -> None:
    client = jack.Client(name, use_exact_name=True)
    outs = [client.outports.register(f"out_{channel}") for channel in (1, 2)]
    for channel in (1, 2):
        client.inports.register(f"in_{channel}")
    steps = 2 * np.pi * HERTZ / client.samplerate * np.arange(client.blocksize)
    at = 0

    @client.set_process_callback
    def play(frames: int) -> None:
        nonlocal at
        tone = PEAK * np.sin(steps[:frames] + 2 * np.pi * HERTZ / client.samplerate * at)
        at += frames
        for port in outs:
            port.get_array()[:] = tone

    with client:
        print("playing", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
