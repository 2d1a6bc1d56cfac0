"""Two decks that play and two rooms that listen, on one JACK server's clock, until standard input
is closed.

    python rig/stage.py HEARD.npz

The clients are "one" and "two", of two outputs each with the same on both, and "hall" and "booth",
of two inputs each. The file then has what each of the four played or heard, sample by sample of the
server's clock, as (2, samples); and how many samples of them are missing.
"""

from __future__ import annotations

import sys

import jack
import numpy as np

SECONDS = 120
# Of two sines each: never the same twice in that time, and at no moment silent.
HERTZ = {"one": (220.0, 331.7), "two": (147.3, 262.9)}
PEAK = 0.4


def main(path: str) -> None:
    first = jack.Client("hall", use_exact_name=True)
    rate, origin = first.samplerate, first.frame_time
    time = np.arange(SECONDS * rate) / rate
    signals = {
        name: sum(PEAK / 2 * np.sin(2 * np.pi * hertz * time) for hertz in both).astype(np.float32)
        for name, both in HERTZ.items()
    }
    heard = {name: np.zeros((2, SECONDS * rate), np.float32) for name in ("hall", "booth")}
    calls: dict[str, list[tuple[int, int]]] = {name: [] for name in (*signals, *heard)}
    clients = [first] + [jack.Client(name, use_exact_name=True) for name in calls if name != "hall"]

    def begin(client: jack.Client) -> None:
        name = client.name
        make = client.outports if name in signals else client.inports
        word = "out" if name in signals else "in"
        ports = [make.register(f"{word}_{side}") for side in (1, 2)]

        @client.set_process_callback
        def process(frames: int) -> None:
            at = client.last_frame_time - origin
            here = slice(at, at + frames)
            calls[name].append((at, frames))
            for side, port in enumerate(ports):
                if name in signals:
                    port.get_array()[:] = signals[name][here]
                else:
                    heard[name][side, here] = port.get_array()

        client.activate()

    for client in clients:
        begin(client)
    print("playing", flush=True)
    sys.stdin.read()
    for client in clients:
        client.deactivate()
        client.close()
    first_frame = max(each[0][0] for each in calls.values())
    end = min(sum(each[-1]) for each in calls.values())
    missing = {
        name: end - first_frame - sum(n for at, n in each if first_frame <= at < end)
        for name, each in calls.items()
    }
    kept = slice(first_frame, end)
    np.savez(
        path,
        missing=max(missing.values()),
        **{name: np.stack([signal[kept]] * 2) for name, signal in signals.items()},
        **{name: both[:, kept] for name, both in heard.items()},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
