"""MP4 boxes: what nobody edits keeps its bytes, and the sound stays where it is said to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import stem_songs
from stem_songs import decoded, example, remuxed

from rtsep.stem_files import boxes
from rtsep.stem_files.boxes import BadBoxes, Box, parsed, read_moov, rewrite
from rtsep.stem_files.tracks import described, enable, sound_tracks


def flags(path: Path) -> list[int]:
    return [trak.one(b"tkhd").data[3] for trak in sound_tracks(read_moov(path))]


def atom(path: Path) -> bytes | None:
    found = read_moov(path).all(b"udta", b"stem")
    return found[0].data if found else None


def nothing(moov: Box) -> None:
    pass


def same_sound(one: Path, other: Path) -> bool:
    pairs = zip(decoded(one), decoded(other), strict=True)
    return all(np.array_equal(first, second) for first, second in pairs)


def test_the_example_is_kept_byte_for_byte(tmp_path: Path) -> None:
    rewrite(example(), tmp_path / "copy.stem.mp4", nothing)
    assert (tmp_path / "copy.stem.mp4").read_bytes() == example().read_bytes()
    assert flags(example()) == [1, 0, 0, 0, 0]


def test_a_remux_loses_atom_and_flags(tmp_path: Path) -> None:
    """FFmpeg's muxer knows neither. Ours put them back."""
    kept = atom(example())
    lost = remuxed(example(), tmp_path / "lost.mp4")
    assert kept and atom(lost) is None and flags(lost) == [3, 2, 2, 2, 2]

    def mend(moov: Box) -> None:
        for number, trak in enumerate(sound_tracks(moov)):
            enable(trak, enabled=number == 0)
        moov.ensured(b"udta").ensured(b"stem").data = kept

    rewrite(lost, tmp_path / "mended.mp4", mend)
    assert atom(tmp_path / "mended.mp4") == kept
    assert flags(tmp_path / "mended.mp4") == flags(example())
    assert same_sound(tmp_path / "mended.mp4", example())


def test_a_longer_moov_moves_the_sound(tmp_path: Path) -> None:
    """In the example it lies before the sound, whose places all change."""

    def longer(moov: Box) -> None:
        moov.one(b"udta").ensured(b"note").data = bytes(1000)

    rewrite(example(), tmp_path / "longer.mp4", longer)
    assert same_sound(tmp_path / "longer.mp4", example())
    assert (tmp_path / "longer.mp4").stat().st_size == example().stat().st_size + 1008

    def as_it_was(moov: Box) -> None:
        udta = moov.one(b"udta")
        udta.children = [box for box in udta.children or () if box.kind != b"note"]

    rewrite(tmp_path / "longer.mp4", tmp_path / "back.mp4", as_it_was)
    assert (tmp_path / "back.mp4").read_bytes() == example().read_bytes()


def test_offsets_of_64_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "_LARGEST_OFFSET", 1000)
    rewrite(example(), tmp_path / "large.mp4", nothing)
    (track, *_) = sound_tracks(read_moov(tmp_path / "large.mp4"))
    assert track.all(b"mdia", b"minf", b"stbl", b"co64")
    assert not track.all(b"mdia", b"minf", b"stbl", b"stco")
    assert same_sound(tmp_path / "large.mp4", example())
    monkeypatch.undo()
    rewrite(tmp_path / "large.mp4", tmp_path / "again.mp4", nothing)
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "large.mp4").read_bytes()


def test_headers_of_64_bits_and_what_is_too_short_for_a_box() -> None:
    wide = bytes.fromhex("00000001") + b"moov" + bytes.fromhex("0000000000000024")
    udta = bytes.fromhex("00000014") + b"udta" + bytes.fromhex("00000008") + b"name" + bytes(4)
    (moov,) = parsed(wide + udta)
    assert moov.wide and moov.packed() == wide + udta
    assert moov.one(b"udta").rest == bytes(4)  # as QuickTime ends a list


def test_the_length_leaves_out_what_the_encoder_put_before(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    stem_songs.write_song(path, stem_songs.song(10_001))
    tracks = [described(trak) for trak in sound_tracks(read_moov(path))]
    assert {(track.samples, track.rate) for track in tracks} == {(10_001, 44_100)}
    (long,) = {described(trak).samples for trak in sound_tracks(read_moov(example()))}
    assert long == decoded(example())[0].shape[1] == 268_288  # it has no list of edits


def test_boxes_in_boxes_without_end(tmp_path: Path) -> None:
    nested = b""
    for _ in range(5000):
        nested = Box(b"trak", nested).packed()
    (tmp_path / "deep.mp4").write_bytes(Box(b"moov", nested).packed())
    with pytest.raises(BadBoxes, match="without end"):
        read_moov(tmp_path / "deep.mp4")


@pytest.mark.parametrize("share", [0.0, 0.00001, 0.01, 0.02, 0.025, 0.5, 0.99])
def test_a_file_that_was_cut(tmp_path: Path, share: float) -> None:
    data = example().read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: round(share * len(data))])
    with pytest.raises(BadBoxes):
        rewrite(cut, tmp_path / "new.mp4", nothing)
