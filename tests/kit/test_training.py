"""Training as it runs, with a small network and noise that has a structure."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from networks import reference, small_config
from torch import Tensor

from rtsep.config import StreamSpec
from rtsep.errors import ModelError
from rtsep.weights.delta import read_delta
from training.checkpoint import STUDENT
from training.delta import new_delta
from training.loss import ExactLesson, RollingLesson, emphasis, exact_loss, spec_of
from training.settings import Settings
from training.songs import Drawer, Song
from training.student import Student
from training.trainer import DELTA, LOG, Trainer
from training.watch import losses, watch

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
CONFIG = small_config(channels=8, t_layers=1)
SETTINGS = Settings(batch=1, window=22, hops=(2, 4), lookaheads=(1, 2), rank=2)
FRAME, SAMPLES = 1024, 22 * 1024
STEP = 1e-3  # along a gradient


@pytest.fixture
def student() -> Student:
    return Student(CONFIG, reference(CONFIG).state_dict(), CPU)


def song(name: str, seed: int, frames: int = 120) -> Song:
    generator = torch.Generator().manual_seed(seed)
    stems = 0.1 * torch.randn(4, 2, frames * FRAME, generator=generator)
    return Song(name=name, mix=stems.sum(0), stems=stems, held_from=(frames - 40) * FRAME)


def trainer(folder: Path, student: Student, **changes: Any) -> Trainer:
    settings = dataclasses.replace(SETTINGS, **changes)
    songs = [song("one", 1), song("two", 2)]
    return Trainer(
        student, settings, songs, held_out=["two"], base="htdemucs", folder=folder, facts={}
    )


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def slope(loss: Callable[[dict[str, Tensor]], Tensor], delta: dict[str, Tensor]) -> float:
    """Along the gradient, by two values of the loss, over what the gradient promises."""
    ahead, back = (
        {n: (t + sign * STEP * t.grad / t.grad.norm()).detach() if t.grad is not None else t
         for n, t in delta.items()}
        for sign in (1, -1)
    )  # fmt: skip
    promised = sum(float(t.grad.norm()) for t in delta.values() if t.grad is not None)
    return float(loss(ahead) - loss(back)) / (2 * STEP) / promised


def started(student: Student) -> dict[str, Tensor]:
    """A delta with something in both thin matrices, so that both have gradients."""
    delta = new_delta(student.state, rank=2, free_layers=1, seed=3)
    return {n: (t + 1e-3).requires_grad_() for n, t in delta.items()}


def test_gradients_of_exact_mode_are_right(student: Student) -> None:
    delta = started(student)
    truth = 0.1 * torch.randn(1, 4, 2, SAMPLES)
    weights = emphasis(SETTINGS, FRAME, CPU)

    def loss(changes: dict[str, Tensor]) -> Tensor:
        with student.learning(changes):
            return exact_loss(student, truth.sum(1), truth, weights)

    with student.learning(delta):
        exact_loss(student, truth.sum(1), truth, weights).backward()
    assert all(t.grad is not None for t in delta.values())
    assert slope(loss, delta) == pytest.approx(1, abs=0.02)


def test_gradients_of_incremental_mode_are_right(student: Student) -> None:
    """Of a hop late in a stream, whose past counts as given."""
    delta = started(student)
    truth = 0.1 * torch.randn(1, 4, 2, 40 * FRAME)
    spec = spec_of(student, SETTINGS, "incremental", 2, 1)

    def loss(changes: dict[str, Tensor]) -> Tensor:
        student.use(delta)
        lesson = rolling(student, spec, truth)
        with student.learning(changes):
            return lesson.loss()

    student.use(delta)
    lesson = rolling(student, spec, truth)
    with student.learning(delta):
        lesson.loss().backward()
    assert sum(t.grad is not None for t in delta.values()) > 0.9 * len(delta)
    assert slope(loss, delta) == pytest.approx(1, abs=0.02)


def rolling(
    student: Student, spec: StreamSpec, truth: Tensor, mix: Tensor | None = None
) -> RollingLesson:
    """At the first hop after the window filled up."""
    lesson = RollingLesson(student, spec, len(truth))
    lesson.begin(truth.sum(1) if mix is None else mix, truth)
    lesson.move()
    return lesson


def test_what_is_learnt_from_plays_as_a_live_stream_does(student: Student) -> None:
    """With the network's own live output as the truth, only the crossfade is left of the loss."""
    mix = 0.2 * torch.randn(1, 2, 60 * FRAME)
    spec = spec_of(student, SETTINGS, "incremental", 2, 1)
    filling = spec.with_hop(8 * FRAME)
    step, out = student.step(filling, 1), []
    with torch.no_grad():
        blocks = list(mix.split(8 * FRAME, -1))[:3]
        for block in blocks:
            step.advance()
            out.append(step.estimate(block)[..., : 8 * FRAME])
        step.adopt(spec)
        for block in mix[..., 24 * FRAME : 40 * FRAME].split(2 * FRAME, -1):
            step.advance()
            out.append(step.estimate(block)[..., : 2 * FRAME])
    live = torch.cat(out, -1)
    truth = torch.zeros(1, 4, 2, 60 * FRAME)
    truth[..., : live.shape[-1] - FRAME] = live[..., FRAME:]  # the lookahead
    assert played(student, spec, mix, truth) < 0.3 * played(
        student, spec, mix, truth.roll(FRAME, -1)
    )


