"""What a pickle would do, found by reading its instructions without following any.

Knows nothing of torch or of which names are welcome.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field

# torch.save uses none of these, and some would blind the measuring of tuples below.
FOREIGN = frozenset({"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "DUP"})
GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
TUPLES = frozenset({"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"})
CALLS = frozenset({"REDUCE", "NEWOBJ", "BUILD"})
LARGEST_TUPLE = 10_000
LARGEST_LONG = 1 << 63
# Each call may copy all that was made before it. The official checkpoints need a sixteenth of this.
MOST_COPIES = 1 << 28


class SuspiciousPickle(Exception):
    """The pickle is not one that torch.save writes."""


@dataclass(frozen=True)
class Contents:
    """What the pickle wants to construct or call, and all texts in it."""

    names: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)


def read_pickle(content: bytes) -> Contents:
    """What is in it, if it is of reasonable effort. Damaged content raises anything at all.

    Tuples in tuples are measured: a few bytes can describe one that takes a dictionary forever, or
    all of the C stack, to hash. So are the objects that calls may copy.
    """
    found = Contents()
    calls = instructions = longest = 0
    sizes: list[int | None] = []  # of what lies on the unpickler's stack; None is a mark
    remembered: dict[int, int] = {}
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in FOREIGN:
            raise SuspiciousPickle(f"torch.save does not use {opcode.name}")
        instructions += 1
        calls += opcode.name in CALLS
        if opcode.name == "GLOBAL":
            found.names.add(str(argument).replace(" ", "."))
        elif isinstance(argument, str):
            found.texts.add(argument)
            longest = max(longest, len(argument))
        elif isinstance(argument, int) and abs(argument) > LARGEST_LONG:  # of those, many could
            raise SuspiciousPickle("it holds enormous numbers")  # have one hash
        if calls * (instructions + longest) > MOST_COPIES:
            raise SuspiciousPickle("it copies things without end")
        if opcode.name in PUTS:
            remembered[int(argument or 0)] = sizes[-1] or 1
            continue
        taken = _take(sizes, opcode)
        if opcode.name == "MARK":
            sizes.append(None)
            continue
        size = 1
        if opcode.name in TUPLES:
            size += sum(taken)
        elif opcode.name in GETS:
            size = remembered[int(argument or 0)]
        if size > LARGEST_TUPLE:
            raise SuspiciousPickle("it holds tuples in tuples without end")
        sizes.extend([size] * len(opcode.stack_after))
    return found


def _take(sizes: list[int | None], opcode: pickletools.OpcodeInfo) -> list[int]:
    """Pop what the instruction consumes."""
    taken: list[int] = []
    for kind in reversed(opcode.stack_before):
        if kind is pickletools.stackslice:
            while (size := sizes.pop()) is not None:  # down to the mark
                taken.append(size)
        elif kind is not pickletools.markobject:
            taken.append(sizes.pop() or 1)
    return taken
