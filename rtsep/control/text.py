"""Words and numbers for people at a terminal, whatever a device or an event is called."""

from __future__ import annotations


def printable(text: str) -> str:
    """The same text without anything that could move a cursor or change a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def clock(seconds: float) -> str:
    """`1:23:45`, and `3:45` in the first hour."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
