"""A deck: a JACK client that plays a file over and over, until standard input is closed.

    python rig/deck.py SONG.wav CLIENT

The file has the server's rate.
"""

from __future__ import annotations

import sys

import jack
import soundfile


def main(song: str, name: str) -> None:
    audio = soundfile.read(song, dtype="float32", always_2d=True)[0].T.copy()
    client = jack.Client(name)
    ports = [client.outports.register(f"out_{channel}") for channel in (1, 2)]
    at = 0

    @client.set_process_callback
    def play(frames: int) -> None:
        nonlocal at
        for channel, port in zip(audio, ports, strict=True):
            port.get_array()[:] = channel.take(range(at, at + frames), mode="wrap")
        at = (at + frames) % audio.shape[1]

    with client:
        print("playing", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
