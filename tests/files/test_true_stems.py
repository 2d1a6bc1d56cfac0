"""`rtsep --input song.stem.mp4`: the true stems under the faders, and no network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stem_songs import decoded, example, song, write_song

from rtsep.cli.main import main
from rtsep.errors import AudioFileError, ConfigError
from rtsep.files.places import Kind, Place
from rtsep.files.session import FileSession, SessionReport, run_file_session
from rtsep.files.sources import check_stem_file
from rtsep.files.true_stems import TrueStems
from rtsep.measure.songs import MIXTURE, read_song
from rtsep.stem_files.reading import StemSource, look_into


def true_stems(path: Path, channels: tuple[int, ...] = ()) -> TrueStems:
    return TrueStems(file=check_stem_file(Place(Kind.FILE, str(path)), channels))


def play(output: Path, path: Path | None = None, **options: object) -> SessionReport:
    path = path or example()
    session = FileSession(input=str(path), output=str(output), **options)  # type: ignore[arg-type]
    return run_file_session(true_stems(path), session)


def sound(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32")[0].T


def test_at_0_db_the_master_is_untouched(tmp_path: Path) -> None:
    report = play(tmp_path / "mix.wav")
    master = decoded(example())[0]
    assert report.seconds == master.shape[1] / 44_100
    np.testing.assert_allclose(sound(tmp_path / "mix.wav"), master, atol=1e-6)  # -120 dB
    assert report.notes == [
        "its stems sum to the master but for -15 dB of it, perhaps its mastering: shared among them"
    ]


def test_a_muted_stem_is_missing(tmp_path: Path) -> None:
    stems = song(30_000)
    path = tmp_path / "song.stem.mp4"
    write_song(path, stems, codec="alac")
    report = play(tmp_path / "mix.wav", path, mute=("vocals",), gains_db={"bass": -6.0})
    gained = stems * np.array([1, 10 ** (-6 / 20), 1, 0], np.float32)[:, None, None]
    np.testing.assert_allclose(sound(tmp_path / "mix.wav"), gained.sum(0), atol=1e-6)
    assert report.notes == []
    play(tmp_path / "stems", path)
    for stem, name in zip(stems, true_stems(path).stems, strict=True):
        np.testing.assert_allclose(sound(tmp_path / "stems" / f"{name}.wav"), stem, atol=1e-6)


def test_a_stem_file_becomes_a_stem_file(tmp_path: Path) -> None:
    stems = song(30_000)
    first, second = tmp_path / "first.stem.mp4", tmp_path / "second.stem.mp4"
    write_song(first, stems, codec="alac")
    report = play(second, first, mute=("vocals",))  # a deck has faders of its own
    assert report.files == [second]
    with StemSource(look_into(second)) as source:
        (read, master), *_ = source.pieces(30_000)
    assert master.shape == (2, 30_000)
    assert np.corrcoef(master[0], stems.sum(0)[0])[0, 1] > 0.97
    for one, stem in zip(read, stems, strict=True):
        assert np.corrcoef(one[0], stem[0])[0, 1] > 0.97
    with pytest.raises(AudioFileError, match="is being read and would be overwritten"):
        play(first, first)


def test_what_is_no_stem_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    with pytest.raises(AudioFileError, match="no such file"):
        true_stems(path)
    with pytest.raises(ConfigError, match="--input-channels does not go with a stem file"):
        true_stems(example(), (0,))


def test_a_stem_file_is_a_song_with_true_stems() -> None:
    known = read_song(example(), 44_100)
    _, *stems = decoded(example())
    assert list(known) == [MIXTURE, "drums", "bass", "other", "vocals"]
    for name, stem in zip(list(known)[1:], stems, strict=True):
        np.testing.assert_array_equal(known[name], stem)
    np.testing.assert_allclose(known[MIXTURE], np.sum(stems, 0), atol=1e-6)


WITHOUT_NETWORK = """
import sys
from rtsep.cli.main import main
import rtsep.setup.load as load
def none(*args, **options):
    raise AssertionError("a network was loaded")
load.load = none
import rtsep.cli.files.run as run
run.load = none
raise SystemExit(main(sys.argv[1:]))
"""


def test_the_command_loads_no_network_and_reaches_no_net(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK, "--input", str(example()), "--output",
         str(tmp_path / "out"), "--mute", "vocals", "--json", "--cache", str(tmp_path / "cache")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"mode": "true stems"' in done.stdout and '"model": null' in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "drums.wav", "bass.wav", "other.wav", "vocals.wav", "mix.wav",
    }  # fmt: skip
    assert not (tmp_path / "cache").exists()


def test_who_names_a_model_has_the_master_separated(small_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    write_song(path, song(20_000), codec="alac")
    done = subprocess.run(
        [sys.executable, "-m", "rtsep", "--input", str(path), "--output", "null", "--json",
         "--model", str(small_model), "--compute", "cpu"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"mode": "offline"' in done.stdout
    assert f"--model asks for a network, which separates the master of {path}" in done.stderr


@pytest.mark.parametrize("live", [(), ("--pace", "realtime")])
def test_a_delay_is_no_reason_to_have_the_master_separated_unsaid(
    live: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(example())
    assert main(["--input", path, "--output", "null", "--delay", "12", *live]) == 2
    said = capsys.readouterr().err
    assert "a stem file is played as it is; leave it out, or have a network separate" in said
    assert f"the master of {path} with --path instant too" in said


def test_a_wrong_file_ends_the_command_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "song.stem.mp4"
    path.write_bytes(example().read_bytes()[:30_000].replace(b'"version"', b'"version'))
    done = subprocess.run(
        [sys.executable, "-m", "rtsep", "--input", str(path), "--output", str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert next(line for line in done.stderr.splitlines() if not line.endswith("...")).startswith(
        "rtsep: "
    )
    assert not (tmp_path / "out").exists()
