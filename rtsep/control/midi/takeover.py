"""Soft takeover: a fader of a controller takes hold of ours where the two stand at the same height.

Otherwise the sound would jump at the first touch of a controller that stands somewhere else.
"""

from __future__ import annotations

NEAR = 0.012  # travel, one and a half steps of a fader with 128


class Takeover:
    """Decides for one control whether its moves count. Knows nothing of what they move."""

    def __init__(self) -> None:
        self._holds = False
        self._position: float | None = None  # of the control, where it was seen last
        self._left_at: float | None = None  # where our fader stood after the control moved it

    def moves(self, position: float, present: float) -> bool:
        """Whether the control, which came to `position`, moves our fader, which is at `present`.

        It does from where it reaches or crosses our fader, until somebody else moves that.
        """
        if present != self._left_at:
            self._holds = False
        before, self._position = self._position, position
        crossed = before is not None and (before - present) * (position - present) <= 0
        self._holds = self._holds or crossed or abs(position - present) <= NEAR
        return self._holds

    def moved(self, present: float) -> None:
        """Remember where our fader stands now that the control moved it."""
        self._left_at = present
