"""Rooms that somebody can come to know, and functions that are seen at a glance."""

from __future__ import annotations

import ast
from collections import Counter

import pytest
from test_layers import PACKAGES, SOURCES, part

ROOM_LINES = 4000
BODY_LINES = 40


def room(module: str) -> str:
    """The folder that somebody opens who looks for something. Of the commands, which are grouped in
    the same way, each folder is one."""
    group = module.split(".")[:3]
    own = part(module) == "cli" and ".".join(group) in PACKAGES
    return ".".join(group[1:]) if own else part(module)


def test_a_room_can_be_read() -> None:
    lines: Counter[str] = Counter()
    for name, path in SOURCES.items():
        lines[room(name)] += len(path.read_text("utf-8").splitlines())
    assert {name: count for name, count in lines.items() if count > ROOM_LINES} == {}
    assert {"live_session", "measure", "cli.live", "config"} <= lines.keys()


def long_bodies(source: str) -> list[str]:
    """Functions of which nobody sees the whole at once. Docstrings and signatures do not count."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > BODY_LINES
    ]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[ast.get_docstring(function) is not None :]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


@pytest.mark.parametrize("name", SOURCES)
def test_functions_are_short(name: str) -> None:
    assert long_bodies(SOURCES[name].read_text("utf-8")) == []


@pytest.mark.parametrize(("lines", "found"), [(40, []), (41, ["f"])])
def test_a_planted_long_function_is_found(lines: int, found: list[str]) -> None:
    source = 'def f():\n    """One,\n    two."""\n' + "    f()\n" * lines
    assert long_bodies(source) == found
