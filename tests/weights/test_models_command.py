"""`rtsep models`, through click's own runner."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from demucs.htdemucs import HTDemucs
from weights_support import demucs_arguments

from rtsep.cli.common.progress import RichObserver
from rtsep.cli.models import models
from rtsep.errors import ModelError
from rtsep.weights import load_checkpoint
from rtsep.weights.cache import Cache
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.registry import NAMES, OFFICIAL
from rtsep.weights.safetensors_file import write_safetensors


@pytest.fixture
def mine(small: NetworkWeights, tmp_path: Path) -> Path:
    path = tmp_path / "mine.safetensors"
    write_safetensors(path, small)
    return path


@pytest.fixture
def officially_small(small: NetworkWeights, monkeypatch: pytest.MonkeyPatch) -> NetworkWeights:
    """A small network, while the registry believes that the official ones are of its size."""
    parameters = sum(tensor.numel() for tensor in small.state.values())
    for name, model in OFFICIAL.items():
        monkeypatch.setitem(OFFICIAL, name, dataclasses.replace(model, parameters=parameters))
    return small


def run(cache: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        models, list(arguments), env={"RTSEP_CACHE": str(cache), "COLUMNS": "80"}
    )


def test_the_list_shows_what_there_is(tmp_path: Path, mine: Path) -> None:
    run(tmp_path / "cache", "import", str(mine))
    for arguments in ([], ["list"]):
        shown = run(tmp_path / "cache", *arguments)
        assert shown.exit_code == 0
        table, _, rest = shown.output.partition("\n\n")
        assert str(tmp_path / "cache") in rest  # whole, to be copied
        lines = {line.split()[0]: line for line in table.splitlines() if line[0] != " "}
        assert lines.keys() == {"model", *NAMES, "mine"}
        assert "167.9 M" in lines["htdemucs_ft"] and " no " in lines["htdemucs_ft"]
        assert "4 " in lines["htdemucs_ft"] and max(map(len, table.splitlines())) <= 80
        assert "yes" in lines["mine"] and "drums bass other vocals" in lines["mine"]


def test_the_list_as_json(tmp_path: Path, mine: Path, small: NetworkWeights) -> None:
    run(tmp_path / "cache", "import", str(mine))
    listed = json.loads(run(tmp_path / "cache", "list", "--json").output)
    assert [model["name"] for model in listed] == [*NAMES, "mine"]
    assert listed[-1] == {
        "name": "mine",
        "stems": ["drums", "bass", "other", "vocals"],
        "networks": 1,
        "parameters": sum(tensor.numel() for tensor in small.state.values()),
        "size_bytes": mine.stat().st_size,
        "cached": True,
        "where": str(tmp_path / "cache"),
    }


def test_a_damaged_own_model_does_not_break_the_list(tmp_path: Path, mine: Path) -> None:
    run(tmp_path / "cache", "import", str(mine))
    (tmp_path / "cache" / "mine.safetensors").write_bytes(b"x")
    assert json.loads(run(tmp_path / "cache", "list", "--json").output)[-1]["name"] != "mine"


def test_listing_never_imports_torch(tmp_path: Path, mine: Path) -> None:
    run(tmp_path / "cache", "import", str(mine))
    code = (
        "import sys; from rtsep.cli.models import models;"
        "models(['list', '--cache', sys.argv[1]], standalone_mode=False);"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path / "cache")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "mine" in done.stdout


def test_paths(tmp_path: Path, mine: Path) -> None:
    cache = tmp_path / "cache"
    assert run(cache, "path").output == f"{cache}\n"
    missing = run(cache, "path", "htdemucs").exception
    assert isinstance(missing, ModelError) and "rtsep models pull htdemucs" in str(missing)
    unknown = run(cache, "path", "htdemuc").exception
    assert isinstance(unknown, ModelError) and "did you mean" in str(unknown)
    run(cache, "import", str(mine))
    assert run(cache, "path", "mine").output == f"{cache / 'mine.safetensors'}\n"


def test_the_option_wins_over_the_environment(tmp_path: Path) -> None:
    shown = run(tmp_path / "ignored", "path", "--cache", str(tmp_path / "asked"))
    assert shown.output == f"{tmp_path / 'asked'}\n"


def test_pulling_what_is_unknown(tmp_path: Path) -> None:
    error = run(tmp_path / "cache", "pull", "htdemucs_7s").exception
    assert isinstance(error, ModelError) and "Known: htdemucs" in str(error)
    assert not (tmp_path / "cache").exists()


def test_importing_under_a_name(tmp_path: Path, mine: Path, small: NetworkWeights) -> None:
    done = run(tmp_path / "cache", "import", str(mine), "--name", "yours")
    assert done.stdout == f"{mine} is kept for yours in {tmp_path / 'cache'}\n"
    loaded = load_checkpoint("yours", cache=tmp_path / "cache")
    assert loaded.networks[0].config == small.config


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("htdemucs", "is not of the architecture of htdemucs (4 stems, 41984456 parameters)"),
        ("955717e8", "is the name of an official network"),
        ("../up", "a model's name is letters"),
    ],
)
def test_names_that_are_taken_or_odd(tmp_path: Path, mine: Path, name: str, complaint: str) -> None:
    error = run(tmp_path / "cache", "import", str(mine), "--name", name).exception
    assert isinstance(error, ModelError) and complaint in str(error)
    assert Cache(tmp_path / "cache").models() == []


def test_a_file_named_like_an_official_network_must_be_one(tmp_path: Path, mine: Path) -> None:
    mine.rename(tmp_path / "955717e8.safetensors")
    error = run(tmp_path / "cache", "import", str(tmp_path / "955717e8.safetensors")).exception
    assert isinstance(error, ModelError) and "architecture of htdemucs" in str(error)


def test_an_official_file_by_hand(tmp_path: Path, officially_small: NetworkWeights) -> None:
    path = tmp_path / "955717e8.safetensors"
    write_safetensors(path, officially_small)
    assert " is kept for htdemucs " in run(tmp_path / "cache", "import", str(path)).output
    assert Cache(tmp_path / "cache").models() == ["htdemucs"]


def test_a_bag_by_hand_is_complete_with_its_last_file(
    tmp_path: Path, officially_small: NetworkWeights
) -> None:
    cache = tmp_path / "cache"
    for already, signature in enumerate(OFFICIAL["htdemucs_ft"].networks):
        assert Cache(cache).models() == []
        path = tmp_path / f"{signature}.safetensors"
        write_safetensors(path, officially_small)
        done = run(cache, "import", str(path))
        assert (f"still needs {3 - already} of 4" in done.stderr) == (already < 3)
        path.unlink()
    assert Cache(cache).models() == ["htdemucs_ft"]
    unnamed = tmp_path / "some.safetensors"
    write_safetensors(unnamed, officially_small)
    error = run(cache, "import", str(unnamed), "--name", "htdemucs_ft").exception
    assert isinstance(error, ModelError) and "call the files f7e0c4bc" in str(error)


def test_an_official_th_name_is_held_to_its_hash(tmp_path: Path, small: NetworkWeights) -> None:
    content = io.BytesIO()
    kwargs = demucs_arguments(small.config)
    torch.save({"klass": HTDemucs, "args": (), "kwargs": kwargs, "state": small.state}, content)
    for name in ("955717e8-8726e21a.th", "955717e8-00000000.th"):
        (tmp_path / name).write_bytes(content.getvalue())
        error = run(tmp_path / "cache", "import", str(tmp_path / name)).exception
        assert isinstance(error, ModelError) and "wrong hash, expected 8726e21a" in str(error)
    (tmp_path / "own.th").write_bytes(content.getvalue())
    assert run(tmp_path / "cache", "import", str(tmp_path / "own.th")).exit_code == 0


def test_progress_is_drawn_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with RichObserver() as observer:
        observer.progress("file", 10, 100)
        observer.notice("[bold]read[/bold] this")
        observer.progress("file", 100, 100)
    captured = capsys.readouterr()
    assert captured.out == "" and "[bold]read[/bold] this" in captured.err
