"""How far a stream in tf32, bf16 and fp16 is from the same stream in fp32, on real music.

Signal over difference in dB, song by song; with graphs on a card, so that what is compared is what
plays. On the stempeg example, whose stems are known, also the SDR itself in every precision.
`--music FOLDER` names audio files; without any, the example alone is compared.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.ways import MODES, Ways, parser, ready
from rtsep.audio.files import read_audio
from rtsep.engine.separator import Separator
from rtsep.engine.stream import Stream
from rtsep.measure.songs import Audio, score, streamed
from rtsep.metrics import MEAN, sdr
from tests.music import SAMPLE_RATE, stempeg_stems

HOP = 4  # frames, 93 ms
EXAMPLE = "stempeg example"
FIRST = 30.0  # seconds that are skipped of a file: songs begin quietly


def main(argv: list[str] | None = None) -> int:
    arguments = parser(__doc__)
    arguments.add_argument("--music", type=Path, help="folder with audio files")
    arguments.add_argument("--files", type=int, default=6, help="how many of them")
    arguments.add_argument("--excerpt", type=float, default=10.0, help="seconds of each")
    args = arguments.parse_args(argv)
    if (prepared := ready(args)) is None:
        return 0
    ways, figures = prepared
    separators = {name: ways.separator(name, ways.executors[-1]) for name in ways.precisions}
    for title, mix in _music(args.music, args.files, args.excerpt):
        for mode in MODES:
            figures.attempt(f"{title}, {mode}", lambda m=mode, x=mix, t=title: (  # type: ignore[misc]
                _compared(ways, separators, m, x, is_example=t == EXAMPLE)
            ))  # fmt: skip
    return 0


def _compared(
    ways: Ways, separators: dict[str, Separator], mode: str, mix: Audio, *, is_example: bool
) -> dict[str, dict[str, float]]:
    outs = {
        name: streamed(_stream(ways, separator, mode), mix)
        for name, separator in separators.items()
    }
    found = {"to_fp32_db": {n: round(sdr(outs["fp32"], o), 1) for n, o in outs.items()
                            if n != "fp32"}}  # fmt: skip
    if is_example:
        song = {"mixture": mix} | {n: s[:, : mix.shape[1]] for n, s in stempeg_stems().items()}
        stems = ways.config.stems
        found["sdr_db"] = {name: score(stems, song, out)[MEAN] for name, out in outs.items()}
    return found


def _stream(ways: Ways, separator: Separator, mode: str) -> Stream:
    spec = ways.spec(mode, HOP)
    rate = spec.sample_rate
    return separator.stream(
        window=spec.window / rate, hop=spec.hop / rate, lookahead=spec.lookahead / rate, mode=mode
    )


def _music(folder: Path | None, files: int, seconds: float) -> Iterator[tuple[str, Audio]]:
    """The example whole, or as much as is asked for, and an excerpt of some files."""
    samples = round(seconds * SAMPLE_RATE)
    yield EXAMPLE, np.sum(list(stempeg_stems().values()), 0, np.float32)[:, :samples]
    paths = sorted(folder.iterdir()) if folder else []
    for path in paths[:: max(len(paths) // files, 1)][:files]:
        song = read_audio(path, SAMPLE_RATE)
        first = min(round(FIRST * SAMPLE_RATE), max(song.shape[1] - samples, 0))
        yield path.stem, song[:, first : first + samples]


if __name__ == "__main__":
    sys.exit(main())
