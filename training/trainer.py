"""The training loop: draw, learn, watch, keep.

Knows neither files of music nor the command line. Whatever ends it, the last checkpoint is whole.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rtsep.atomic import write_atomically
from rtsep.errors import RtsepError
from training.checkpoint import Progress, load, load_moments, save
from training.delta import Delta, new_delta, write_delta
from training.loss import ExactLesson, RollingLesson, spec_of
from training.settings import Settings
from training.songs import Drawer, Song
from training.steps import Learning
from training.student import Student
from training.watch import Scores, losses, mean, watch

ROLLING_HOPS = 48  # of a stream before another one begins
LOGGED = 20  # steps at once
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
        learnt, average = self._progress.learning, self._progress.average
        self._learning = Learning(student, settings, learnt, average)
        load_moments(folder, learnt, self._learning.optimizer, self.step)
        taught = [song for song in songs if song.name not in self._held_out] or list(songs)
        rate = student.config.sample_rate
        self._drawer = Drawer(taught, mixed=settings.mixed, seed=settings.seed, rate=rate)
        self._batch = settings.batch
        self._taken: list[tuple[int, str, Tensor]] = []  # and not yet logged
        self._rollings: dict[tuple[int, int], RollingLesson] = {}
        self._rolling: RollingLesson | None = None
        self._new_lessons()
        self._before: Scores = self._progress.facts.get("before", {})

    @property
    def step(self) -> int:
        return int(self._progress.facts["step"])

    def train(
        self,
        *,
        steps: int,
        every: float,
        minutes: float = math.inf,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Up to so many steps in all, or for so many minutes, with a look and a checkpoint `every`
        so many seconds. The less is left of both, the less a step changes."""
        if not self._before:
            self._before = self._progress.facts["before"] = self._watched({})
            self._log(watch=self._before, of="official weights")
        began = looked = time.monotonic()
        spent = self._progress.facts["seconds"]
        while self.step < steps and not stop():
            done = max(self.step / steps, (time.monotonic() - began) / 60 / minutes)
            if done >= 1:
                break
            self._learning.pace(self.step, done)
            try:
                self._take()
            except torch.OutOfMemoryError:
                self._shrink()
            self._progress.facts["seconds"] = round(spent + time.monotonic() - began, 1)
            if time.monotonic() - looked > every:
                self.keep()
                looked = time.monotonic()
        self.keep()

    def keep(self) -> None:
        """Look at what was learnt, keep it if it is better, and write a checkpoint. The checkpoint
        comes first: looking takes time that may run out."""
        self._log_steps()
        self._save()
        now = self._watched(self._learning.average)
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
        self._learning.forget()
        self._new_lessons()
        torch.cuda.empty_cache()
        self._log(batch=self._batch)

    @property
    def _judges(self) -> list[str]:
        """Songs whose mean decides: those never trained on, or all."""
        return self._held_out or [song.name for song in self._songs]

    def _take(self) -> None:
        """One step."""
        lesson = self._lesson()
        outcome = self._learning.step(lesson)
        self._progress.facts["step"] += 1
        self._taken.append((self.step, lesson.name, outcome))
        if len(self._taken) == LOGGED:
            self._log_steps()

    def _lesson(self) -> ExactLesson | RollingLesson:
        """The next one. What is drawn depends on the step only."""
        random = np.random.default_rng((self._settings.seed, self.step, 1))
        if random.random() >= self._settings.incremental:
            self._exact.take(*self._drawn(self._settings.window * self._student.config.frame))
            return self._exact
        if self._rolling is None or self._rolling.ends:
            self._rolling = self._begun_rolling(random)
        self._rolling.move()
        return self._rolling

    def _begun_rolling(self, random: np.random.Generator) -> RollingLesson:
        pair = (
            int(random.choice(self._settings.hops)),
            int(random.choice(self._settings.lookaheads)),
        )
        spec = spec_of(self._student, self._settings, "incremental", *pair)
        if pair not in self._rollings:
            self._rollings[pair] = RollingLesson(self._student, spec, self._batch)
        filled = self._settings.window + max(self._settings.hops)
        drawn = self._drawn(filled * spec.frame + ROLLING_HOPS * spec.hop)
        self._student.use(self._learning.learnt)
        with self._student.rounding():
            self._rollings[pair].begin(*drawn)
        return self._rollings[pair]

    def _new_lessons(self) -> None:
        self._exact = ExactLesson(self._student, self._settings, self._batch)
        self._rollings.clear()
        self._rolling = None

    def _drawn(self, samples: int) -> tuple[Tensor, Tensor]:
        return self._drawer.draw(self.step, self._batch, samples)

    def _watched(self, delta: Delta) -> Scores:
        self._student.use(delta)
        return watch(self._student, self._settings, self._songs)

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
        save(self._folder, self._progress, self._settings, self._student.state,
             self._learning.optimizer)  # fmt: skip

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
                part, self._learning.average, self._student.state, base=self._base, facts=facts
            ),
        )

    def _log_steps(self) -> None:
        """All at once, as a card has to be waited for."""
        for step, name, outcome in self._taken:
            loss, length = outcome.tolist()
            self._log(step=step, loss=round(loss, 5), gradient=round(length, 4), mode=name)
        self._taken.clear()

    def _log(self, **facts: Any) -> None:
        line = {"step": self.step, "seconds": self._progress.facts["seconds"], **facts}
        with (self._folder / LOG).open("a") as file:
            file.write(json.dumps(line) + "\n")
