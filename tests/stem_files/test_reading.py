"""A stem file is read as others read it, its stems sum to the master, and a wrong one is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from stem_songs import decoded, example, remuxed, song, write_song

from rtsep.errors import AudioFileError
from rtsep.stem_files.boxes import Box, rewrite
from rtsep.stem_files.manifest import Manifest
from rtsep.stem_files.reading import StemSource, is_stem_file, look_into
from rtsep.stem_files.tracks import sound_tracks


def read(path: Path, rate: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    with StemSource(look_into(path), rate) as source:
        pieces = list(source.pieces(7000))
    return tuple(np.concatenate(parts, -1) for parts in zip(*pieces, strict=True))  # type: ignore[return-value]


def test_the_example_is_what_pyav_decodes() -> None:
    file = look_into(example())
    assert file.stems == ("drums", "bass", "other", "vocals")
    assert file.manifest.names == ("Drums", "Bass", "Other", "Vox")
    assert (file.rate, file.samples) == (44_100, 268_288)
    assert file.manifest.mastering["limiter"]["enabled"] is True
    stems, master = read(example())
    for ours, theirs in zip([master, *stems], decoded(example()), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_example_is_what_stempeg_reads(stempeg: ModuleType) -> None:
    theirs, rate = stempeg.read_stems(str(example()), dtype=np.float32)
    stems, master = read(example())
    assert (rate, theirs.shape) == (44_100, (5, 268_288, 2))
    np.testing.assert_allclose(np.stack([master, *stems]), theirs.transpose(0, 2, 1), atol=2e-6)


@pytest.mark.parametrize("codec", ["aac", "alac"])
def test_what_we_write_comes_back_with_its_length(tmp_path: Path, codec: str) -> None:
    written = song(20_001)
    path = tmp_path / "song.stem.mp4"
    write_song(path, written, codec=codec)
    stems, master = read(path)
    assert stems.shape == written.shape
    if codec == "alac":
        np.testing.assert_allclose(stems, written, atol=2**-23)
        np.testing.assert_allclose(master, written.sum(0), atol=2**-23)


@pytest.mark.parametrize("rate", [None, 48_000])
def test_all_stems_together_are_the_master(rate: int | None) -> None:
    with StemSource(look_into(example()), rate) as source:
        for stems, master in source.summing(4096):
            assert np.abs(stems.sum(0) - master).max() < 1e-6  # -120 dB
        assert source.notes == [
            "its stems sum to the master but for -15 dB of it, perhaps its mastering: shared among "
            "them"
        ]


def test_a_stem_that_ends_earlier_is_filled_up(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    write_song(path, song(20_000), codec="alac")
    shorter = edited(path, lambda moov: cut(sound_tracks(moov)[2], packets=1))
    stems, master = read(shorter)
    assert stems.shape[-1] == master.shape[-1] == 20_000
    assert not stems[1, :, 16_384:].any() and stems[0, :, 16_384:].any()


def edited(path: Path, edit: Callable[[Box], object]) -> Path:
    target = path.with_name(f"edited {path.name}")
    rewrite(path, target, lambda moov: edit(moov) and None)
    return target


def cut(trak: Box, packets: int) -> None:
    """Let the last `packets` be no sound, as far as the track says."""
    stts = trak.one(b"mdia", b"minf", b"stbl", b"stts")
    pairs = np.frombuffer(stts.data[8:], ">u4").reshape(-1, 2)
    deltas = np.repeat(pairs[:, 1], pairs[:, 0])
    kept = deltas[:-packets]
    new = np.stack([np.ones_like(kept), kept], 1).astype(">u4")
    stts.data = bytes(4) + len(kept).to_bytes(4, "big") + new.tobytes()
    table = trak.one(b"mdia", b"minf", b"stbl", b"stsz")
    table.data = table.data[:8] + len(kept).to_bytes(4, "big") + table.data[12 : 12 + 4 * len(kept)]
    mdhd = trak.one(b"mdia", b"mdhd")
    mdhd.data = mdhd.data[:16] + int(kept.sum()).to_bytes(4, "big") + mdhd.data[20:]


def without_atom(moov: Box) -> None:
    udta = moov.one(b"udta")
    udta.children = [box for box in udta.children or () if box.kind != b"stem"]


def atom(data: bytes) -> Callable[[Box], None]:
    def change(moov: Box) -> None:
        moov.one(b"udta", b"stem").data = data

    return change


def without_a_track(moov: Box) -> None:
    assert moov.children
    moov.children.remove(sound_tracks(moov)[4])


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (without_atom, "it has no stem atom, which most programs lose"),
        (atom(b"\xff{}"), "its stem atom is no JSON"),
        (atom(b'{"version": 1, "stems": '), "its stem atom is no JSON"),
        (atom(b"[" * 100_000), "its stem atom is no JSON"),
        (atom(b"[1]"), "its stem atom lists no stems"),
        (atom(b'{"stems": [1, 2, 3, 4]}'), "its stem atom lists no stems"),
        (atom(b'{"stems": []}'), "5 streams of sound, and its atom names 0 stems"),
        (without_a_track, "4 streams of sound, and its atom names 4 stems"),
        (
            lambda moov: cut(sound_tracks(moov)[2], packets=3),
            "bass has 8192 samples at 44100 Hz, its master 20000 at 44100",
        ),
    ],
)
def test_a_wrong_file_is_told_in_a_line(
    tmp_path: Path, edit: Callable[[Box], object], error: str
) -> None:
    path = tmp_path / "song.stem.mp4"
    write_song(path, song(20_000), codec="alac")
    with pytest.raises(AudioFileError, match=error) as raised:
        look_into(edited(path, edit))
    assert "\n" not in str(raised.value)


def test_what_is_no_mp4(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    with pytest.raises(AudioFileError, match="no such file"):
        look_into(path)
    path.mkdir()
    with pytest.raises(AudioFileError, match="is a folder"):
        look_into(path)
    path.rmdir()
    path.write_bytes(Path(__file__).read_bytes())
    with pytest.raises(AudioFileError, match="not an audio file"):
        look_into(path)


def test_a_remux_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="no stem atom"):
        look_into(remuxed(example(), tmp_path / "song.stem.mp4"))


@pytest.mark.parametrize("share", np.linspace(0.001, 0.03, 25))
def test_a_file_that_was_cut_is_an_error_of_ours(tmp_path: Path, share: float) -> None:
    data = example().read_bytes()
    path = tmp_path / "cut.stem.mp4"
    path.write_bytes(data[: round(share * len(data))])
    with pytest.raises(AudioFileError):
        look_into(path)


@pytest.mark.parametrize(
    ("shown", "stems"),
    [
        (("Drums", "Bass", "Synth", "Vox"), ("drums", "bass", "synth", "vocals")),
        (("Kick/Snare", "", "..", " Pad "), ("kick-snare", "stem 2", "stem 3", "pad")),
        (("Vox", "Vocals", "mix", "Vox"), ("vocals", "vocals 2", "mix 3", "vocals 4")),
    ],
)
def test_names_become_faders_and_files(shown: tuple[str, ...], stems: tuple[str, ...]) -> None:
    assert Manifest(names=shown).stems == stems


def test_a_manifest_survives_its_json() -> None:
    from rtsep.stem_files.manifest import parsed

    manifest = Manifest(names=("Ä", "b", "c", "d"))
    assert parsed(manifest.packed()) == manifest
    assert json.loads(manifest.packed())["version"] == 1


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a.stem.mp4", True), ("A.STEM.M4A", True), ("a.mp4", False), ("stem.mp4", False)],
)
def test_the_name_tells(name: str, is_one: bool) -> None:
    assert is_stem_file(name) == is_one
