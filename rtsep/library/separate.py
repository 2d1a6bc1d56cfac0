"""A library from Python: results and errors as data, as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rtsep.library.result import LibraryResult
from rtsep.library.run import FileProgress, LibraryRun
from rtsep.library.settings import Making, ModelSpec, Running, gains_of
from rtsep.weights.observer import LoggingObserver, Observer


def separate_library(
    paths: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path = "htdemucs",
    device: str = "auto",
    precision: str = "auto",
    cache: str | Path | None = None,
    stems: Sequence[str] | None = None,
    two_stems: str | None = None,
    mute: Sequence[str] = (),
    gains_db: Mapping[str, float] | None = None,
    overlap: float = 0.25,
    encoding: str = "float",
    bitrate: int | None = None,
    start: float = 0.0,
    stop: float | None = None,
    batch: int = 0,
    jobs: int = 0,
    ray: str | None = None,
    shard: tuple[int, int] = (1, 1),
    time_limit: float | None = None,
    force: bool = False,
    observer: Observer | None = None,
    progress: FileProgress = lambda path, done, total: None,
) -> Iterator[LibraryResult]:
    """Separate files and folders into folders below `out`, as `rtsep separate` does it; yields a
    result for every file, when it is there or has failed.

    What is there already is not made again, unless `force` says so. `stems` are those that are
    written; or `two_stems` is one that is written beside the others together; or there is one mix,
    with some stems on `mute` or under `gains_db`. `start` and `stop` are seconds.

    `encoding` is float, pcm24 or pcm16 (WAV), flac, mp3, m4a, alac or opus, a file per stem; or
    stem or stem-alac, one `.stem.mp4` per song. `bitrate` is in kb/s, where it has one. What a song
    says of itself, and its cover, is in all but WAV.

    `jobs` processes do the work, or this one if there are none; they import the main program anew,
    which therefore has to begin below `if __name__ == "__main__":`. With `ray`, "auto" or an
    address, actors of a Ray cluster do it. `shard` (3, 16) is the third of sixteen parts.

    Raises ConfigError and AudioFileError at once for what cannot be asked for; the first result may
    raise ModelError and DownloadError, any of them DiskFullError.
    """
    given = [paths] if isinstance(paths, str | Path) else paths
    run = LibraryRun(
        [Path(path) for path in given],
        Path(out),
        model=ModelSpec(
            model=str(model),
            device=device,
            precision=precision,
            cache=None if cache is None else Path(cache),
        ),
        making=Making(
            stems=tuple(stems) if stems else None,
            two_stems=two_stems,
            gains=gains_of(gains_db, mute),
            overlap=overlap,
            encoding=encoding,
            bitrate=bitrate,
            start=start,
            stop=stop,
            batch=batch,
        ),
        running=Running(jobs=jobs, ray=ray, shard=shard, time_limit=time_limit, force=force),
    )
    run.progress = progress
    return _results(run, observer or LoggingObserver())


def _results(run: LibraryRun, observer: Observer) -> Iterator[LibraryResult]:
    with run:
        run.start(observer)
        yield from run.results()
