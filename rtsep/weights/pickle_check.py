"""What a pickle would do, found by reading its instructions without following any.

Knows nothing of torch or of which names are welcome.
"""

from __future__ import annotations

import pickletools

# torch.save uses none of these, and some would blind the measuring of tuples below.
FOREIGN = frozenset({"STACK_GLOBAL", "INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "DUP"})
GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
TUPLES = frozenset({"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"})
LARGEST_TUPLE = 10_000


class SuspiciousPickle(Exception):
    """The pickle is not one that torch.save writes."""


def pickle_globals(content: bytes) -> set[str]:
    """Everything the pickle wants to construct or call. Damaged content raises anything at all.

    Tuples in tuples are measured too: a few bytes can describe one that takes a dictionary forever,
    or all of the C stack, to hash.
    """
    names: set[str] = set()
    sizes: list[int | None] = []  # of what lies on the unpickler's stack; None is a mark
    remembered: dict[int, int] = {}
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in FOREIGN:
            raise SuspiciousPickle(f"torch.save does not use {opcode.name}")
        if opcode.name == "GLOBAL":
            names.add(str(argument).replace(" ", "."))
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
    return names


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
