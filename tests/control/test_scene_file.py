"""Scenes outlive a session, whatever else is in their place on the disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rtsep.config import STEMS_4
from rtsep.control.scene_file import DAMAGED, SceneFile
from rtsep.mixer.desk import Desk, local_desk


class Evening:
    """A desk whose scenes are kept in a file, and what was told of that."""

    def __init__(self, path: Path) -> None:
        self.told: list[str] = []
        self.desk: Desk = local_desk(STEMS_4)[0]
        self.file = SceneFile(path, self.told.append)
        self.desk.keep_scenes(self.file.load(), self.file.keep, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "not there yet" / "scenes.json"


def test_the_next_session_has_them(path: Path) -> None:
    first = Evening(path)
    assert first.told == [] and not path.parent.exists()  # nothing is written before it is asked
    first.desk.set_gain("vocals", -12)
    first.desk.store_scene(8)
    first.desk.apply_preset("instrumental")
    first.desk.store_scene(1)
    second = Evening(path)
    assert second.desk.scenes == (1, 8) and second.told == []
    second.desk.recall_scene(8)
    assert second.desk.fader("vocals").gain_db == pytest.approx(-12)
    second.desk.recall_scene(1)
    assert second.desk.fader("vocals").mute
    assert [file.name for file in path.parent.iterdir()] == ["scenes.json"]


def test_two_sessions_keep_each_others(path: Path) -> None:
    one, other = Evening(path), Evening(path)
    one.desk.store_scene(1)
    other.desk.store_scene(2)
    one.desk.store_scene(3)
    assert Evening(path).desk.scenes == (1, 2, 3)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe\x00", "codec"),
        (b"[1]", "not of this version"),
        (b'{"format": 2, "scenes": {}}', "not of this version"),
        (b'{"format": 1}', "no scenes"),
        (b'{"format": 1, "scenes": [1]}', "no scenes"),
        (b'{"format": 1, "scenes": {"1": {"stems": {}, "desk": {"master": NaN}}}}', "no scene"),
        (b"[" * 100_000, "recursion"),
        (b" " * (1 << 21), "too large"),
    ],
)
def test_a_damaged_file_is_told_and_never_lost(path: Path, content: bytes, why: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    evening = Evening(path)
    assert evening.desk.scenes == () and len(evening.told) == 1
    assert evening.told[0].startswith(f"no scenes from {path}: ") and why in evening.told[0]
    assert path.read_bytes() == content
    evening.desk.store_scene(4)
    assert path.with_name(path.name + DAMAGED).read_bytes() == content
    assert Evening(path).desk.scenes == (4,)


def test_scenes_of_a_pipe(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    assert "no regular file" in Evening(path).told[0]  # and does not wait


def test_a_folder_that_takes_nothing(path: Path) -> None:
    path.parent.write_text("a file is here")
    evening = Evening(path)
    evening.desk.store_scene(1)
    assert evening.told and all("\n" not in told for told in evening.told)
    assert evening.told[-1].startswith("scene 1 is gone with this session: ")
    evening.desk.reset()
    evening.desk.recall_scene(1)  # as long as it lasts


def test_what_it_looks_like(path: Path) -> None:
    Evening(path).desk.store_scene(2)
    tables = json.loads(path.read_text())
    drums, desk = tables["scenes"]["2"]["stems"]["drums"], tables["scenes"]["2"]["desk"]
    assert drums | {"gain": 1.0, "mute": False, "solo": False} == drums
    assert desk | {"master": [1.0], "limiter": [True]} == desk
