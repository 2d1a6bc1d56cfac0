"""Which files a library has and where their stems go: two never meet, and nothing else matters."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rtsep.errors import AudioFileError
from rtsep.library.record import RECORD
from rtsep.library.tree import tree_of

OUT = Path("out")


def touched(root: Path, *names: str) -> list[Path]:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return [root / name for name in names]


def places(*paths: Path) -> list[str]:
    return [item.folder.relative_to(OUT).as_posix() for item in tree_of(paths, OUT).items]


def recorded(folder: Path, *names: str, **more: object) -> None:
    """As a run leaves it."""
    files = dict.fromkeys(names, 1)
    made = {"k": {"seconds": 1.0, "files": files, "notes": [], "settings": {}}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text(json.dumps({"rtsep": 1, "source": {}, "made": made, **more}))


def test_a_file_goes_to_its_name_and_a_folder_keeps_its_tree(tmp_path: Path) -> None:
    touched(tmp_path, "a.b.wav", "music/01.mp3", "music/live/01.mp3")
    assert places(tmp_path / "a.b.wav", tmp_path / "music") == ["a.b", "music/01", "music/live/01"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["01.mp3", "01.wav"], ["m/01.mp3", "m/01.wav"]),
        (["Song.mp3", "song.flac", "x.wav"], ["m/Song.mp3", "m/song.flac", "m/x"]),
        (["e\u0301.mp3", "\u00e9.wav"], ["m/e\u0301.mp3", "m/\u00e9.wav"]),
        (["01.mp3", "01/drums.mp3"], ["m/01.mp3", "m/01/drums"]),
    ],
)
def test_equal_names_in_one_folder(tmp_path: Path, names: list[str], expected: list[str]) -> None:
    touched(tmp_path / "m", *names)
    assert sorted(places(tmp_path / "m")) == sorted(expected)


def test_equal_names_of_files_and_folders_that_were_named(tmp_path: Path) -> None:
    first, second = touched(tmp_path, "x/01.mp3", "y/01.mp3")
    assert places(first, second) == ["x/01", "y/01"]
    touched(tmp_path, "x/cd/01.mp3", "y/cd/01.mp3")
    assert places(tmp_path / "x" / "cd", tmp_path / "y" / "cd") == ["x/cd/01", "y/cd/01"]
    assert places(first, first, tmp_path / "x") == ["01", "x/cd/01"]  # once, as it was named first


@pytest.mark.parametrize("name", ["...wav", "..wav"])
def test_a_name_of_dots_stays_below_the_output(tmp_path: Path, name: str) -> None:
    (file,) = touched(tmp_path, name)
    assert places(file) == [name]


def test_the_run_s_own_log_counts_for_no_file(tmp_path: Path) -> None:
    touched(tmp_path, "a.wav", "rtsep-log.jsonl", ".hidden.txt", "cover.jpg")
    assert tree_of([tmp_path], tmp_path).passed == {".jpg": 1}
    assert list(tree_of([tmp_path], tmp_path).passed) == [".jpg"]


@pytest.mark.skipif(os.name == "nt", reason="there, they are one file")
def test_names_that_some_systems_take_for_one(tmp_path: Path) -> None:
    touched(tmp_path / "m", "a.wav", "A.wav", "a.WAV")
    found = places(tmp_path / "m")
    assert len({place.casefold() for place in found}) == 3


def test_results_and_what_is_hidden_or_no_sound_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched(tmp_path, "m/a.wav", "m/cover.jpg", "m/._a.wav", "m/.git/b.wav",
            "m/done/drums.wav", "m/out/c/drums.wav", "m/out/c/lyrics.wav")  # fmt: skip
    recorded(tmp_path / "m" / "done", "drums.wav")
    recorded(tmp_path / "m" / "out" / "c", "drums.wav")
    tree = tree_of([tmp_path / "m"], tmp_path / "m" / "out")
    assert [item.path.name for item in tree.items] == ["a.wav"]
    assert +tree.passed == {".jpg": 1} and tree.below_out == 1
    monkeypatch.chdir(tmp_path / "m")
    assert [item.path.name for item in tree_of([Path()], OUT).items] == ["a.wav"]


def test_results_may_go_where_the_files_are(tmp_path: Path) -> None:
    touched(tmp_path, "m/a.wav")
    (item,) = tree_of([tmp_path / "m"], tmp_path / "m").items
    assert item.folder == tmp_path / "m" / "m" / "a"


def test_a_file_that_was_named_needs_no_suffix(tmp_path: Path) -> None:
    (song,) = touched(tmp_path, "song")
    assert places(song) == ["song"]


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"no such file or folder: .*none"):
        tree_of([tmp_path / "none"], OUT)


def test_a_folder_that_cannot_be_read_is_not_silently_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched(tmp_path, "m/a.wav", "m/locked/b.wav")
    scan = os.scandir

    def refusing(path: str) -> object:
        if os.fspath(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    tree = tree_of([tmp_path / "m"], OUT)
    assert len(tree.items) == 1
    assert tree.refused == [
        (tmp_path / "m" / "locked", "cannot read the folder: Permission denied")
    ]


def test_songs_beside_results_are_songs(tmp_path: Path) -> None:
    """`rtsep separate M/01.wav -o M` writes into a folder that may be somebody's album."""
    songs = touched(tmp_path, "m/01.wav", "m/01/a.wav", "m/01/live/b.wav", "m/01/Vocals.wav")
    touched(tmp_path, "m/01/drums.wav", "m/01/vocals.wav", "m/01/bass.flac")
    recorded(tmp_path / "m" / "01", "drums.wav", "vocals.wav", files=["bass.flac"])
    found = tree_of([tmp_path / "m"], tmp_path / "m")
    assert sorted(item.path for item in found.items) == sorted(songs)
    assert not found.refused and not +found.passed and not found.below_out


@pytest.mark.parametrize("text", ["", "[]", '{"made": 3}', '{"made": {}, "files": 3}', "[" * 9999])
def test_a_record_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    touched(tmp_path, "m/a.wav", "m/done/drums.wav", "m/done/sub/b.wav")
    (tmp_path / "m" / "done" / RECORD).write_text(text)
    found = tree_of([tmp_path / "m"], OUT)
    assert sorted(item.path.name for item in found.items) == ["a.wav", "b.wav"]
    ((folder, message),) = found.refused
    assert folder == tmp_path / "m" / "done" and "nobody knows which files are results" in message


def test_a_record_of_a_later_version_names_results_too(tmp_path: Path) -> None:
    touched(tmp_path, "m/a.wav", "m/done/drums.wav")
    recorded(tmp_path / "m" / "done", "drums.wav", rtsep=2)
    assert [item.path.name for item in tree_of([tmp_path / "m"], OUT).items] == ["a.wav"]


def test_an_accent_that_is_spelled_otherwise_is_the_same_result(tmp_path: Path) -> None:
    touched(tmp_path, "m/a.wav", "m/e\u0301/e\u0301.stem.mp4")
    recorded(tmp_path / "m" / "e\u0301", "\u00e9.stem.mp4")
    assert [item.path.name for item in tree_of([tmp_path / "m"], OUT).items] == ["a.wav"]
