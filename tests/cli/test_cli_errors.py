"""What is wrong is said in a line or two, with the exit code that it deserves."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_support import Done, Rtsep, finish, sound, start
from small_models import write_band

from rtsep.errors import RtsepError


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--gian", "drums=1"], "--gian"),
        (["--gian", "drums=1"], "--gain"),
        (["--gain", "vocals"], "'vocals' is not like vocals=-6"),
        (["--gain", "vocals=loud"], "'vocals=loud' is not like vocals=-6"),
        (["--eq", "vocals"], "'vocals' is not like vocals=-6,0,3 or drums=kill,0,0"),
        (["--eq", "vocals=-6,0"], "'vocals=-6,0' is not like vocals=-6,0,3"),
        (["--eq", "vocals=-6,mute,0"], "'vocals=-6,mute,0' is not like vocals=-6,0,3"),
        (["--filter", "vocals"], "'vocals' is not like vocals=0.3 (a stem or mix, =, -1 to 1)"),
        (["--filter", "mix=low"], "'mix=low' is not like vocals=0.3"),
        (["--hop", "-5"], "-5"),
        (["--window", "long"], "'long' is not a valid float"),
        (["--mode", "fast"], "exact"),
        (["--precision", "fp8"], "bf16"),
        (["--latency", "soon"], "'soon' is neither auto, instant nor milliseconds"),
        (["--latency", "0"], "'0' is neither auto, instant nor milliseconds"),
        (["--input", "a.wav", "--latency", "auto", "--hop", "50"], "--hop does not go with"),
        (["--input", "a.wav", "--output", "b", "--on-late", "instant"], "needs a live session"),
        (["--input", "a.wav", "--output", "b", "--cue", "3-4"], "--output b is none here"),
        (["--input", "a.wav", "--cue-split"], "--cue-split is for headphones on an output device"),
        (["--input", "a.wav", "--output", "b.wav", "--pace", "realtime", "--cue", "3-4"], "--cue"),
        (["--input", "mic", "--cue-mix", "0.5"], "give their channels too, like --cue 3-4"),
        (["--input", "mic", "--cue", "3-4", "--cue-mix", "2"], "--cue-mix"),
        (["--input", "mic", "--cue", "3-4", "--cue-volume", "7"], "--cue-volume"),
        (["separate", "a.wav", "-o", "x", "--cue", "3-4"], "No such option '--cue'"),
        (["tune", "--latency", "instant"], "--latency"),
        (["separate", "a.wav", "-o", "x", "--latency", "instant"], "--latency"),
        (["--pace", "slow"], "max"),
        (["--compute", "tpu"], "'tpu' is none of auto, cpu, cuda, mps"),
        (["--device", "focusrite"], "sound devices are given with --input and --output"),
        (["--device", "focusrite"], "'--compute'"),
        (["tune", "--device", "3"], "sound devices are given with --input and --output"),
        (["--format", "mp3"], "wav16"),
        (["seperate"], "no command 'seperate'; did you mean separate?"),
        (["a.wav"], "a.wav is a file: write --input a.wav --output stems for stems"),
        (["a.wav"], "--input a.wav --output speakers to play it live, or rtsep separate a.wav -o"),
        (["a.wav", "--mute", "vocals"], "a.wav is a file: write --input a.wav"),
        (["--output", "x", "a.wav"], "a.wav is a file: write --input a.wav"),
        (["a.wav", "stems"], "write --input a.wav --output stems"),
        (["a.wav", "a.wav"], "are files: write rtsep separate a.wav a.wav -o stems"),
        (["b.wav"], "no file 'b.wav', and no command either"),
        (["mic"], "no command 'mic'; write --input mic"),
        (["mic", "speakers"], "write --input mic --output speakers"),
        (["demo"], "write --input demo --output stems for stems, --input demo --output speakers"),
        (["speakers"], "write --output speakers behind --input"),
        (["focusrite"], "a sound device is given as --input focusrite (see rtsep devices)"),
        (["."], ". is a folder: write rtsep separate ./* -o stems"),
        (["a\0b"], "no command"),
        (["x" * 5000], "no command"),
        (["--", "-x"], "no command '-x'"),
        (["--input", "a.wav"], "where shall a.wav go? --output stems makes a folder"),
        (["--input", "demo", "--mute", "vocals"], "where shall demo go?"),
        (["--input", "a.wav", "--hop", "50"], "--output speakers plays it live, --output null"),
        (["separate"], "Missing argument 'PATHS...'"),
        (["separate", "a.wav"], "Missing option '-o' / '--output'"),
        (["separate", "a.wav", "-o", "x", "--overlap", "1"], "--overlap"),
        (["separate", "a.wav", "-o", "x", "--overlap", "-0.1"], "--overlap"),
        (["--input", "a.wav", "models"], "--input does not go with 'models'"),
        (["--mute", "vocals", "separate", "a.wav"], "--mute does not go with 'separate'"),
        (["--model", "x", "models", "list"], "--model does not go with 'models'"),
        (["--mute", "vocals"], "--input"),
        (["--json"], "--input"),
        (["models", "path", "htdemuc"], "did you mean"),
    ],
)
def test_bad_usage(rtsep: Rtsep, tmp_path: Path, arguments: list[str], complaint: str,
                   monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    write_band(tmp_path / "a.wav", 0.1)
    monkeypatch.chdir(tmp_path)
    done = rtsep(*arguments)
    assert done.code == 2 and complaint in done.complaint
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--gain", "vocals=6.1"], "gain of vocals must be -inf to +6 dB, got 6.1"),
        (["--gain", "vocals=nan"], "gain of vocals must be -inf to +6 dB, got nan"),
        (["--gain", "vocal=0"], "no stem 'vocal'; this model has drums, bass, other, vocals"),
        (["--eq", "vocals=0,0,9"], "gain of the high band of vocals must be -inf to +6 dB, got 9"),
        (["--eq", "vocal=0,0,0"], "no stem 'vocal'; this model has drums, bass, other, vocals"),
        (["--filter", "vocals=1.5"], "filter of vocals must be -1 (low-pass) to 1 (high-pass)"),
        (["--filter", "mix=nan"], "filter of the master must be -1 (low-pass) to 1 (high-pass)"),
        (["--filter", "piano=0"], "no stem 'piano'; this model has drums, bass, other, vocals"),
        (["--mute", "piano"], "no stem 'piano'; this model has drums, bass, other, vocals"),
        (["--solo", "piano"], "no stem 'piano'; this model has drums, bass, other, vocals"),
        (["--window", "9"], "window must be at most 1.00 s"),
        (["--window", "0.1", "--lookahead", "200"], "do not fit into a window of 4096 samples"),
        (["--hop", "nan"], "'nan' is not a number up to 1e+09"),
        (["--lookahead", "inf"], "'inf' is not a number up to 1e+09"),
        (["--refresh", "1e400"], "'1e400' is not a number up to 1e+09"),
        (["--lookahead", "1e9"], "lookahead must fit into the window of 0.2 s, got 1e+06 s"),
        (["--model", "htdemucs_fx"], "did you mean"),
        (["--model", "missing.th"], "cannot read missing.th: No such file or directory"),
    ],
)
def test_settings_that_do_not_fit(
    stream: Rtsep, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    done = stream("--cache", tmp_path / "cache", "--output", tmp_path / "out", *arguments)
    assert done.code == 2 and complaint in done.complaint
    assert not (tmp_path / "out").exists()


def test_inputs_that_are_no_sound(rtsep: Rtsep, tmp_path: Path) -> None:
    """Told before any model is loaded: there is none in this cache."""
    (tmp_path / "song.wav").write_bytes(b"RIFF")
    (tmp_path / "text.flac").write_text("no music\n" * 100)
    (tmp_path / "empty.wav").touch()
    for name, complaint in {
        "son.wav": "close matches in that folder: song.wav",
        "nowhere/song.wav": "no such file",
        "song.wav": "not an audio file",
        "text.flac": "not an audio file",
        "empty.wav": "the file is empty",
    }.items():
        for command in (["--input", tmp_path / name],
                        ["separate", tmp_path / name, "-o", tmp_path / "out"]):  # fmt: skip
            done = rtsep(*command, "--model", "stored-nowhere", "--cache", tmp_path / "cache")
            assert done.code == 2 and complaint in done.complaint
    assert not (tmp_path / "out").exists()
    done = rtsep("--input", tmp_path, "--cache", tmp_path / "cache")
    assert done.code == 2 and "stands for several songs, which are played live" in done.complaint
    (tmp_path / "folder").mkdir()
    done = rtsep("separate", tmp_path / "folder", "-o", tmp_path / "out")
    assert done.code == 2 and "no audio files in" in done.complaint


@pytest.mark.parametrize("output", ["file", "file/below", "file/mix.wav", "file/a/b.flac"])
def test_folders_that_cannot_be(stream: Rtsep, tmp_path: Path, output: str) -> None:
    (tmp_path / "file").write_text("in the way")
    done = stream("--output", tmp_path / output)
    assert done.code == 2 and "file" in done.complaint
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("output", ["", "mix.wav"])
def test_the_input_is_never_overwritten(stream: Rtsep, tmp_path: Path, output: str) -> None:
    source = write_band(tmp_path / "mix.wav", 0.2)
    before = source.read_bytes()
    done = stream("--output", tmp_path / output, source=source)
    assert done.code == 2 and "is being read and would be overwritten" in done.complaint
    assert source.read_bytes() == before


def test_an_own_failure_is_1(rtsep: Rtsep, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = rtsep("models", "pull", "htdemucs", "--cache", tmp_path / "file" / "below")
    assert done.code == 1 and "cannot write to the cache" in done.complaint


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (RuntimeError("odd"), 1, "RuntimeError: odd; this is a bug in rtsep, --debug shows where"),
        (RtsepError("no luck"), 1, "no luck"),
        (KeyboardInterrupt(), 1, "interrupted"),
        (MemoryError(), 1, "MemoryError"),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_anything_else_is_1(
    stream: Rtsep,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    text: str,
    debug: bool,
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("rtsep.cli.run.run", fail)
    done = stream(*["--debug"] * debug)
    assert done.code == code and f"rtsep: {text}" in done.err.splitlines()[-1]
    assert ("Traceback" in done.err) == debug == ("test_cli_errors.py" in done.err)


@pytest.mark.parametrize("before", [True, False])
def test_debug_is_understood_anywhere(rtsep: Rtsep, tmp_path: Path, before: bool) -> None:
    command = ["separate", tmp_path / "none.wav", "-o", tmp_path]
    done = rtsep(*["--debug"] * before, *command, *["--debug"] * (not before))
    assert done.code == 2
    assert "Traceback" in done.err and "no such file" in done.err.splitlines()[-1]


def test_no_arguments_print_the_help(rtsep: Rtsep) -> None:
    assert rtsep() == rtsep("--help") == rtsep("-h")
    assert rtsep().code == 0 and "Usage: rtsep" in rtsep().out and rtsep().err == ""


def test_every_command_has_help(rtsep: Rtsep) -> None:
    for command in (["separate"], ["map"], ["models"], ["models", "pull"], ["models", "import"]):
        done = rtsep(*command, "--help")
        assert done.code == 0 and f"Usage: rtsep {' '.join(command)}" in done.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--version"], 0), (["--gian"], 2), (["--input", "no.wav"], 2)],
)
def test_exit_codes_of_the_real_process(arguments: list[str], code: int) -> None:
    done = finish(start("-m", "rtsep", *arguments))
    assert done.code == code
    assert "Traceback" not in done.err
    assert bool(done.err) != bool(done.out)


ON_A_SMALL_DISK = """
import resource, sys
from rtsep.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (300_001, 300_001))  # beyond it write() says EFBIG
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def limited(small_model: Path) -> Rtsep:
    def call(*arguments: object) -> Done:
        return finish(start("-c", ON_A_SMALL_DISK, *arguments, "--model", small_model))

    return call


def test_a_full_disk_stops_with_one_line_and_valid_files(limited: Rtsep, tmp_path: Path) -> None:
    source = write_band(tmp_path / "long.wav", 3)
    short = ("--window", "0.5", "--hop", "200")
    done = limited("--input", source, "--output", tmp_path / "out", *short, "--json")
    assert done.code == 2 and "File too large" in done.complaint and len(done.said) == 1
    for stem in ("drums", "bass", "other", "vocals", "mix"):
        assert 20_000 < sound(tmp_path / "out" / f"{stem}.wav").shape[1] < 40_000
