"""What comes out of a file: stems; or one stem and the others together; or a mix under gains.

All but plain stems are the mix with more or less of some stems, so that the outputs sum to the
input where they should, and no network runs that nobody hears.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rtsep.audio.writer import MIX
from rtsep.errors import ConfigError
from rtsep.library.formats import STEM_FILES
from rtsep.library.settings import Making

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Outputs:
    """`names` of what is written, `stems` that the model has to make for it. Each row of `gains`
    is the share of the mix, then of those stems; without it the stems are the outputs. With a
    `master` the mix is written too, into their file."""

    names: tuple[str, ...]
    stems: tuple[str, ...]
    gains: tuple[tuple[float, ...], ...] = ()
    master: bool = False

    def written(self, stems: Tensor, mix: Tensor) -> tuple[Tensor, ...]:
        """What a writer takes of a stretch."""
        return (self.of(stems, mix), mix) if self.master else (self.of(stems, mix),)

    def of(self, stems: Tensor, mix: Tensor) -> Tensor:
        """(stems, channels, n), (channels, n) -> (outputs, channels, n)"""
        if not self.gains:
            return stems
        import torch  # names are asked for before it is needed

        heard = torch.cat((mix[None], stems))
        return torch.einsum("os,scn->ocn", torch.tensor(self.gains), heard)


def outputs_of(making: Making, every: Sequence[str], channels: int) -> Outputs:
    """Of a model with those stems and channels. Raises ConfigError for what it cannot make."""
    outputs = replace(_outputs(making, every), master=making.encoding in STEM_FILES)
    if outputs.master and channels != 2:
        raise ConfigError("stem files are stereo, the model is not; choose another format")
    return outputs


def _outputs(making: Making, every: Sequence[str]) -> Outputs:
    if making.two_stems:
        _check([making.two_stems], every)
        names = (making.two_stems, f"no_{making.two_stems}")
        return Outputs(names, (making.two_stems,), ((0.0, 1.0), (1.0, -1.0)))
    if making.gains:
        changed = dict(making.gains)
        _check(list(changed), every)
        return Outputs((MIX,), tuple(changed), ((1.0, *(gain - 1 for gain in changed.values())),))
    stems = tuple(making.stems or every)
    _check(stems, every)
    return Outputs(stems, stems)


def _check(names: Sequence[str], every: Sequence[str]) -> None:
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ConfigError(f"no stem {', '.join(unknown)}; the model has {', '.join(every)}")
