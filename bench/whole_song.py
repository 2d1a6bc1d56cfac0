"""A whole song with true stems, as the folder that `--songs` takes: Hydrogen, of the album
"Everything is Free" by ichbinsoftware (CC0 1.0).

No setting was chosen on it, and nothing is trained on it. Its repository, by default, is fetched;
needs git, and PyAV, which decodes the tracks.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import soundfile

from card.music import Files
from card.sources import SONGS
from rtsep.measure.songs import MIXTURE, Audio
from tests.music import SAMPLE_RATE

NAME = "1.Hydrogen"
TRACKS = {
    "drums": ("DRUMS BREAK 1", "DRUMS BREAK 2", "HH", "MAIN DRUMS"),
    "vocals": ("BGVOX AAHH", "BGVOX ECHO", "BGVOX HARMONY", "VOX LEAD"),
    "rest": ("BEEPS", "MICROCOSM EFFECT", "MINILOGUE SYNTH", "SWEEPS"),
}
LOUDEST = 0.95


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.whole_song", description=__doc__)
    parser.add_argument("folder", type=Path, help="gets the song, as hydrogen/*.flac")
    parser.add_argument("--clone", type=Path, help="of the repository, if there is one already")
    args = parser.parse_args()
    clone = args.clone or args.folder / SONGS.name
    if not clone.exists():
        subprocess.run(
            ["git", "clone", "--quiet", "--depth", "1", SONGS.url, str(clone)], check=True
        )
    write_song(Files(clone, commit=True), args.folder / "hydrogen")
    return 0


def write_song(files: Files, folder: Path) -> None:
    """All tracks begin and end together; what encoders padded is silence."""
    stems = {stem: [_track(files, name) for name in names] for stem, names in TRACKS.items()}
    samples = max(track.shape[1] for tracks in stems.values() for track in tracks)
    song = {stem: np.zeros((2, samples), np.float32) for stem in stems}
    for stem, tracks in stems.items():
        for track in tracks:
            song[stem][:, : track.shape[1]] += track
    song[MIXTURE] = np.sum(list(song.values()), 0, np.float32)
    gain = LOUDEST / max(float(np.abs(audio).max()) for audio in song.values())
    folder.mkdir(parents=True, exist_ok=True)
    for stem, audio in song.items():
        soundfile.write(folder / f"{stem}.flac", gain * audio.T, SAMPLE_RATE, subtype="PCM_24")


def _track(files: Files, name: str) -> Audio:
    """(2, samples)"""
    data = files.read(f"src/{NAME}/{NAME}_Stem_{name}_mobile.m4a")
    with av.open(io.BytesIO(data)) as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        frames = [*container.decode(container.streams.audio[0]), None]
        parts = [part.to_ndarray() for frame in frames for part in resampler.resample(frame)]
    return np.concatenate(parts, 1).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
