"""What somebody writes who uses `demucs` from a script: load, apply, save.

    python library_demucs.py WEIGHTS SONG FOLDER

Prints its peak memory in KiB last.
"""

from __future__ import annotations

import sys
from pathlib import Path

import soundfile
import torch
from demucs.apply import apply_model
from demucs.htdemucs import HTDemucs


def main(weights: Path, song: Path, folder: Path) -> None:
    kept = torch.load(weights, weights_only=False)  # made by bench/library.py just now
    model = HTDemucs(**kept["arguments"])
    model.load_state_dict(kept["state"])
    model.eval()
    audio, rate = soundfile.read(song, dtype="float32", always_2d=True)
    stems = apply_model(model, torch.from_numpy(audio.T)[None], shifts=0, overlap=0.25)[0]
    folder.mkdir(exist_ok=True)
    for name, stem in zip(model.sources, stems, strict=True):
        soundfile.write(folder / f"{name}.wav", stem.numpy().T, rate, "FLOAT")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
    status = Path("/proc/self/status").read_text().splitlines()
    print(next(line for line in status if "VmHWM" in line).split()[1])
