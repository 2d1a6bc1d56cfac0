"""docs/contributing.md tells a newcomer nothing that is not so."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from bench.soak import scenario
from rtsep.cli.main import main
from rtsep.config import POLICIES, STEMS_4, STEMS_6
from rtsep.control import osc_desk
from rtsep.control.midi.library import Library
from rtsep.control.midi.surface import Surface
from rtsep.control.osc_packets import Message
from rtsep.mixer.desk import local_desk
from rtsep.mixer.playout import Source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "contributing.md").read_text("utf-8")
BLOCKS = re.findall(r"^ *```(\w+)\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
PATHS = r"`((?:rtsep|tests|bench|docs|scripts)(?:/[\w.-]+)+)`"


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(PATHS, PAGE))
    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_name_beside_a_file_is_in_it() -> None:
    """`POLICIES` in `rtsep/config/running.py`."""
    pairs = re.findall(rf"`(\w+)`\s+(?:in|of)\s+{PATHS}", PAGE)
    assert len(pairs) > 8
    for name, path in pairs:
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text("utf-8")), (name, path)


def test_commands_choose_tests_that_there_are() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    marks = {text.partition(":")[0] for text in project["tool"]["pytest"]["ini_options"]["markers"]}
    assert marks == set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE))
    for line in "".join(blocks("sh")).splitlines():
        command, *words = shlex.split(line, comments=True)
        if command == "pytest":
            chosen = words[words.index("-m") + 1].split()[-1] if "-m" in words else "unit"
            assert chosen in marks
            assert all((ROOT / word).exists() for word in words if word.startswith("tests"))


def test_every_folder_of_tests_has_its_time() -> None:
    told = set(re.findall(r"`tests/(\w+)`", PAGE))
    assert {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")} <= told


def test_the_example_of_a_map_moves_faders(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    (tmp_path / "my-box.toml").write_text(text)
    library = Library(tmp_path)
    assert library.problems == []
    entry = library.best("EXBOX8 MIDI 1")
    assert entry and entry.name == "my-box" and "Numbers" in text
    for stems in (STEMS_4, STEMS_6):
        desk, _ = local_desk(stems)
        Surface(entry.map, desk, pytest.fail, answers=True).receive([(0x90, 11, 127)], 0.0)
        assert [fader.mute for fader in desk.faders] == [True] + [False] * (len(stems) - 1)
    served = {str(binding.action) for binding in entry.map.bindings}
    assert served >= {f"{verb}:{n}" for verb in ("gain", "mute") for n in range(1, 7)}
    assert served >= {"master", "record"}


def test_the_example_of_an_address_does_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = blocks("python")
    added = eval(f"{{{line}}}", vars(osc_desk))
    monkeypatch.setattr(osc_desk, "_ADDRESSES", osc_desk._ADDRESSES | added)
    osc_desk._addresses.cache_clear()
    (address,) = added
    desk, _ = local_desk(STEMS_4)
    osc_desk.obey(desk, Message(address, (1,)))
    osc_desk._addresses.cache_clear()
    assert desk.master_db == pytest.approx(-20.0)


def test_a_policy_is_called_the_same_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert [source.name.lower() for source in Source] == [*POLICIES, "stems"]
    assert set(scenario.POLICIES) <= set(POLICIES)
    assert main(["--help"]) == 0
    (offered,) = re.findall(r"--on-late +\[([\w|]+)\]", capsys.readouterr().out)
    assert tuple(offered.split("|")) == POLICIES
    midi, osc = ((ROOT / "docs" / name).read_text("utf-8") for name in ("midi.md", "osc.md"))
    assert ", ".join(f"`policy:{name}`" for name in POLICIES) in midi
    assert f"| `/policy` | {', '.join(f'`{name}`' for name in POLICIES)} |" in osc
