"""Damage for valid inputs. All chance comes from the `Random` that is given."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random

# Where a parser's arithmetic turns over.
EXTREMES = (
    0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
    0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF,
)  # fmt: skip
LARGEST = 1 << 18


def mutated(seeds: Sequence[bytes], random: Random, words: Sequence[bytes] = ()) -> bytes:
    """One of the seeds with a few changes; `words` are what the format is made of."""
    data = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        change = random.choice(CHANGES)
        data = change(data, random, seeds, words)[:LARGEST]
    return bytes(data)


Change = Callable[[bytearray, Random, Sequence[bytes], Sequence[bytes]], bytearray]


def _place(data: bytearray, random: Random) -> int:
    """Mostly near the beginning, where headers are."""
    limit = random.choice((64, 1024, len(data)))
    return random.randrange(min(limit, len(data)) + 1)


def flip(data: bytearray, random: Random, *rest: object) -> bytearray:
    at = _place(data, random)
    if at < len(data):
        data[at] ^= 1 << random.randrange(8)
    return data


def overwrite(data: bytearray, random: Random, *rest: object) -> bytearray:
    at = _place(data, random)
    new = random.randbytes(random.randrange(1, 9))
    data[at : at + len(new)] = new
    return data


def extreme(data: bytearray, random: Random, *rest: object) -> bytearray:
    """A length, a count or a rate that lies."""
    at, width = _place(data, random), random.choice("BHIQ")
    value = random.choice(EXTREMES) & ((1 << 8 * struct.calcsize(width)) - 1)
    packed = struct.pack(random.choice("<>") + width, value)
    data[at : at + len(packed)] = packed
    return data


def truncate(data: bytearray, random: Random, *rest: object) -> bytearray:
    return data[: random.randrange(len(data) + 1)]


def remove(data: bytearray, random: Random, *rest: object) -> bytearray:
    at = _place(data, random)
    del data[at : at + random.choice((1, 2, 4, 8, 100))]
    return data


def insert(
    data: bytearray, random: Random, seeds: Sequence[bytes], words: Sequence[bytes]
) -> bytearray:
    at = _place(data, random)
    word = random.choice(words) if words else random.randbytes(4)
    data[at:at] = word * random.choice((1, 1, 1, 2, 300))
    return data


def repeat(data: bytearray, random: Random, *rest: object) -> bytearray:
    """A part of it many times, as nested or huge counts look."""
    at = _place(data, random)
    part = data[at : at + random.choice((1, 2, 8, 64))]
    data[at:at] = part * random.choice((1, 2, 50, 2000))
    return data


def splice(
    data: bytearray, random: Random, seeds: Sequence[bytes], words: Sequence[bytes]
) -> bytearray:
    other = random.choice(seeds)
    return data[: _place(data, random)] + other[_place(bytearray(other), random) :]


CHANGES: tuple[Change, ...] = (
    flip, flip, overwrite, extreme, extreme, truncate, remove, insert, repeat, splice,
)  # fmt: skip