def played(student: Student, spec: StreamSpec, mix: Tensor, truth: Tensor) -> float:
    """The greatest loss of some hops."""
    lesson = rolling(student, spec, truth, mix)
    found = []
    with torch.no_grad():
        for _ in range(5):
            found.append(float(lesson.loss()))
            lesson.move()
    return max(found)


def test_a_lesson_begun_again_forgets_what_it_played(student: Student) -> None:
    spec = spec_of(student, SETTINGS, "incremental", 2, 1)
    first, second = (0.1 * torch.randn(1, 4, 2, 40 * FRAME) for _ in range(2))
    lesson = rolling(student, spec, first)
    with torch.no_grad():
        fresh = float(lesson.loss())
        lesson.begin(second.sum(1), second)
        lesson.move()
        assert float(lesson.loss()) != fresh
        lesson.begin(first.sum(1), first)
        lesson.move()
        assert float(lesson.loss()) == fresh


def test_emphasis_is_on_what_hops_emit() -> None:
    weights = emphasis(SETTINGS, FRAME, CPU)
    assert float(weights.sum()) == pytest.approx(1)
    stop = SAMPLES - FRAME
    assert float(weights[stop - 5 * FRAME : stop].sum()) > 0.94
    assert float(weights[stop:].max()) == float(weights[0]) > 0


def test_the_same_step_draws_the_same_windows() -> None:
    songs = [song("one", 1), song("two", 2)]
    first, second = (Drawer(songs, mixed=0.5, seed=4, rate=44_100) for _ in range(2))
    first.draw(0, 2, SAMPLES)
    mix, truth = first.draw(7, 4, SAMPLES)
    again, _ = second.draw(7, 4, SAMPLES)
    assert torch.equal(mix, again)
    assert not torch.equal(mix, first.draw(8, 4, SAMPLES)[0])
    torch.testing.assert_close(truth.sum(1), mix)


def test_nothing_held_out_is_drawn() -> None:
    """Its samples are marked."""
    marked = song("one", 1)
    marked.stems[..., marked.held_from :] = 1e6
    drawer = Drawer([marked], mixed=1.0, seed=1, rate=44_100)
    assert max(float(drawer.draw(n, 2, SAMPLES)[1].abs().max()) for n in range(40)) < 1e3


def test_training_makes_a_delta_that_fits_and_is_better(tmp_path: Path, student: Student) -> None:
    """A network with random weights is easily made better."""
    run = trainer(tmp_path, student, free_rate=6e-3, thin_rate=6e-3, averaging=0.5)
    run.train(steps=12, every=1e9)
    said = lines(tmp_path)
    assert [line["step"] for line in said if "loss" in line] == list(range(1, 13))
    assert {line["mode"] for line in said if "loss" in line} == {"exact", "incremental"}
    assert said[-1]["kept"] and said[-1]["gained_db"] > 0.1
    student.use({})
    before = watch(student, SETTINGS, run._songs)
    student.use(read_delta(tmp_path / DELTA, student.state))
    lost = losses(before, watch(student, SETTINGS, run._songs))
    assert lost.keys() == {"one", "two"}
    assert max(lost.values()) < 0


