"""Where a player is and how it goes on from there, as a value that orders change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

FADE = 256  # samples of a crossfade where the sound jumps


@dataclass(frozen=True, kw_only=True)
class Course:
    """Song `number` of the list, at its sample `place`. While `looping`, from `loop_out`, or the
    end of the song, on to `loop_in`."""

    number: int = 0
    place: int = 0
    loop_in: int = 0
    loop_out: int | None = None
    looping: bool = False
    speed: float = 1.0

    def at(self, place: int) -> Course:
        """Elsewhere in this song; before its beginning there is nothing."""
        return replace(self, place=max(place, 0))

    def in_song(self, number: int) -> Course:
        """At the beginning of another one, which knows no loop yet; the speed stays."""
        return Course(number=number, speed=self.speed)

    def inside(self) -> Course:
        """What lies behind the end of the loop, lies in it as its turns go on: in time."""
        if not self.looping or self.loop_out is None or self.place < self.loop_out:
            return self
        turn = self.loop_out - self.loop_in
        return replace(self, place=self.loop_in + (self.place - self.loop_in) % turn)


# From what would be to what shall be. Raises ConfigError for what cannot be.
Order = Callable[[Course], Course]
