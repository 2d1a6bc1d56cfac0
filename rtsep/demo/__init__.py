"""The song that rtsep brings along: four stems made by code, so that a first run needs no file.

Knows how the band is arranged and balanced. Because the stems are known, a run over the demo can
say how well they were separated. Knows nothing of models, devices or files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from rtsep.demo import score
from rtsep.demo.drums import Kit
from rtsep.demo.pitched import bass_note, piano_note
from rtsep.demo.synth import Audio, Signal, Track
from rtsep.demo.voice import sing

PEAK = 0.9  # of the mix
REVERB = {"drums": 0.10, "bass": 0.0, "other": 0.22, "vocals": 0.20}
LEVEL = {"drums": 1.0, "bass": 0.8, "other": 0.45, "vocals": 0.95}


@dataclass(frozen=True)
class Demo:
    """`mix` is the float32 sum of the stems, added in the order of the dict."""

    sample_rate: int
    stems: dict[str, Audio]
    mix: Audio
    title: str = score.TITLE


def demo_song(sample_rate: int = 44_100, seconds: float = 12.0) -> Demo:
    """The same song on every call; beyond 12 s it starts over."""
    samples = round(seconds * sample_rate)
    players = {"drums": _drums, "bass": _bass, "other": _piano, "vocals": _vocals}
    stems = {}
    for number, (name, play) in enumerate(players.items()):
        track = Track(sample_rate, samples, seed=number)
        for verse in range(int(np.ceil(seconds / score.SECONDS))):
            play(track, verse * score.SECONDS)
        if REVERB[name]:
            track.add_room(REVERB[name])
        stems[name] = LEVEL[name] * track.audio
    return _mix_down(sample_rate, stems)


def _mix_down(sample_rate: int, stems: dict[str, Signal]) -> Demo:
    """One gain for all stems, and a short fade so that the end does not click."""
    samples = next(iter(stems.values())).shape[1]
    fade = np.minimum(1.0, np.arange(samples)[::-1] / (0.25 * sample_rate))
    gain = PEAK / np.abs(sum(stems.values()) * fade).max()
    done = {name: (stem * fade * gain).astype(np.float32) for name, stem in stems.items()}
    drums, bass, other, vocals = done.values()
    return Demo(sample_rate, done, drums + bass + other + vocals)


def _drums(track: Track, start: float) -> None:
    kit = Kit(track.rate, track.rng)
    for piece, rows in score.DRUMS.items():
        for step, hit in enumerate("".join(rows.split())):
            if hit != ".":
                track.place(start + step * score.QUARTER, *kit.hit(piece, int(hit) / 9))


def _bass(track: Track, start: float) -> None:
    note = cache(bass_note)
    for beat, pitch, beats in score.bass_line():
        at = start + beat * score.QUARTER
        track.place(at, note(track.rate, pitch, beats * score.QUARTER), 0.0)


def _piano(track: Track, start: float) -> None:
    note = cache(piano_note)
    for beat, chord, beats, strength in score.comping():
        for number, pitch in enumerate(chord):
            at = start + beat * score.QUARTER + 0.008 * number  # no hand hits all keys at once
            sound = strength * note(track.rate, pitch, beats * score.QUARTER)
            track.place(at, sound, -0.5 + number / (len(chord) - 1))


def _vocals(track: Track, start: float) -> None:
    track.place(start, sing(track.rate, score.MELODY, score.QUARTER, track.rng), 0.0)
