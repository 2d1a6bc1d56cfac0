"""What is played: the chorus of "Daisy Bell" (Harry Dacre, 1892), as data.

It is the first song that a computer ever sang, in 1961; ours sings it over a shuffle. A bar of the
waltz is one beat of the shuffle, so a quarter note is a triplet. Knows no sound.
"""

from __future__ import annotations

from collections.abc import Iterator

TITLE = 'the chorus of "Daisy Bell" (1892), the first song that a computer ever sang (1961)'
QUARTER = 0.25  # seconds
BARS = 16
SECONDS = 3 * BARS * QUARTER

# One character per quarter, three per bar of the waltz, "9" the hardest hit.
DRUMS = {
    "kick": "9.. ..6 9.. ... 9.. ..6 9.. ..5 9.. ..6 9.. ... 9.. ..6 9.. .5.",
    "snare": "... 8.. ... 8.. ... 8.. ... 8.2 ... 8.. ... 8.. ... 8.. ... 8.4",
    "hat": "7.4 6.4 7.4 6.4 7.4 6.4 7.4 6.. 7.4 6.4 7.4 6.4 7.4 6.4 ... ...",
    "open": "... ... ... ... ... ... ... ..5 ... ... ... ... ... ... ... ...",
    "high tom": "... ... ... ... ... ... ... ... ... ... ... ... ... ... 8.7 ...",
    "low tom": "... ... ... ... ... ... ... ... ... ... ... ... ... ... ... .79",
    "crash": "8.. ... ... ... ... ... ... ... 6.. ... ... ... ... ... ... ...",
}

# One chord per bar of the waltz.
CHORDS = ["C", "C", "C", "C7", "F", "F", "C", "C", "G", "G7", "C", "Am", "D7", "D7", "G", "G7"]
VOICINGS = {  # of the right hand, as MIDI notes
    "C": (60, 64, 67),
    "C7": (58, 64, 67),
    "F": (57, 60, 65),
    "G": (59, 62, 67),
    "G7": (59, 62, 65),
    "Am": (57, 60, 64),
    "D7": (57, 60, 66),
}
ROOTS = {"C": 36, "C7": 36, "F": 41, "G": 43, "G7": 43, "Am": 45, "D7": 38}

# (beats, MIDI note, sounds): consonants are letters before and after the vowels, see `voice`.
MELODY = [
    (3, 67, "d ei"),  # Dai-
    (3, 64, "z i"),  # sy,
    (3, 60, "d ei"),  # Dai-
    (3, 55, "z i"),  # sy,
    (1, 57, "g I v"),  # give
    (1, 59, "m i"),  # me
    (1, 60, "y o"),  # your
    (2, 57, "& n"),  # an-
    (1, 60, "s 3"),  # swer,
    (6, 55, "d u"),  # do!
    (3, 62, "ai m"),  # I'm
    (3, 67, "h & f"),  # half
    (3, 64, "k ei"),  # cra-
    (3, 60, "z i"),  # zy,
    (1, 57, "o l"),  # all
    (1, 59, "f oa"),  # for
    (1, 60, "d a"),  # the
    (2, 62, "l a v"),  # love
    (1, 64, "o v"),  # of
    (6, 62, "y iu"),  # you!
]


def bass_line() -> Iterator[tuple[float, int, float]]:
    """(beat, MIDI note, beats): root and fifth, leading into the next chord by a step."""
    for bar, chord in enumerate(CHORDS):
        root, following = ROOTS[chord], ROOTS[CHORDS[(bar + 1) % BARS]]
        yield 3 * bar, root if bar % 2 == 0 else root + 7, 1.8
        if following != root:
            yield 3 * bar + 2, following - 1 if following > root else following + 2, 0.9
        elif bar % 4 != 3:
            yield 3 * bar + 2, root, 0.7


def comping() -> Iterator[tuple[float, tuple[int, ...], float, float]]:
    """(beat, MIDI notes, beats, strength): a held chord, pushed again just before the next."""
    for bar, chord in enumerate(CHORDS):
        yield 3 * bar, VOICINGS[chord], 1.9, 0.9
        yield 3 * bar + 2, VOICINGS[chord], 0.8, 0.6
