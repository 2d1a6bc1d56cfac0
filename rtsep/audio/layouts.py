"""Which channels of a file are heard on which side.

Surround is mixed down as Recommendation ITU-R BS.775 says: the front as it is, the centre at -3 dB
on both sides, surrounds at -3 dB on their own, one in the middle of the back at -6 dB on both, and
no LFE. Names of channels are FFmpeg's. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtsep.audio.routes import channel_names
from rtsep.errors import ConfigError

Audio = NDArray[np.float32]
Layout = tuple[str, ...]

HALF_POWER = 0.5**0.5
# Taken where a file does not say what its channels are: these numbers nearly always mean these.
USUAL: dict[int, Layout] = {
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
_WHOLE = {"FL": (1.0, 0.0), "FR": (0.0, 1.0), "DL": (1.0, 0.0), "DR": (0.0, 1.0)}
_MIDDLE = {"FC": HALF_POWER, "BC": 0.5, "TC": 0.5, "TFC": 0.5, "TBC": 0.5, "BFC": 0.5}
_SIDE = re.compile(r"(B|S|T[FBS]|BF|W|SD)[LR]|FLC|FRC")


@dataclass(frozen=True, kw_only=True)
class ChannelMap:
    """`columns` of the file are heard, mixed by `weights` (columns, channels) if there are any.

    Without weights they are the channels, over again where there are fewer.
    """

    columns: tuple[int, ...]
    channels: int
    weights: Audio | None = None
    notes: tuple[str, ...] = ()

    def heard(self, raw: Audio) -> Audio:
        """(frames, columns): those that matter, copied unless they are the file's first."""
        first = len(self.columns)
        return raw[:, :first] if self.columns == tuple(range(first)) else raw[:, self.columns]

    def mixed(self, heard: Audio) -> Audio:
        """(frames, channels)"""
        if self.weights is not None:
            return heard @ self.weights
        return heard[:, np.arange(self.channels) % heard.shape[1]]


def channel_map(
    count: int, layout: Layout, channels: int, picked: Sequence[int] = (), name: str = "the file"
) -> ChannelMap:
    """From `count` channels to `channels`. `picked` are those to take instead of all.

    Raises ConfigError for picked ones that the file does not have.
    """
    if picked:
        return _picked(count, layout, channels, tuple(picked), name)
    if channels == 2 and count > 2:
        known = layout or USUAL.get(count, ())
        weights = _weights(known)
        if weights is not None:
            columns = tuple(int(row) for row in np.flatnonzero(weights.any(axis=1)))
            note = _mixed_note(known, weights, stated=bool(layout))
            used = weights[list(columns)]
            return ChannelMap(columns=columns, channels=2, weights=used, notes=(note,))
    return ChannelMap(
        columns=tuple(range(min(count, channels))),
        channels=channels,
        notes=_first_note(count, channels),
    )


def _picked(
    count: int, layout: Layout, channels: int, picked: tuple[int, ...], name: str
) -> ChannelMap:
    if max(picked) >= count:
        raise ConfigError(
            f"input channels {channel_names(picked)} are out of range: {name} has {count}"
        )
    named = f" ({' '.join(layout)})" if layout else ""
    are = "is used on both sides" if len(picked) == 1 else "are used"
    note = f"{count} channels{named}: {channel_names(picked)} {are}"
    return ChannelMap(
        columns=picked[:channels], channels=channels, notes=(note,) if count > 1 else ()
    )


def _weights(layout: Layout) -> Audio | None:
    """(channels of the file, 2); None for a channel that no rule speaks of."""
    rows = []
    for name in layout:
        if name in _WHOLE:
            rows.append(_WHOLE[name])
        elif name in _MIDDLE:
            rows.append((_MIDDLE[name], _MIDDLE[name]))
        elif _SIDE.fullmatch(name):
            rows.append((HALF_POWER, 0.0) if "L" in name else (0.0, HALF_POWER))
        elif name.startswith("LFE"):
            rows.append((0.0, 0.0))
        else:
            return None
    weights = np.array(rows, np.float32)
    return weights if weights.any() else None


def _mixed_note(layout: Layout, weights: Audio, *, stated: bool) -> str:
    sides = [
        f"{side} = "
        + " + ".join(_term(*term) for term in zip(layout, column, strict=True) if term[1])
        for side, column in zip(("left", "right"), weights.T, strict=True)
    ]
    left_out = [name for name, row in zip(layout, weights, strict=True) if not row.any()]
    without = f", without {' and '.join(left_out)}" if left_out else ""
    channels = " ".join(layout)
    are = channels if stated else f"the file does not say which, taken as {channels}"
    return (
        f"{len(layout)} channels ({are}) mixed to stereo by ITU-R BS.775: "
        f"{', '.join(sides)}{without}; --input-channels takes single ones"
    )


def _term(name: str, weight: float) -> str:
    return name if weight == 1 else f"{weight:.2f} {name}"


def _first_note(count: int, channels: int) -> tuple[str, ...]:
    if count > channels:
        first = "two are" if channels == 2 else f"{channels} are"
        return (f"{count} channels: the first {first} used",)
    if count < channels:
        return ("mono: duplicated to stereo" if channels == 2 else "channels repeated to fill",)
    return ()
