"""The training loop: draw, compare, change a little, average, watch, keep.

Knows neither files of music nor the command line. Whatever ends it, the last checkpoint is whole.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rtsep.atomic import write_atomically
from rtsep.errors import RtsepError
from rtsep.weights.delta import FREE
from training.checkpoint import Progress, load, load_moments, save
from training.delta import Delta, new_delta, write_delta
from training.loss import Rolling, emphasis, exact_loss, spec_of
from training.settings import Settings
from training.songs import Drawer, Song
from training.student import Student
from training.watch import Scores, losses, mean, watch

ROLLING_HOPS = 24  # of a stream before another one begins
CLIP = 1.0  # of the gradient's length
WARM_UP = 50  # steps until learning is at its full rate
MOST_LOST_DB = 0.1  # by any song, of a delta that is kept
DELTA, LOG = "delta.safetensors", "training.jsonl"


class Trainer:
    """One run in one folder, begun or gone on with."""

    def __init__(
        self,
        student: Student,
        settings: Settings,
        songs: Sequence[Song],
        *,
        base: str,
        held_out: Sequence[str],
        folder: Path,
        facts: dict[str, Any],
    ) -> None:
        """Songs named in `held_out` are only watched. `base` names the official model, and
        `facts` go into the delta: what it was trained on."""
        self._student, self._settings, self._songs = student, settings, list(songs)
        self._held_out, self._folder, self._facts = list(held_out), folder, facts
        self._base = base
        folder.mkdir(parents=True, exist_ok=True)
        found = load(folder, settings, student.state)
        self._progress = self._on_device(found) if found else self._begun()
        self._learning, self._average = self._progress.learning, self._progress.average
        self._optimizer = self._new_optimizer()
        load_moments(folder, self._learning, self._optimizer, self.step)
        taught = [song for song in songs if song.name not in self._held_out] or list(songs)
        rate = student.config.sample_rate
        self._drawer = Drawer(taught, mixed=settings.mixed, seed=settings.seed, rate=rate)
        self._weights = emphasis(settings, student.config.frame, student.device)
        self._batch = settings.batch
        self._before: Scores = self._progress.facts.get("before", {})

    @property
    def step(self) -> int:
        return int(self._progress.facts["step"])

    def train(self, *, steps: int, every: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Up to so many steps in all, with a look and a checkpoint `every` so many seconds."""
        if not self._before:
            self._before = self._progress.facts["before"] = self._watched({})
            self._log(watch=self._before, of="official weights")
        began = looked = time.monotonic()
        spent = self._progress.facts["seconds"]
        lessons = self._lessons()
        while self.step < steps and not stop():
            try:
                self._take(next(lessons))
            except torch.OutOfMemoryError:
                self._shrink()
                lessons = self._lessons()
            self._progress.facts["seconds"] = round(spent + time.monotonic() - began, 1)
            if time.monotonic() - looked > every:
                self.keep()
                looked = time.monotonic()
        self.keep()

    def keep(self) -> None:
        """Look at what was learnt, keep it if it is better, and write a checkpoint. The checkpoint
        comes first: looking takes time that may run out."""
        self._save()
        now = self._watched(self._average)
        lost = max(losses(self._before, now).values(), default=0.0)
        gained = mean(now, self._judges) - mean(self._before, self._judges)
        best = self._progress.facts.get("best", 0.0)
        accepted = lost <= MOST_LOST_DB and gained > best
        self._log(watch=now, gained_db=round(gained, 3), most_lost_db=round(lost, 3), kept=accepted)
        if accepted:
            self._progress.facts["best"] = gained
            self._write_delta(now, gained)
            self._save()

    def _shrink(self) -> None:
        """Half as many windows a step, for cards with less memory."""
        if self._batch == 1:
            raise RtsepError("the memory of this device is too small for a window of this length")
        self._batch //= 2
        torch.cuda.empty_cache()
        self._log(batch=self._batch)

    @property
    def _judges(self) -> list[str]:
        """Songs whose mean decides: those never trained on, or all."""
        return self._held_out or [song.name for song in self._songs]

    def _take(self, lesson: Callable[[], Tensor]) -> None:
        """One step."""
        rate = min(1.0, (self.step + 1) / WARM_UP)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["full_rate"]
        self._optimizer.zero_grad()
        with self._student.learning(self._learning):
            loss = lesson()
            loss.backward()  # type: ignore[no-untyped-call]
        length = torch.nn.utils.clip_grad_norm_(self._learning.values(), CLIP)
        value = float(loss.detach())
        if np.isfinite(value) and bool(length.isfinite()):
            self._optimizer.step()
            self._average_in()
        self._progress.facts["step"] += 1
        self._log(loss=round(value, 5), gradient=round(float(length), 4), mode=lesson.__name__)

    @torch.no_grad()
    def _average_in(self) -> None:
        share = min(self._settings.averaging, (1 + self.step) / (10 + self.step))
        for name, tensor in self._learning.items():
            self._average[name].lerp_(tensor, 1 - share)

    def _lessons(self) -> Iterator[Callable[[], Tensor]]:
        """Losses to be computed, without an end. What is drawn depends on the step only."""
        rolling: Rolling | None = None
        while True:
            random = np.random.default_rng((self._settings.seed, self.step, 1))
            if random.random() >= self._settings.incremental:
                yield self._exact()
                continue
            if rolling is None or rolling.ends:
                rolling = self._new_rolling(random)
            yield _named("incremental", rolling.loss)

    def _exact(self) -> Callable[[], Tensor]:
        samples = self._settings.window * self._student.config.frame
        mix, truth = self._drawn(samples)
        return _named("exact", lambda: exact_loss(self._student, mix, truth, self._weights))

    def _new_rolling(self, random: np.random.Generator) -> Rolling:
        hop, ahead = random.choice(self._settings.hops), random.choice(self._settings.lookaheads)
        spec = spec_of(self._student, self._settings, "incremental", int(hop), int(ahead))
        filled = self._settings.window + max(self._settings.hops)
        mix, truth = self._drawn(filled * spec.frame + ROLLING_HOPS * spec.hop)
        self._student.use(self._learning)
        with self._student.rounding():
            return Rolling(self._student, spec, mix, truth)

    def _drawn(self, samples: int) -> tuple[Tensor, Tensor]:
        return self._drawer.draw(self.step, self._batch, samples)

    def _watched(self, delta: Delta) -> Scores:
        self._student.use(delta)
        return watch(self._student, self._settings, self._songs)

    def _new_optimizer(self) -> torch.optim.AdamW:
        groups = [
            {"params": [t for name, t in self._learning.items() if name.endswith(FREE) == free],
             "full_rate": rate}
            for free, rate in ((True, self._settings.free_rate), (False, self._settings.thin_rate))
        ]  # fmt: skip
        return torch.optim.AdamW(groups, lr=0.0, weight_decay=0.0)

    def _begun(self) -> Progress:
        settings = self._settings
        delta = new_delta(self._student.state, rank=settings.rank,
                          free_layers=settings.free_layers, seed=settings.seed)  # fmt: skip
        return Progress(
            learning={name: tensor.requires_grad_() for name, tensor in delta.items()},
            average={name: tensor.detach().clone() for name, tensor in delta.items()},
            facts={"step": 0, "seconds": 0.0},
        )

    def _on_device(self, found: Progress) -> Progress:
        device = self._student.device
        return Progress(
            learning={n: t.to(device).requires_grad_() for n, t in found.learning.items()},
            average={n: t.to(device) for n, t in found.average.items()},
            facts=found.facts,
        )

    def _save(self) -> None:
        save(self._folder, self._progress, self._settings, self._student.state, self._optimizer)

    def _write_delta(self, scores: Scores, gained: float) -> None:
        facts = self._facts | {
            "settings": asdict(self._settings),
            "step": self.step,
            "gained_db": round(gained, 3),
            "before": self._before,
            "after": scores,
        }
        write_atomically(
            self._folder / DELTA,
            lambda part: write_delta(
                part, self._average, self._student.state, base=self._base, facts=facts
            ),
        )

    def _log(self, **facts: Any) -> None:
        line = {"step": self.step, "seconds": self._progress.facts["seconds"], **facts}
        with (self._folder / LOG).open("a") as file:
            file.write(json.dumps(line) + "\n")


def _named(name: str, lesson: Callable[[], Tensor]) -> Callable[[], Tensor]:
    def run() -> Tensor:
        return lesson()

    run.__name__ = name
    return run