def test_a_delta_by_which_a_song_loses_is_not_kept(
    tmp_path: Path, student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much the held-out song gains."""
    looks = iter([{"exact": {"one": 5.0, "two": 5.0}}, {"exact": {"one": 4.8, "two": 9.0}}])
    monkeypatch.setattr("training.trainer.watch", lambda *a: next(looks))
    trainer(tmp_path, student).train(steps=1, every=1e9)
    assert not (tmp_path / DELTA).exists()
    assert lines(tmp_path)[-1]["most_lost_db"] == 0.2


def test_a_run_goes_on_where_it_ended(tmp_path: Path, student: Student) -> None:
    first = trainer(tmp_path, student, incremental=0.0)
    first.train(steps=4, every=1e9, stop=lambda: first.step == 2)
    learnt = {n: t.detach().clone() for n, t in first._learning.learnt.items()}
    again = trainer(tmp_path, student, incremental=0.0)
    assert again.step == 2
    assert all(torch.equal(t, learnt[n]) for n, t in again._learning.learnt.items())
    again.train(steps=4, every=1e9)
    straight = trainer(tmp_path / "straight", student, incremental=0.0)
    straight.train(steps=4, every=1e9)
    for name, tensor in straight._learning.learnt.items():  # moments are kept in bfloat16
        torch.testing.assert_close(again._learning.learnt[name], tensor, rtol=0, atol=2e-6)
    looks = [line for line in lines(tmp_path) if line.get("of") == "official weights"]
    assert len(looks) == 1


def test_the_less_is_left_the_less_a_step_changes(tmp_path: Path, student: Student) -> None:
    """Of steps or of time, whichever ends first."""
    learning = trainer(tmp_path, student)._learning

    def rate(step: int, done: float) -> float:
        learning.pace(step, done)
        return float(learning.optimizer.param_groups[0]["lr"])

    assert 0 < rate(0, 0) < 0.1 * rate(49, 0)
    assert rate(49, 0) == pytest.approx(SETTINGS.free_rate)
    assert rate(60, 0.5) == pytest.approx(rate(60, 0) / 2)
    assert rate(60, 1) == pytest.approx(0, abs=1e-9)


def test_training_ends_with_its_minutes(tmp_path: Path, student: Student) -> None:
    run = trainer(tmp_path, student)
    run.train(steps=10**6, minutes=0.5 / 60, every=1e9)
    assert 0 < run.step < 1000


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, student: Student) -> None:
    trainer(tmp_path, student).train(steps=1, every=1e9)
    with pytest.raises(ModelError, match="was trained with rank 2, not 3"):
        trainer(tmp_path, student, rank=3)
    state = {n: 1.1 * t for n, t in student.state.items()}
    with pytest.raises(ModelError, match="is a training of other weights"):
        trainer(tmp_path, Student(CONFIG, state, CPU))


def test_a_loss_that_is_no_number_changes_nothing(
    tmp_path: Path, student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trainer(tmp_path, student, incremental=0.0)
    before = {n: t.detach().clone() for n, t in run._learning.learnt.items()}
    loss = ExactLesson.loss
    monkeypatch.setattr(ExactLesson, "loss", lambda lesson: loss(lesson) * float("nan"))
    run.train(steps=1, every=1e9)
    assert all(torch.equal(t, before[n]) for n, t in run._learning.learnt.items())


def test_a_card_with_little_memory_gets_fewer_windows(
    tmp_path: Path, student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def hungry(student: Student, mix: Tensor, *others: Tensor) -> Tensor:
        seen.append(len(mix))
        if len(mix) > 1:
            raise torch.OutOfMemoryError("no more")
        return exact_loss(student, mix, *others)

    monkeypatch.setattr("training.loss.exact_loss", hungry)
    trainer(tmp_path, student, incremental=0.0, batch=4).train(steps=2, every=1e9)
    assert seen == [4, 2, 1, 1]
    assert (tmp_path / STUDENT).exists()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_recorded_steps_learn_what_others_learn(
    tmp_path: Path, student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both modes, over a stream that ends and another one that begins."""
    card = torch.device("cuda")
    learnt = []
    for unrecorded in (2, 10**9):
        monkeypatch.setattr("training.steps.UNRECORDED", unrecorded)
        monkeypatch.setattr("training.trainer.ROLLING_HOPS", 4)
        fresh = Student(CONFIG, student.state, card)
        songs = [to_card(song("one", 1), card), to_card(song("two", 2), card)]
        run = Trainer(fresh, SETTINGS, songs, held_out=["two"], base="htdemucs",
                      folder=tmp_path / str(unrecorded), facts={})  # fmt: skip
        run.train(steps=40, every=1e9)
        assert (len(run._learning._recorded) > 2) == (unrecorded == 2)
        learnt.append({n: t.detach().cpu() for n, t in run._learning.learnt.items()})
    change = sum(float(t.square().sum()) for n, t in learnt[1].items() if not n.endswith(".a"))
    apart = sum(float((t - learnt[1][n]).square().sum()) for n, t in learnt[0].items())
    assert change > 0
    assert apart < 0.01 * change


def to_card(heard: Song, card: torch.device) -> Song:
    return dataclasses.replace(heard, mix=heard.mix.to(card), stems=heard.stems.to(card))
