"""`rtsep --input FILE`: what comes out lines up with what went in, and the figures are true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_support import Rtsep, db, sound
from small_models import RATE, band, write_band, write_mono_model, write_small_model

from rtsep.audio.writer import write_file

STEMS = ("drums", "bass", "other", "vocals")


def stems_in(folder: Path, suffix: str = "wav") -> np.ndarray:
    return np.stack([sound(folder / f"{stem}.{suffix}") for stem in STEMS])


def test_stems_sum_to_the_input_sample_by_sample(stream: Rtsep, song: Path, tmp_path: Path) -> None:
    assert stream("--output", tmp_path / "out").code == 0
    stems, mix = stems_in(tmp_path / "out"), sound(song)
    assert stems.shape[1:] == mix.shape
    assert db(stems.sum(0) - mix) < -120
    assert db(sound(tmp_path / "out" / "mix.wav") - mix) < -120
    assert min(map(db, stems)) > -60  # and not because all but one are silent
    assert soundfile.info(tmp_path / "out" / "mix.wav").subtype == "FLOAT"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *(f"{stem}.wav" for stem in STEMS),
        "mix.wav",
    }


@pytest.mark.parametrize(
    ("faders", "gains"),
    [
        (["--gain", "vocals=-6", "--gain", "drums=6"], (10**0.3, 1, 1, 10**-0.3)),
        (["--gain", " bass = -inf"], (1, 0, 1, 1)),
        (["--mute", "vocals", "--mute", "bass"], (1, 0, 1, 0)),
        (["--solo", "drums", "--gain", "drums=-20"], (0.1, 0, 0, 0)),
        (["--solo", "drums", "--solo", "other", "--mute", "drums"], (0, 0, 1, 0)),
        (["--eq", "bass=kill,-inf, kill", "--eq", "drums=0,0,0"], (1, 0, 1, 1)),
        (["--filter", "bass=0", "--filter", "mix=0.0"], (1, 1, 1, 1)),
    ],
)
def test_faders_move_the_mix_and_leave_the_stems(
    stream: Rtsep, song: Path, tmp_path: Path, faders: list[str], gains: tuple[float, ...]
) -> None:
    assert stream("--output", tmp_path, *faders).code == 0
    stems = stems_in(tmp_path)
    assert db(sound(tmp_path / "mix.wav") - np.tensordot(gains, stems, 1)) < -120
    assert db(stems.sum(0) - sound(song)) < -120


def highs(audio: np.ndarray) -> float:
    """How loud it is above 1 kHz, in dB."""
    spectrum = np.fft.rfft(audio * np.hanning(audio.shape[1]))
    spectrum[:, np.fft.rfftfreq(audio.shape[1], 1 / RATE) < 1000] = 0
    return db(np.fft.irfft(spectrum))


def test_equalizers_and_filters_move_the_mix_and_leave_the_stems(
    stream: Rtsep, song: Path, tmp_path: Path
) -> None:
    plain = highs(sound(song))
    for name, options in (("filter", ["--filter", "mix=-1"]), ("eq", [])):
        for stem in STEMS if name == "eq" else ():
            options += ["--eq", f"{stem}=0,kill,kill"]
        assert stream("--output", tmp_path / name, *options).code == 0
        assert highs(sound(tmp_path / name / "mix.wav")) < plain - 40
        assert db(stems_in(tmp_path / name).sum(0) - sound(song)) < -120


JSON_KEYS = {
    "model", "device", "mode", "path", "executor", "sample_rate", "stems", "spec", "latency",
    "steps", "step_ms", "deadline_misses", "xruns", "seconds", "wall_seconds", "stopped_early",
    "sanitized", "sdr", "files", "notes",
}  # fmt: skip


def test_json_is_one_object_with_all_that_happened(stream: Rtsep, tmp_path: Path) -> None:
    done = stream("--output", tmp_path, "--lookahead", "25", "--json")
    told = done.json
    assert done.out.count("\n") == 1
    assert told.keys() == JSON_KEYS
    lengths = {"window", "hop", "lookahead", "crossfade", "refresh"}
    assert told["spec"].keys() == {"mode"} | lengths
    assert told["mode"] == told["spec"]["mode"] == "incremental"
    assert told["latency"] == {
        "hop": {"samples": 2048, "ms": 46.44},
        "lookahead": {"samples": 1024, "ms": 23.22},
        "algorithmic": {"samples": 3072, "ms": 69.66},
    }
    assert told["spec"]["window"]["samples"] == 9 * 1024
    assert (told["model"], told["device"], told["sample_rate"]) == ("small", "cpu", RATE)
    assert told["stems"] == list(STEMS)
    assert told["steps"] == round(0.7 * RATE) // 2048
    times = told["step_ms"]
    assert 0 < times["p50"] <= times["p90"] <= times["p99"] <= times["p99.9"] <= times["max"]
    assert times["max"] / 1000 * told["steps"] >= told["wall_seconds"] / 10
    assert (told["deadline_misses"] > 0) == (times["max"] > told["spec"]["hop"]["ms"])
    assert told["xruns"] is None
    assert told["seconds"] == 0.7 and told["wall_seconds"] > 0
    assert (told["stopped_early"], told["sanitized"], told["sdr"]) == (False, 0, {})
    assert told["files"] == [str(tmp_path / f"{name}.wav") for name in (*STEMS, "mix")]
    assert told["notes"] == []


def test_without_json_standard_output_is_empty(stream: Rtsep) -> None:
    done = stream()
    assert done.code == 0 and done.out == "" and "latency of the algorithm 93 ms" in done.err


@pytest.mark.parametrize("name", ["only.wav", "new/only.FLAC"])
def test_one_file_gets_the_mix_alone(stream: Rtsep, song: Path, tmp_path: Path, name: str) -> None:
    told = stream("--output", tmp_path / name, "--json").json
    assert told["files"] == [str(tmp_path / name)]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]
    assert db(sound(tmp_path / name) - sound(song)) < -120 + 20 * (name[-1] == "C")


def test_null_writes_nothing(
    stream: Rtsep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert stream("--output", "null", "--json").json["files"] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("encoding", "suffix", "subtype"),
    [("wav16", "wav", "PCM_16"), ("wav24", "wav", "PCM_24"), ("flac", "flac", "PCM_24")],
)
def test_formats(
    stream: Rtsep, song: Path, tmp_path: Path, encoding: str, suffix: str, subtype: str
) -> None:
    told = stream("--output", tmp_path, "--format", encoding, "--json").json
    assert {soundfile.info(file).subtype for file in told["files"]} == {subtype}
    assert stems_in(tmp_path, suffix).shape[1:] == sound(song).shape
    assert db(sound(tmp_path / f"mix.{suffix}") - sound(song)) < -80


@pytest.mark.parametrize(
    ("name", "encoding", "subtype"),
    [("mix.wav", "wav", "FLOAT"), ("mix.wav", "wav24", "PCM_24"), ("mix.flac", "flac", "PCM_24")],
)
def test_formats_of_a_single_file(
    stream: Rtsep, tmp_path: Path, name: str, encoding: str, subtype: str
) -> None:
    assert stream("--output", tmp_path / name, "--format", encoding).code == 0
    assert soundfile.info(tmp_path / name).subtype == subtype


@pytest.mark.parametrize(
    ("name", "encoding", "complaint"),
    [("mix.mp3", "wav", "end with .wav or .flac"), ("mix.wav", "flac", "end its name with .flac")],
)
def test_files_we_cannot_write_do_not_become_folders(
    stream: Rtsep, tmp_path: Path, name: str, encoding: str, complaint: str
) -> None:
    done = stream("--output", tmp_path / name, "--format", encoding)
    assert done.code == 2 and complaint in done.complaint
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("option", ["--input", "--output"])
def test_a_device_that_is_not_there(rtsep: Rtsep, song: Path, option: str) -> None:
    done = rtsep("--input", song, option, "device:no such thing", "--ui", "off")
    assert done.code == 2 and option.strip("-") in done.complaint and "device" in done.complaint


@pytest.mark.parametrize("command", [(), ("profile", "--duration", "1")], ids=["live", "profile"])
def test_a_name_that_is_nothing_is_read_both_ways(
    rtsep: Rtsep, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "Nobody's 17h/19h Audio 2.mono"
    done = rtsep(*command, "--input", name)
    assert done.code == 2 and "device" in done.err
    assert f"no file is called {name!r} either" in done.err
    done = rtsep(*command, "--input", "missing.flac", "--output", "null")
    assert done.code == 2 and "no such file: missing.flac" in done.err
    assert "no input device is called so either" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("streaming", [(), ("--hop", "50")], ids=["offline", "stream"])
@pytest.mark.parametrize("words", [("--ui", "off", "--midi", "off"), ("--ui", "auto")])
def test_what_a_script_always_says_does_no_harm_without_a_screen(
    rtsep: Rtsep, small_model: Path, song: Path, words: tuple[str, ...], streaming: tuple[str, ...]
) -> None:
    done = rtsep(
        "--input", song, "--output", "null", "--model", small_model, "--window", "0.2",
        *streaming, *words, "--json",
    )  # fmt: skip
    assert done.code == 0 and done.json["seconds"] > 0


@pytest.mark.parametrize("option", [("--midi", "nano"), ("--record", "x"), ("--blocksize", "64"),
                                    ("--ui", "plain"), ("--ui", "tui")])  # fmt: skip
def test_live_options_need_a_live_session(stream: Rtsep, option: tuple[str, str]) -> None:
    done = stream(*option)
    assert done.code == 2 and f"{option[0]} needs a live session" in done.complaint


def test_clipping_of_integers_is_told(stream: Rtsep, tmp_path: Path) -> None:
    write_file(tmp_path / "loud.wav", 4 * band(0.2), RATE)
    done = stream("--output", tmp_path / "out", "--format", "wav16", source=tmp_path / "loud.wav")
    assert done.code == 0 and "samples over full scale were clipped" in done.err


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (22_050, 1), (96_000, 8)])
def test_other_rates_and_channels_come_out_as_the_model_wants(
    stream: Rtsep, tmp_path: Path, rate: int, channels: int
) -> None:
    source = write_band(tmp_path / "in.wav", 0.5, rate, channels)
    done = stream("--output", tmp_path / "out", source=source)
    info = soundfile.info(tmp_path / "out" / "drums.wav")
    assert (done.code, info.samplerate, info.frames, info.channels) == (0, RATE, 22_050, 2)
    assert ("note: 8 channels (the file does not say which, taken as FL FR" in done.err) == (
        channels == 8
    )
    assert ("note: mono: duplicated to stereo" in done.err) == (channels == 1)


@pytest.mark.parametrize("samples", [1, 2, 1024, 2048, 4096, 4410])
def test_very_short_input(stream: Rtsep, tmp_path: Path, samples: int) -> None:
    write_file(tmp_path / "in.wav", band(1)[:, :samples], RATE)
    done = stream("--output", tmp_path / "out", "--json", source=tmp_path / "in.wav")
    stems = stems_in(tmp_path / "out")
    assert done.code == 0 and stems.shape == (4, 2, samples)
    assert db(stems.sum(0) - band(1)[:, :samples]) < -120
    assert done.json["steps"] == samples // 2048
    assert (done.json["step_ms"] == {}) == (samples < 2048)


def test_broken_samples_are_silenced_counted_and_told(stream: Rtsep, tmp_path: Path) -> None:
    audio = band(0.5)
    audio[0, 1000:1010], audio[1, 2000] = np.nan, np.inf
    soundfile.write(tmp_path / "in.wav", audio.T, RATE, "FLOAT")
    done = stream("--output", tmp_path / "out", "--json", source=tmp_path / "in.wav")
    assert done.code == 0 and done.json["sanitized"] == 11
    assert "note: 11 NaN or infinite samples replaced by silence" in done.err
    assert np.isfinite(stems_in(tmp_path / "out")).all()


def test_real_time_is_a_live_session_with_the_same_result(
    stream: Rtsep, song: Path, tmp_path: Path
) -> None:
    settings = ("--mute", "vocals", "--window", "0.3", "--hop", "232")  # steps that leave time over
    assert stream("--output", tmp_path / "fast", *settings).code == 0
    live = ("--pace", "realtime", "--budget", "2000", "--ui", "off", "--midi", "off", "--json")
    told = stream("--output", tmp_path / "slow", *settings, *live).json
    assert told["seconds"] > 0.7 and told["stopped_early"] is False
    assert told["deadline_misses"] == 0
    for name in ("mix", "drums"):
        fast, slow = (sound(tmp_path / where / f"{name}.wav") for where in ("fast", "slow"))
        assert fast.shape == slow.shape == sound(song).shape
        assert db(fast[:, 1000:] - slow[:, 1000:]) < -100  # behind the fade in of the mix
    assert db(sound(tmp_path / "slow" / "input.wav") - sound(song)) < -200


@pytest.mark.parametrize("settings", [(), ("--window", "0.6", "--hop", "500")])
def test_the_demo_says_how_well_it_was_separated(
    rtsep: Rtsep, small_model: Path, settings: tuple[str, ...]
) -> None:
    done = rtsep("--input", "demo", "--output", "null", "--model", small_model, "--json", *settings)
    assert done.code == 0 and done.json["sdr"].keys() == set(STEMS)
    assert all(-30 < value < 30 for value in done.json["sdr"].values())
    assert done.json["seconds"] == 12
    (line,) = (line for line in done.err.splitlines() if line.startswith("SDR"))
    for stem, value in done.json["sdr"].items():
        assert f"{stem} {value:.1f} dB"[:-4] in line


@pytest.mark.parametrize("changes", [{"sample_rate": 16_000}, {"stems": ("lead",)}])
def test_models_of_another_make(rtsep: Rtsep, tmp_path: Path, changes: dict[str, object]) -> None:
    model = write_small_model(tmp_path / "other.safetensors", **changes)
    source = write_band(tmp_path / "in.wav", 0.5)
    done = rtsep("--input", source, "--model", model, "--window", "0.3", "--output", tmp_path / "o")
    assert done.code == 0, done.err
    info = soundfile.info(tmp_path / "o" / "mix.wav")
    assert (info.samplerate, info.duration) == (changes.get("sample_rate", RATE), 0.5)
    stems = ("lead", "rest") if "stems" in changes else STEMS
    assert len(list((tmp_path / "o").iterdir())) == len(stems) + 1


@pytest.mark.parametrize("output", ["folder", "mix.wav"])
def test_a_mono_model_makes_mono_files(rtsep: Rtsep, tmp_path: Path, output: str) -> None:
    model = write_mono_model(tmp_path / "mono.safetensors")
    source, target = write_band(tmp_path / "in.wav", 0.3), tmp_path / output
    done = rtsep("--input", source, "--model", model, "--window", "0.3", "--output", target)
    assert done.code == 0, done.err
    mix = sound(target / "mix.wav" if target.is_dir() else target)
    np.testing.assert_allclose(mix, sound(source)[:1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("pace", ["max", "realtime"])
def test_channels_of_a_file_can_be_chosen(stream: Rtsep, tmp_path: Path, pace: str) -> None:
    six = band(0.5, channels=6) * np.array([[0], [0], [1], [0], [0], [0]])
    source = tmp_path / "in.wav"
    soundfile.write(source, six.T, RATE, "FLOAT")
    options = ("--pace", pace, *(("--ui", "off", "--midi", "off") if pace == "realtime" else ()))
    done = stream("--output", tmp_path / "out", "--input-channels", "3", *options, source=source)
    assert done.code == 0 and "6 channels: 3 is used on both sides" in done.err
    if pace == "max":  # a busy machine may be late
        assert db(stems_in(tmp_path / "out").sum(0) - six[[2, 2]]) < -60
    done = stream("--output", "null", "--input-channels", "7-8", *options, source=source)
    assert done.code == 2 and "input channels 7-8 are out of range: in.wav has 6" in done.complaint
    done = stream("--output", "null", "--input-channels", "1", *options, source="demo")
    assert done.code == 2 and "--input-channels is for devices and files" in done.complaint
