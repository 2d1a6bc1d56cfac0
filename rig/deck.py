"""A deck: a JACK client with two outputs that play a file over and over, or a tone, and two inputs,
until standard input is closed.

    python rig/deck.py CLIENT [SONG.wav]

The file has the server's rate.
"""

from __future__ import annotations

import sys

import jack
import numpy as np
import soundfile

HERTZ, PEAK = 441, 0.25


def main(name: str, song: str | None = None) -> None:
    client = jack.Client(name, use_exact_name=True)
    outs = [client.outports.register(f"out_{channel}") for channel in (1, 2)]
    for channel in (1, 2):
        client.inports.register(f"in_{channel}")
    if song is None:
        second = np.arange(client.samplerate) / client.samplerate
        audio = np.tile(PEAK * np.sin(2 * np.pi * HERTZ * second), (2, 1))
    else:
        audio = soundfile.read(song, dtype="float32", always_2d=True)[0].T
    at = 0

    @client.set_process_callback
    def play(frames: int) -> None:
        nonlocal at
        here = range(at, at + frames)
        at = (at + frames) % audio.shape[1]
        for channel, port in zip(audio, outs, strict=True):
            port.get_array()[:] = channel.take(here, mode="wrap")

    with client:
        print("playing", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
