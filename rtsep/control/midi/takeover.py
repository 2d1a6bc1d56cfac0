"""Soft takeover: a fader of a controller takes hold of ours where the two stand at the same height.

Otherwise the sound would jump at the first touch of a controller that stands somewhere else.
"""

from __future__ import annotations

NEAR = 0.012  # travel, one and a half steps of a fader with 128


class Takeover:
    """Decides for one control whether its moves count. Knows nothing of what they move."""

    def __init__(self) -> None:
        self._holds = False
        self._path: list[float] = []  # where the control was since it was decided about last
        self._left_at: float | None = None  # where our fader stood after the control moved it

    def passes(self, position: float) -> None:
        """The control is at a position now."""
        self._path.append(position)

    def moves(self, present: float) -> bool:
        """Whether the control moves our fader, which is at `present`, to its last position.

        It does from where it reached or crossed our fader, until somebody else moves that.
        """
        if present != self._left_at:
            self._holds = False
        if not self._holds:
            self._holds = min(self._path) - NEAR <= present <= max(self._path) + NEAR
        del self._path[:-1]
        return self._holds

    def moved(self, present: float) -> None:
        """Remember where our fader stands now that the control moved it."""
        self._left_at = present
