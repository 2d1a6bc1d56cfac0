"""`rtsep profile` as a user runs it, with real processes."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import Done, Rtsep, finish, start
from small_models import write_band

NETWORK = ("STFT", "encoders", "transformer", "decoders", "ISTFT", "crossfade")


@pytest.fixture(scope="module")
def profiled(
    small_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Path, str]:
    """The JSON object, the folder with page and trace, and what was told to a person."""
    folder = tmp_path_factory.mktemp("profile")
    source = write_band(folder / "song.wav", 5)
    done = finish(
        start(
            "-m", "rtsep", "profile", "--input", source, "--model", small_model, "--window", "0.3",
            "--hop", "93", "--lookahead", "46", "--budget", "200", "--duration", "4", "--json",
            "--compute", "cpu", "--report", folder / "page.html", "--trace", folder / "trace.json",
        )
    )  # fmt: skip
    assert done.code == 0, done.err
    return done.json, folder, done.err


def test_the_parts_add_up_to_the_total(profiled: tuple[dict[str, Any], Path, str]) -> None:
    run = profiled[0]["runs"][0]
    stages = run["stages"]
    parts = sum(times["mean"] for name, times in stages.items() if name not in ("rest", "total"))
    assert parts == pytest.approx(stages["total"]["mean"], rel=0.05)
    assert run["accounted"] > 0.95
    work = sum(stages[name]["mean"] for name in NETWORK)
    assert work == pytest.approx(run["step_ms"]["mean"], rel=0.15)
    assert set(NETWORK) < set(stages) and "step" not in stages


def test_what_is_measured_is_what_is_declared(profiled: tuple[dict[str, Any], Path, str]) -> None:
    latency = profiled[0]["runs"][0]["latency"]
    declared, measured = latency["declared"]["total"]["ms"], latency["measured"]["total"]["ms"]
    block = latency["declared"]["parts"]["queue"]["ms"]
    assert measured == pytest.approx(declared, abs=3 * block)


def test_callbacks_rings_and_machine_are_told(profiled: tuple[dict[str, Any], Path, str]) -> None:
    run = profiled[0]["runs"][0]
    calls = run["callbacks"]
    assert calls["count"] == pytest.approx(run["seconds"] * 44_100 / 256, rel=0.1)
    assert calls["took_ms"]["p50"] < 1000 * 256 / 44_100
    assert run["hops"] == pytest.approx(1000 * run["seconds"] / run["hop_ms"], abs=4)
    assert run["lost_rows"] == 0 and 0 < run["clocks"]["busy"] <= 1
    assert run["pauses"]["waking_ms"]["count"] > 20
    assert {"stems ready", "input waiting", "file read ahead"} == set(run["fill_ms"])


def test_a_person_is_told_the_same(profiled: tuple[dict[str, Any], Path, str]) -> None:
    profile, folder, told = profiled
    for words in ("transformer", "declared", "hops late", "jitter", "of the hop's", "clocks"):
        assert words in told
    assert "Traceback" not in told and "USDT" not in told
    page = (folder / "page.html").read_text("utf-8")
    assert str(profile["runs"][0]["step_ms"]["p50"]) in page


def test_the_trace_has_both_views_of_the_same_steps(
    profiled: tuple[dict[str, Any], Path, str],
) -> None:
    trace = json.loads((profiled[1] / "trace.json").read_text("utf-8"))
    events = trace["traceEvents"]
    ours = [event for event in events if event.get("pid") == 0 and event["ph"] == "X"]
    assert {"mix", "device out", "transformer"} <= {event["name"] for event in ours}
    hops = np.array([(e["ts"], e["ts"] + e["dur"]) for e in ours if "hop" in e["name"]])
    convolutions = [e for e in events if e.get("name") == "aten::conv2d"]
    inside = [
        bool(((hops[:, 0] <= e["ts"]) & (e["ts"] + e["dur"] <= hops[:, 1])).any())
        for e in convolutions
    ]
    assert len(inside) > 100 and np.mean(inside) > 0.95


def test_runs_are_compared(
    rtsep: Rtsep, profiled: tuple[dict[str, Any], Path, str], tmp_path: Path
) -> None:
    profile = profiled[0]
    faster = json.loads(json.dumps(profile))
    for side, factor, name in ((profile, 1.0, "a"), (faster, 0.5, "b")):
        run = json.loads(json.dumps(side["runs"][0]))
        for times in (run["step_ms"], run["answer_ms"]):
            for key in ("p50", "p99"):
                times[key] *= factor
        (tmp_path / f"{name}.json").write_text(json.dumps({**side, "runs": [run] * 5}))
    done = rtsep("profile", "--compare", tmp_path / "a.json", tmp_path / "b.json", "--json")
    assert done.code == 0 and "B is faster" in done.err
    verdicts = {one["name"]: one["verdict"] for one in done.json["measures"]}
    assert verdicts["step p50"] == verdicts["answer p99"] == "B is faster"
    assert verdicts["callback p50"] == "no difference shown"


def written(path: Path, rtsep_version: str, hop: int, **settings: Any) -> Path:
    """A profile of one run, as --json prints it."""
    times = {"p50": 50.0, "p99": 60.0}
    run = {
        "step_ms": times, "answer_ms": times, "clocks": {"busy": 0.5, "stolen": 0.0},
        "callbacks": {"took_ms": times, "jitter_ms": times},
    }  # fmt: skip
    lengths = {
        name: {"samples": n, "ms": n / 44.1} for name, n in (("window", 88200), ("hop", hop))
    }
    told = {"model": "m", "processor": "old", "spec": {"mode": "exact", **lengths}, **settings}
    profile = {"rtsep": rtsep_version, "date": "2026-01-01T10", "settings": told, "runs": [run]}
    path.write_text(json.dumps(profile))
    return path


def test_what_differs_is_told_setting_by_setting(rtsep: Rtsep, tmp_path: Path) -> None:
    """The hop is one of five lengths that a profile tells, and the others are alike."""
    a = written(tmp_path / "a.json", "1.0", 4410)
    b = written(tmp_path / "b.json", "1.1", 8820, processor="new \x1b[2J", executor="eager")
    done = rtsep("profile", "--compare", a, b, "--json")
    told = [line.strip() for line in done.err.splitlines()]
    assert told[2:6] == [
        "rtsep: 1.0 (A), 1.1 (B)",
        "processor: old (A), new  [2J (B)",
        "hop: 100 ms (4410 samples) (A), 200 ms (8820 samples) (B)",
        "executor: not told (A), eager (B)",
    ]
    assert "caution: the machines differ: processor" in done.err
    assert done.err.count("too few runs to tell") == 6  # none broken into two lines of 80 columns
    assert "{" not in done.err and "window" not in done.err
    assert set(done.json["differences"]) == {"rtsep", "processor", "spec.hop", "executor"}


@pytest.fixture
def played(small_model: Path) -> Callable[..., Done]:
    """A session with an interface, which is played and not only measured."""

    def play(*options: object) -> Done:
        done = finish(
            start(
                "-m", "rtsep", "--input", "demo", "--pace", "realtime", "--model", small_model,
                "--compute", "cpu", "--window", "0.3", "--hop", "93", "--budget", "200",
                "--ui", "plain", "--midi", "off", "--json", *options,
            )
        )  # fmt: skip
        assert done.code == 0, done.err
        return done

    return play


def test_a_session_that_is_played_is_profiled_too(
    played: Callable[..., Done], tmp_path: Path
) -> None:
    path = tmp_path / "session.html"
    done = played("--duration", "3", "--profile", path)
    assert f"written: {path}" in done.err
    raw = re.search(r'<pre id="raw">(.*?)</pre>', path.read_text("utf-8"), re.DOTALL)
    assert raw
    (run,) = json.loads(html.unescape(raw[1]))["runs"]
    assert run["accounted"] > 0.95 and set(NETWORK) < set(run["stages"])
    assert 2 < run["seconds"] < 5
    assert 0 < run["hops"] - run["skipped_hops"] <= done.json["steps"]


def test_what_ended_before_a_sound_has_no_profile(
    played: Callable[..., Done], tmp_path: Path
) -> None:
    options = ("--duration", "0.1", "--budget", "9000")  # no hop's turn comes in less
    done = played(*options, "--profile", tmp_path / "session.json")
    assert "no profile was written: the session ended before" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--report", "nowhere/page.html"), "no folder"),
        (("--report", "song.wav"), "'song.wav' has to end with .html"),
        (("--output", "stems"), "records nothing"),
        (("--duration", "0"), "duration"),
        (("--runs", "0"), "runs"),
        (("--latency", "auto", "--hop", "93"), "--hop does not go with --latency"),
        (("--compare", "a.json"), "--compare"),
        (("--repeats", "3"), "--repeats needs --roundtrip"),
        (("--roundtrip", "--latency", "400", "--hop", "93"), "--hop does not go with --latency"),
        (("--roundtrip", "--runs", "3"), "--runs does not go with --roundtrip"),
        (("--input", "missing.wav"), "missing.wav"),
    ],
)
def test_bad_options_are_refused_before_anything_runs(
    rtsep: Rtsep, options: tuple[str, ...], words: str
) -> None:
    done = rtsep("profile", *options)
    assert done.code == 2 and words in done.complaint


def test_a_profile_of_a_session_is_a_page_or_json_and_of_a_live_one(rtsep: Rtsep) -> None:
    for options, words in (
        (("--profile", "song.wav", "--pace", "realtime"), "has to end with .html or .json"),
        (("--profile", "session.json"), "--profile needs a live session"),
    ):
        done = rtsep("--input", "demo", *options)
        assert done.code == 2 and words in done.complaint
