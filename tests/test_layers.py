"""Imports go down the layers only, in no circles; only the command line talks to the outside.

A capability is a folder that its name announces, small enough to be read. Live sessions are in
`live_session`, as `rtsep.live` is a function of the public interface: importing a folder of that
name would put the folder in its place.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import rtsep

ROOT = Path(rtsep.__file__).parent
# From the top. A part imports lower layers only: neither higher ones nor its neighbours.
# Everything raises the errors, so they lie below their neighbours of the design's last row.
LAYERS = (
    {"cli"},
    {"doctor", "measure", "swaps"},
    {"library", "live_session"},
    {"player"},
    {"files", "mixxx", "remote", "setup", "tui"},
    {"sound_servers", "stem_files"},
    {"audio", "control", "demo", "report"},
    {"engine", "mixer", "weights"},
    {"model", "executors", "instant"},
    {"dsp", "ring", "processes", "tables"},
    {"atomic", "closing", "config", "garbage", "machine", "metrics", "names", "openmp", "own_code",
     "ownership", "processor_time", "status", "timeline"},
    {"errors"},
)  # fmt: skip
DEPTH = {part: depth for depth, layer in enumerate(LAYERS) for part in layer}

SOURCES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
PACKAGES = {name for name, path in SOURCES.items() if path.name == "__init__.py"}
Edges = dict[str, set[str]]


def imported(name: str, source: str, modules: set[str], is_package: bool = False) -> set[str]:
    """Modules of rtsep that `name` imports anywhere: in functions and for type checking too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = name.split(".")[: -node.level + is_package or None] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= (names & modules) or {base}
    return {item for item in found if item.split(".")[0] == "rtsep"}


def edges(sources: dict[str, str], packages: set[str] = frozenset()) -> Edges:  # type: ignore[assignment]
    return {
        name: imported(name, source, set(sources), name in packages)
        for name, source in sources.items()
    }


def part(module: str) -> str:
    """The row of the table that a module belongs to; "" is the public face."""
    _, _, rest = module.partition(".")
    first = rest.split(".")[0]
    return "cli" if first == "__main__" else first


def offences(graph: Edges) -> Iterator[str]:
    for name, targets in graph.items():
        for target in targets:
            here, there = part(name), part(target)
            if here == "" or here == there or (here == "cli" and there == ""):
                continue
            if there == "":
                yield f"{name} imports the public face"
            elif not {here, there} <= DEPTH.keys():
                yield f"{name} or {target} is in no layer"
            elif DEPTH[here] >= DEPTH[there]:
                yield f"{name} imports {target}"


@pytest.fixture(scope="module")
def graph() -> Edges:
    return edges({name: path.read_text("utf-8") for name, path in SOURCES.items()}, PACKAGES)


def test_imports_go_down_only(graph: Edges) -> None:
    assert list(offences(graph)) == []


def test_the_checker_sees_the_whole_package(graph: Edges) -> None:
    assert "rtsep.setup.load" in graph["rtsep"]  # for type checking
    assert "rtsep.weights.resolve" in graph["rtsep.cli.models"]  # inside a function
    assert {"rtsep.engine.modes", "rtsep.config"} <= graph["rtsep.engine.hops"]
    assert {part(name) for name in graph} - {""} <= DEPTH.keys()


@pytest.mark.parametrize(
    ("name", "source", "offence"),
    [
        ("rtsep.engine.x", "import rtsep.setup.load", "imports rtsep.setup.load"),
        ("rtsep.dsp.x", "from rtsep import mixer", "imports rtsep.mixer"),
        ("rtsep.mixer", "from rtsep.engine import step", "imports rtsep.engine"),
        ("rtsep.model.x", "from ..audio.wav import create", "imports rtsep.audio.wav"),
        ("rtsep.config", "def f():\n    from rtsep.model import bag", "imports rtsep.model"),
        ("rtsep.audio.x", "if TYPE_CHECKING:\n    import rtsep.cli.main", "imports rtsep.cli.main"),
        ("rtsep.weights.x", "from rtsep import load", "imports the public face"),
        ("rtsep.newcomer", "from rtsep.errors import RtsepError", "is in no layer"),
    ],
)
def test_a_planted_edge_is_found(name: str, source: str, offence: str) -> None:
    (found,) = offences(edges({"rtsep.mixer": "", name: source}))
    assert name in found and offence in found


def test_a_downward_edge_is_none() -> None:
    errors, main = "from rtsep.errors import RtsepError", "import rtsep.cli.main"
    assert not list(offences(edges({"rtsep.setup.x": errors, "rtsep.__main__": main})))


def circle(graph: Edges) -> list[str]:
    """Some circle of imports, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_circles(graph: Edges) -> None:
    assert circle(graph) == []


def test_a_planted_circle_is_found() -> None:
    sources = {"rtsep.dsp.a": "from rtsep.dsp import b", "rtsep.dsp.b": "import rtsep.dsp.a"}
    assert set(circle(edges(sources))) == set(sources)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "rtsep.__main__"])
def test_every_module_imports(name: str) -> None:
    importlib.import_module(name)


def outside_talk(source: str) -> list[str]:
    """Where a module prints or reads the environment."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id == "print":
            found.append(f"print in line {node.lineno}")
        elif isinstance(node, ast.Attribute) and (
            ast.unparse(node) in ("os.environ", "os.getenv", "sys.stdout", "sys.stderr", "sys.argv")
        ):
            found.append(f"{ast.unparse(node)} in line {node.lineno}")
        elif isinstance(node, ast.ImportFrom) and node.module in ("os", "sys"):
            names = {"environ", "getenv", "stdout", "stderr", "argv"}
            found += [f"{alias.name} in line {node.lineno}" for alias in node.names
                      if alias.name in names]  # fmt: skip
    return found


# OpenMP is told how to wait only where nobody has told it in the environment.
TALKERS = ("cli", "openmp")


@pytest.mark.parametrize("name", [name for name in SOURCES if part(name) not in TALKERS])
def test_only_the_command_line_prints_or_reads_the_environment(name: str) -> None:
    assert outside_talk(SOURCES[name].read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ["print(1)", "import os\nos.environ['A']", "os.getenv('A')", "from os import environ as e"],
)
def test_planted_talk_is_found(source: str) -> None:
    assert len(outside_talk(source)) == 1


HEAVY = ("torch", "numpy", "soundfile", "soxr", "av", "rich", "onnx", "safetensors", "yaml",
         "huggingface_hub", "sounddevice", "rtmidi", "matplotlib", "aiohttp", "segno")  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "import rtsep",
        "from rtsep.cli.main import main; assert main(['--help']) == 0",
        "from rtsep.cli.main import main; assert main([]) == 0",
        "from rtsep.cli.main import main; assert main(['separate', '--help']) == 0",
        "from rtsep.cli.main import main; assert main(['map', '--help']) == 0",
        "from rtsep.cli.main import main; assert main(['profile', '--help']) == 0",
        "from rtsep.cli.main import main; assert main(['--version']) == 0",
        "from rtsep.cli.main import main; assert main(['config', 'show']) == 0",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str) -> None:
    code = (
        f"{statement}\nimport sys\nassert not set({HEAVY}) & set(sys.modules), sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
