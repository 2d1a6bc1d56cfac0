"""Settings that stay: every option comes back as it was typed, and what is said nearer wins."""

from __future__ import annotations

import os
import re
import shlex
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import tomli_w
from cli_support import Rtsep, db, sound
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtsep.cli.common.values import Number
from rtsep.cli.main import command, main
from rtsep.cli.run import settle_live
from rtsep.cli.settings.file import line_of, settings_path
from rtsep.cli.settings.layers import settled
from rtsep.cli.settings.values import as_typed, from_file, keys_of, to_file
from rtsep.config import AUTO

SEPARATE = command.commands["separate"]
OPTIONS = [
    *((command, option) for option in keys_of(command).values()),
    *((SEPARATE, option) for option in keys_of(SEPARATE).values()),
]
NAMES = [f"{found.name} {option.opts[0]}" for found, option in OPTIONS]

# Anything that a terminal passes on; "~" is a folder in a file, and was one before on the line.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
WORD = st.text(string.ascii_letters + "ö'\" #[]=", min_size=1, max_size=8).filter(str.strip)
NAME = WORD.filter(lambda word: "=" not in word)
MILLISECONDS = st.one_of(st.integers(1, 9999).map(str), st.floats(0.5, 9999).map(repr))
TIME = st.sampled_from(["90", "1:30", "1:02:03.5", "0.25", "007"])
WRITTEN: dict[str, st.SearchStrategy[str]] = {
    "target": st.one_of(st.sampled_from(["auto", "instant"]), MILLISECONDS),
    "latency": st.one_of(st.sampled_from(["low", "high"]), MILLISECONDS),
    "device": st.sampled_from(["auto", "cpu", "mps", "cuda", "cuda:1"]),
    "named": st.lists(WORD, min_size=1, max_size=3).map(",".join),
    "gains_db": st.tuples(NAME, st.floats(-90, 6)).map(lambda pair: f"{pair[0]}={pair[1]}"),
    "eq_db": st.tuples(NAME, st.lists(st.floats(-90, 6), min_size=3, max_size=3)).map(
        lambda pair: f"{pair[0]}={','.join(map(str, pair[1]))}"
    ),
    "filters": st.tuples(NAME, st.floats(-1, 1)).map(lambda pair: f"{pair[0]}={pair[1]}"),
    "start": TIME,
    "stop": TIME,
    "shard": st.tuples(st.integers(1, 5), st.integers(5, 9)).map(lambda n: f"{n[0]}/{n[1]}"),
    "profile": WORD.filter(lambda word: "/" not in word).map(lambda word: f"{word}.html"),
}


def values(option: click.Option) -> st.SearchStrategy[str]:
    """What may be typed for it, as text."""
    kind = option.type
    if option.name in WRITTEN:
        return WRITTEN[option.name]
    if isinstance(kind, click.Choice):
        return st.sampled_from(list(kind.choices))
    if isinstance(kind, Number):
        low, high = kind._range.min or 0, kind._range.max or 1e6
        if isinstance(kind._range, click.IntRange):
            return st.integers(int(low), int(high)).map(str)
        numbers = st.floats(low, high, exclude_min=True, exclude_max=True)
        return st.one_of(numbers.map(repr), numbers.map("{:.3f}".format).filter(_inside(kind)))
    return TEXT.filter(lambda text: not text.startswith("~"))


def _inside(kind: Number) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            kind.convert(text, None, None)
        except click.BadParameter:
            return False
        return True

    return fits


@st.composite
def typed(draw: st.DrawFn, option: click.Option) -> list[str]:
    """The words of one option."""
    if option.is_flag:
        return [draw(st.sampled_from([*option.opts, *option.secondary_opts]))]
    count = draw(st.integers(1, 3)) if option.multiple else 1
    name = draw(st.sampled_from([opt for opt in option.opts if opt.startswith("--")]))
    return [f"{name}={draw(values(option))}" for _ in range(count)]


def parsed(found: click.Command, *words: str) -> dict[str, Any]:
    """What a command makes of its words and of the file."""
    if found is command:
        return dict(command.make_context("rtsep", list(words)).params)
    root = click.Context(command, info_name="rtsep", **command.context_settings)
    paths = [] if any(word == "--" for word in words) else ["song.wav"]
    return dict(found.make_context("separate", [*words, *paths], parent=root).params)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of settings, which is not there yet; the session runs beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "rtsep" / "config.toml"


