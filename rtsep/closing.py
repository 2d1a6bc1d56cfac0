"""What `with` closes."""

from __future__ import annotations

from typing import TypeVar

Self = TypeVar("Self", bound="Closing")


class Closing:
    """`with` gives the object and closes it on the way out, whatever happened."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class ClosingOrDiscarding(Closing):
    """`with` closes it if all went well, and discards it where an error comes out."""

    def discard(self) -> None:
        raise NotImplementedError

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self.close()
        else:
            self.discard()
