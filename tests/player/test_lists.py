"""Folders and playlists: song after song without a gap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deck import RATE, Deck, Start, ramp, write

from rtsep.errors import AudioFileError
from rtsep.files.places import Kind, Place
from rtsep.files.playlist import songs_of

SONGS = [ramp(RATE + 17 * number, seed=number) for number in (1, 2, 3)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, audio in zip((1, 2, 10), SONGS, strict=True):
        write(tmp_path / f"{number} song.wav", audio)
    (tmp_path / "cover.jpg").write_bytes(b"no sound")
    return tmp_path


def test_the_next_song_begins_with_the_next_sample(deck: Start, folder: Path) -> None:
    playing = deck(folder)
    assert playing.transport.status.songs == 3
    playing.play(sum(song.shape[1] for song in SONGS))
    whole = np.concatenate(SONGS, 1)
    np.testing.assert_array_equal(playing.fed, whole[:, : playing.fed.shape[1]])
    assert playing.transport.status.title == "10 song"
    assert playing.shared.counters.feed_ended[0]


def test_a_looped_list_begins_again(deck: Start, folder: Path) -> None:
    playing = deck(folder, loop=True)
    whole = np.concatenate([*SONGS, SONGS[0]], 1)
    playing.play(whole.shape[1])
    np.testing.assert_array_equal(playing.fed, whole[:, : playing.fed.shape[1]])
    assert playing.transport.status.title == "1 song"


def stepped(playing: Deck, by: int) -> tuple[str, float]:
    playing.transport.step(by)
    playing.turn()
    playing.play(RATE // 4)
    status = playing.transport.status
    return status.title, status.position


def test_next_and_previous(deck: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    playing = deck(folder)
    playing.play(RATE // 4)
    title, position = stepped(playing, 1)
    assert title == "2 song" and position < 0.3
    title, position = stepped(playing, -1)
    assert title == "1 song" and position < 0.3
    title, position = stepped(playing, -1)  # there is none before the first
    assert title == "1 song" and position < 0.3
    stepped(playing, 1)
    assert stepped(playing, 1)[0] == "10 song"
    stepped(playing, 1)
    assert playing.told == ["this is the last song"]
    monkeypatch.setattr("rtsep.player.transport.RESTART_SECONDS", 0.2)
    title, position = stepped(playing, -1)  # later than that, this one again
    assert title == "10 song" and position < 0.3


def test_what_cannot_be_read_is_left_out_and_told(deck: Start, folder: Path) -> None:
    (folder / "2 song.wav").write_bytes(b"RIFF")
    playing = deck(folder)
    playing.play(SONGS[0].shape[1] + RATE // 4)
    assert playing.transport.status.title == "10 song"
    assert len(playing.told) == 1 and playing.told[0].startswith("left out: ")


def test_a_playlist_keeps_its_order(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    path = tmp_path / "set.m3u8"
    elsewhere = tmp_path / "b.flac"
    path.write_text(f"#EXTM3U\n#EXTINF:1,B\n{elsewhere}\n\nsongs/ä.wav\nhttp://x/y.mp3\n", "utf-8")
    assert songs_of(Place(Kind.FILE, str(path))) == (
        str(elsewhere),
        str(tmp_path / "songs" / "ä.wav"),
    )


def test_an_old_playlist_is_latin(tmp_path: Path) -> None:
    path = tmp_path / "set.m3u"
    path.write_bytes("ä.wav\r\n".encode("latin-1"))
    assert songs_of(Place(Kind.FILE, str(path))) == (str(tmp_path / "ä.wav"),)


def test_a_list_without_songs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="no audio file in the folder"):
        songs_of(Place(Kind.FILE, str(tmp_path)))
    (tmp_path / "set.m3u").write_text("# nothing\n")
    with pytest.raises(AudioFileError, match="no path in the playlist"):
        songs_of(Place(Kind.FILE, str(tmp_path / "set.m3u")))
    (tmp_path / "broken.wav").write_bytes(b"no")
    from rtsep.files.sources import SourceBlocks

    with pytest.raises(AudioFileError, match="none of the 1 files"):
        SourceBlocks(Place(Kind.FILE, str(tmp_path)))