def written(home: Path, text: str) -> Path:
    home.parent.mkdir(parents=True, exist_ok=True)
    home.write_text(text, "utf-8")
    return home


def save(found: click.Command, name: str, *words: str) -> None:
    part = [] if found is command else ["separate"]
    assert main(["config", "save", name, *part, *words]) == 0


REUSED = settings(
    deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize(("found", "option"), OPTIONS, ids=NAMES)
@REUSED
@given(data=st.data())
def test_every_option_comes_back_as_it_was_typed(
    found: click.Command, option: click.Option, home: Path, data: st.DataObject
) -> None:
    words = data.draw(typed(option))
    needed = [] if found is command or option.name == "output" else ["--output=x"]
    home.unlink(missing_ok=True)
    expected = parsed(found, *words, *needed)
    save(found, "club", *words, *needed)
    assert parsed(found, "--use", "club") == expected
    save(found, "defaults", *words, *needed)
    home.write_text(home.read_text("utf-8").replace("sets.club", "sets.other"), "utf-8")
    assert parsed(found) == expected


@REUSED
@given(data=st.data(), found=st.sampled_from([command, SEPARATE]))
def test_whole_lines_come_back_and_leave_other_sets_alone(
    home: Path, data: st.DataObject, found: click.Command
) -> None:
    options = [option for of, option in OPTIONS if of is found and option.name != "output"]
    lines = []
    for _ in range(2):
        chosen = data.draw(st.lists(st.sampled_from(options), min_size=1, max_size=8, unique=True))
        lines.append([word for option in chosen for word in data.draw(typed(option))])
    home.unlink(missing_ok=True)
    needed = [] if found is command else ["--output=x"]
    expected = [parsed(found, *words, *needed) for words in lines]
    for name, words in (("one", lines[1]), ("two", lines[1]), ("one", lines[0])):
        save(found, name, *words, *needed)
    assert parsed(found, "--use", "one") == expected[0]
    assert parsed(found, "--use=two") == expected[1]


def test_the_place(home: Path, rtsep: Rtsep, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_path() == home and rtsep("config", "path").out == f"{home}\n"
    monkeypatch.setenv("RTSEP_SETTINGS", str(home.parent / "mine.toml"))
    assert rtsep("config", "path").out == f"{home.parent / 'mine.toml'}\n"


def test_nothing_is_there_at_first(home: Path, rtsep: Rtsep) -> None:
    done = rtsep("config", "show")
    assert done.code == 0 and f"no settings in {home} yet; rtsep config save club" in done.err
    done = rtsep("--use", "club", "--input", "demo")
    assert done.code == 2
    assert f"no set 'club' in {home}; rtsep config save club --input mic" in done.complaint
    assert not home.exists()


def test_the_command_line_wins_over_the_set_and_that_over_the_defaults(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(home, '''
[defaults]
midi = "a"
osc = 1
ui = "off"
executor = "eager"
mute = ["drums", "bass"]
[sets.club]
osc = 2
midi = "b"
mute = "vocals"  # one alone needs no list
''')  # fmt: skip
    got = parsed(command, "--use", "club", "--midi", "c")
    assert [got["midi"], got["osc"], got["ui"], got["mute"]] == ["c", "2", "off", ("vocals",)]
    got = parsed(command, "--mute", "other")
    assert [got["midi"], got["osc"], got["mute"]] == ["a", "1", ("other",)]
    assert got["executor"] == "eager"
    monkeypatch.setenv("RTSEP_EXECUTOR", "graph")  # was said for this machine, or this time
    assert parsed(command)["executor"] == "graph"


@pytest.mark.parametrize(
    ("typed", "chosen", "defaults", "meant"),
    [
        ({"hop": "46"}, {"target": "400"}, {}, {}),
        ({"target": "auto"}, {"hop": "46", "mode": "exact"}, {"window": "1"}, {}),
        ({}, {"hop": "46"}, {"target": "400", "ui": "off"}, {"hop": "46", "ui": "off"}),
        ({}, {"target": "400"}, {"hop": "46"}, {"target": "400"}),
        ({}, {"hop": "46", "target": "400"}, {}, {"hop": "46", "target": "400"}),  # is refused
        ({"hop": "46"}, {"target": "instant", "delay": "12"}, {},
         {"path": "instant", "delay": "12"}),
        ({"hop": "46", "path": "full"}, {"target": "instant", "delay": "12"}, {}, {}),
        ({"path": "full"}, {"target": "instant"}, {"delay": "12"}, {}),
        ({"target": "auto"}, {"target": "instant"}, {"delay": "12"}, {}),
        ({}, {"delay": "12"}, {"target": "instant"}, {"target": "instant", "delay": "12"}),
        ({"mute": ["drums"]}, {"two_stems": "vocals"}, {}, {"two_stems": "vocals"}),
    ],
)  # fmt: skip
def test_what_cannot_be_said_together_is_said_by_the_nearest(
    typed: dict[str, Any], chosen: dict[str, Any], defaults: dict[str, Any], meant: dict[str, Any]
) -> None:
    of_set, of_all = settled(typed, chosen, defaults, separate=False)
    assert {**of_all, **of_set} == meant


@pytest.mark.parametrize(
    ("typed", "chosen", "meant"),
    [
        ({"mute": ["drums"]}, {"two_stems": "vocals", "batch": "2"}, {"batch": "2"}),
        ({"two_stems": "vocals"}, {"mute": ["drums"], "stems": ["bass"]}, {}),
        ({"gains_db": ["a=1"]}, {"mute": ["drums"]}, {"mute": ["drums"]}),
        ({"encoding": "wav"}, {"encoding": "mp3", "bitrate": "128"}, {}),
        ({"bitrate": "128"}, {"encoding": "mp3"}, {"encoding": "mp3"}),
    ],
)
def test_the_outputs_of_separate_are_said_by_the_nearest(
    typed: dict[str, Any], chosen: dict[str, Any], meant: dict[str, Any]
) -> None:
    assert settled(typed, chosen, {}, separate=True) == (meant, {})


def test_latency_and_hop_in_one_set_are_refused_as_ever(home: Path, rtsep: Rtsep) -> None:
    written(home, '[sets.a]\ninput = "demo"\nhop = 46\nlatency = 400\n')
    done = rtsep("--use", "a", "--output", "null")
    assert done.code == 2 and "--hop does not go with --latency" in done.complaint


BROKEN = [
    ("[defaults\n", "config.toml: is not TOML (", "line 1"),
    ("\n[default]\nhop = 3", "config.toml line 2: default is no table; did you mean [defaults]?"),
    ("hop = 3", "config.toml line 1: hop is no table; options stand below [defaults], [sets.NAME]"),
    ("defaults = 3", "config.toml line 1: defaults must be a table, got 3"),
    ("[defaults]\n\nlatancy = 3", "config.toml line 3: [defaults] latancy is no option; did you "
     "mean latency?", "correct it with `rtsep config edit`"),
    ("[defaults]\non_late = 'dry'", "did you mean on-late?"),
    ("[defaults]\nhop = 'fast'", "line 2: [defaults] hop cannot be: 'fast' is not a valid"),
    ("[defaults]\nhop = true", "line 2: [defaults] hop must be a text or a number, got True"),
    ("[defaults]\nhop = [3]", "hop must be a text or a number, got [3]"),
    ("[defaults]\nhop = 1979-05-27", "hop must be a text or a number, got datetime.date"),
    ("[defaults]\nloop = 1", "line 2: [defaults] loop must be true or false, got 1"),
    ("[defaults]\nmode = 'both'", "mode cannot be: 'both' is not one of 'exact', 'incremental'"),
    ("[defaults]\nlatency = 'soon'", "'soon' is neither auto, instant nor milliseconds"),
    ("[defaults]\ngain = ['vocals']", "gain cannot be: 'vocals' is not like vocals=-6"),
    ("[defaults]\noverlap = 0.5", "overlap is no option here; write it below [defaults.separate]"),
    ("[defaults.separate]\nosc = 1", "line 2: [defaults.separate] osc is no option here; write it "
     "below [defaults]"),
    ("[defaults]\nseparate = 3", "[defaults] separate must be a table, got 3"),
    ("[sets]\nclub = 3", "line 2: [sets] club must be a table, got 3"),
    ("[sets.club]\nuse = 'x'", "line 2: [sets.club] use is no option"),
    ("[sets]\nclub = { hop = 'fast' }", "line 2: [sets.club] hop cannot be"),
    ("[sets.separate]\nhop = 46", "line 1: [sets] separate is the name of a command; call the set"),
    ("sets.club.hop = 'fast'", "line 1: [sets.club] hop cannot be"),
    ("[presets.a]\ngain = { vocals = 9 }", "line 1: [presets] a cannot be: gain: vocals must be "
     "-inf to 6.0, got 9.0"),
    ("[presets.a]\nmuet = ['vocals']", "unknown key 'muet'; did you mean mute?"),
    ("[presets.a]\ngain = ['vocals=3']", "gain must be a table"),
    ("[presets]\na = 3", "line 2: [presets] a must be a table, got 3"),
    ("a" + ".a" * 200 + " = 1", "has more than 100 dots on a line"),
    ("#" * (1 << 19), "is larger than 262144 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [(text, words) for text, *words in BROKEN])
def test_a_mistake_is_told_in_a_line_and_hinders_nothing_else(
    home: Path, rtsep: Rtsep, monkeypatch: pytest.MonkeyPatch, text: str, words: list[str]
) -> None:
    written(home, text)
    done = rtsep("config", "show")
    assert done.code == 2 and all(word in done.complaint for word in words), done
    assert done.complaint.count("\n") == 1 and str(home) in done.complaint
    for line in (["--help"], ["separate", "-h"], ["--version"], ["config", "path"],
                 ["midi", "presets"], ["config", "save", "--help"]):  # fmt: skip
        assert rtsep(*line).code == 0, line
    done = rtsep("config", "save", "other", "--input", "mic")
    if "TOML" in words[0] or "dots" in words[0] or "larger" in words[0] or "no table" in words[0]:
        assert done.code == 2 and home.read_text("utf-8") == text
    monkeypatch.setenv("EDITOR", "true")
    assert rtsep("config", "edit").code == 2  # the same, behind the editor


TABLES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["defaults", "sets", "presets", "separate", "hop", "gain", "mute", "x",
                             "loop", "output", "master"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(REUSED, max_examples=60)
@given(st.one_of(st.binary(max_size=80), TABLES.filter(lambda one: isinstance(one, dict))))
def test_any_file_is_settings_or_a_line(
    home: Path, capsys: pytest.CaptureFixture[str], content: Any
) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    home.write_bytes(
        content if isinstance(content, bytes) else tomli_w.dumps(content).encode("utf-8")
    )
    code = main(["config", "show"])
    err = capsys.readouterr().err
    assert code == 0 or (code == 2 and err.count("\n") == 1 and "bug" not in err), err


def test_a_name_of_a_file_that_is_no_text(home: Path, rtsep: Rtsep) -> None:
    done = rtsep("config", "save", "club", "--input", os.fsdecode(b"song\xff.wav"))
    assert done.code == 2 and "what is no text cannot be saved" in done.complaint
    assert not home.exists()


def test_a_mistake_in_another_set_hinders_no_run(home: Path) -> None:
    written(home, "[sets.club]\nhop = 'fast'\n[sets.home]\nhop = 46\n[presets.x]\nmuet = []")
    assert parsed(command, "--use", "home")["hop"] == pytest.approx(0.046)
    assert parsed(command)["hop"] == pytest.approx(0.093)


KEPT = """\
# mine
[sets.club]   # on fridays
input = "mic"   # the good one
# the driver likes no less
blocksize = 256

[presets.x]
mute = ["vocals"]  # all of it

[defaults]
midi = "off"
"""


def test_saving_keeps_comments_and_all_else(home: Path, rtsep: Rtsep) -> None:
    written(home, KEPT)
    save(command, "club", "--input", "line in", "--loop", "--blocksize", "256")
    text = home.read_text()
    for line in KEPT.splitlines():
        assert line.startswith("input") or line in text, line
    assert 'input = "line in"' in text and "# the good one" in text and "loop = true" in text
    save(command, "club", "--input", "demo")
    text = home.read_text()
    assert "loop" not in text and "blocksize" not in text and "# on fridays" in text
    save(SEPARATE, "club", "-o", "stems")
    save(command, "club", "--input", "mic")  # not what `separate` has
    done = rtsep("config", "show", "club")
    assert done.out.splitlines() == [
        "rtsep --input mic --midi off",
        "rtsep separate --output stems",
    ]
    assert sorted(path.name for path in home.parent.iterdir()) == ["config.toml"]


def test_a_link_stays_a_link(home: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles.toml").write_text("[defaults]\nwait = true\n")
    home.parent.mkdir(parents=True)
    home.symlink_to(tmp_path / "dotfiles.toml")
    save(command, "club", "--input", "mic")
    assert home.is_symlink() and "sets.club" in (tmp_path / "dotfiles.toml").read_text()


def test_a_folder_that_takes_nothing(home: Path, rtsep: Rtsep) -> None:
    home.parent.parent.mkdir(exist_ok=True)
    home.parent.write_text("a file is here")
    done = rtsep("config", "save", "club", "--input", "mic")
    assert done.code == 1 and f"cannot write {home}" in done.complaint


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["club"], "nothing to save; give options, as in rtsep config save club --input mic"),
        (["club", "separate"], "nothing to save"),
        (["club", "song.wav"], "'song.wav' is no option that can be saved; leave it out"),
        (["club", "separate", "song.wav", "-o", "x"], "'song.wav' is no option"),
        (["club", "--use", "home"], "'--use' is no option that can be saved"),
        (["club", "--hop", "fast"], "Invalid value for '--hop': 'fast' is not a valid"),
        (["club", "--hpo", "3"], "No such option"),
        (["separate", "--format", "flac"], "a name comes before it, as in rtsep config save"),
        (["a b", "--hop", "3"], "a name is letters, digits, '.', '_' and '-', got 'a b'"),
        (["club", "--mode", "both"], "is not one of 'exact', 'incremental'"),
    ],
)
def test_what_cannot_be_saved(home: Path, rtsep: Rtsep, line: list[str], told: str) -> None:
    done = rtsep("config", "save", *line)
    assert done.code == 2 and told in done.complaint and not home.exists()


def test_show_says_what_would_be_typed(home: Path, rtsep: Rtsep) -> None:
    written(home, '[defaults]\nlatency = "instant"\ncomplete = false\n')
    save(command, "a-b", "--hop", "46", "--gain", "vocals=-3", "--loop")
    done = rtsep("config", "show", "a-b")
    assert done.out == "rtsep --incomplete --hop 46 --path instant --gain vocals=-3 --loop\n"
    assert rtsep("config", "show", "defaults").out == "rtsep --incomplete --latency instant\n"
    done = rtsep("config", "show", "ab")
    assert done.code == 2 and "did you mean a-b?" in done.complaint


def test_tilde_is_home_and_other_paths_begin_where_it_runs(home: Path) -> None:
    written(
        home, "[defaults]\nrecord = '~/takes'\ncache = 'models'\ninput = '~/song.wav'\nmidi='~'"
    )
    got = parsed(command)
    assert got["record"] == Path.home() / "takes" and got["cache"] == Path("models")
    assert got["source"] == str(Path.home() / "song.wav") and got["midi"] == "~"


def test_use_belongs_to_the_command(home: Path, rtsep: Rtsep) -> None:
    written(home, "[sets.a]\nosc = 1")
    done = rtsep("--use", "a", "models", "path")
    assert "--use does not go with 'models'; give options behind it" in done.complaint
    assert "--use does nothing without --input" in rtsep("--use", "a").complaint
    assert rtsep("models", "path").code == 0


def test_defaults_of_live_sessions_ask_nothing_of_files(
    home: Path, rtsep: Rtsep, song: Path, small_model: Path, tmp_path: Path
) -> None:
    """An offline run stays one, with the best quality; what it has options for in common counts."""
    written(home, f"""
[defaults]
latency = "instant"
delay = 12
executor = "compiled"
midi = "nano"
scene-fade = 3
cue = "3-4"
cue-split = true
record = "takes"
model = {str(small_model)!r}
compute = "cpu"
format = "wav16"
[sets.stream]
window = 0.2
hop = 50
[presets.hush]
master = -inf
""")  # fmt: skip
    done = rtsep("--input", song, "--output", tmp_path / "a", "--json")
    assert done.code == 0 and done.json["spec"] is None, done
    done = rtsep("--use", "stream", "--input", song, "--output", "null", "--json", "--path", "full",
                 "--executor", "eager")  # fmt: skip
    assert done.code == 0 and done.json["spec"]["mode"] == "incremental", done
    assert db(sound(tmp_path / "a" / "mix.wav")) > -60
    done = rtsep("--input", song, "--output", tmp_path / "hush.wav", "--preset", "hush")
    assert done.code == 0 and not sound(tmp_path / "hush.wav").any()
    done = rtsep("--input", song, "--output", tmp_path / "b", "--preset", "husch")
    assert done.code == 2 and "no preset 'husch'; did you mean hush?" in done.err
    done = rtsep("--input", song, "--output", tmp_path / "b", "--osc", "0")
    assert "--osc needs a live session" in done.complaint


INSTANT_DEFAULTS = {"target": "instant", "path": None, "delay": 0.012, "precision": None}


@pytest.mark.parametrize(
    ("options", "given", "flags", "meant"),
    [
        ({"target": None}, [], ["--hop"], {"target": None, "instant": False, "delay": None}),
        ({"target": None}, [], [], {"target": AUTO, "instant": False, "delay": None}),
        ({}, [], ["--latency", "--delay"], {"target": AUTO, "instant": True, "delay": 0.012}),
        ({"target": 0.4}, ["--latency"], ["--delay"], {"instant": False, "delay": None}),
    ],
)
def test_what_defaults_mean_live(
    options: dict[str, Any], given: list[str], flags: list[str], meant: dict[str, Any]
) -> None:
    got = INSTANT_DEFAULTS | options
    settle_live(got, given, flags)
    assert {name: got[name] for name in meant} == meant


def test_a_delay_that_is_typed_needs_its_path() -> None:
    with pytest.raises(click.UsageError, match="write --path instant too"):
        settle_live(INSTANT_DEFAULTS | {"target": None}, ["--delay"])


def test_an_option_whose_value_may_be_left_out() -> None:
    page = click.Option(["--page"], is_flag=False, flag_value="0")
    found = click.Command("x", params=[page])
    for words, typed in ((["--page"], "0"), (["--page", "8765"], "8765")):
        said, _, _ = found.make_parser(click.Context(found)).parse_args(list(words))
        kept = to_file(page, as_typed(page, said["page"]))
        assert from_file(page, kept) == typed == found.make_context("x", words).params["page"]
    assert from_file(page, True) == "0"
    with pytest.raises(ValueError, match="must be a text or a number, got False"):
        from_file(page, False)


def test_the_line_of_a_key() -> None:
    text = "a = 1\n[b] # x\n c . 'd e' = 2\n[b.\"f\"]\n\nd={x=1,y=2}\n"
    lines = {"a": 1, "b": 2, "b/c/d e": 3, "b/f": 4, "b/f/d": 6, "b/f/d/y": 6, "z": None}
    for keys, line in lines.items():
        assert line_of(text, tuple(keys.split("/"))) == line, keys
    assert line_of("", ("a",)) is None


def test_an_editor_is_opened_on_an_example_at_first(
    home: Path, rtsep: Rtsep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf \'[sets.club]\\ninput = "mic"\\n\' >> "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    done = rtsep("config", "edit")
    assert done.code == 0 and "# [presets.quiet-voice]" in home.read_text()
    assert parsed(command, "--use", "club")["source"] == "mic"
    monkeypatch.setenv("VISUAL", str(tmp_path / "none"))
    done = rtsep("config", "edit")
    assert done.code == 2 and "none" in done.complaint


def test_the_example_is_true(home: Path, rtsep: Rtsep) -> None:
    from rtsep.cli.settings.writing import EXAMPLE

    lines = [line.removeprefix("# ") for line in EXAMPLE.splitlines()[3:]]
    written(home, "\n".join(lines))
    assert rtsep("config", "show").code == 0
    got = parsed(command, "--use", "club")
    assert got["routes"] == ("vocals=3-4", "mix=1-2") and got["waits"]


def test_the_documentation(home: Path, rtsep: Rtsep) -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    written(home, example)
    assert rtsep("config", "show").code == 0
    assert parsed(command, "--use", "club")["record"] == Path.home() / "takes"
    written(home, "[defaults]\n\nlatancy = 3")
    told = "config.toml line 3: [defaults] latancy is no option; did you mean latency?"
    assert f"`{told}`" in page and told in rtsep("config", "show").complaint
    (lines,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    home.unlink()
    for line in re.findall("rtsep (config save .*)", lines):
        assert rtsep(*shlex.split(line, comments=True)).code == 0, line
    assert parsed(command, "--use", "club", "--latency", "400")["target"] == 0.4


def test_the_environment_is_of_the_tests() -> None:
    assert "rtsep" not in os.environ["XDG_CONFIG_HOME"].split(os.sep)
