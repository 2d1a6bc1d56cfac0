"""What `rtsep midi import` takes from a folder of Mixxx's mappings: python scripts/mixxx.py FOLDER

    apt-get download mixxx-data && dpkg-deb -x mixxx-data_*.deb mixxx
    python scripts/mixxx.py mixxx/usr/share/mixxx/controllers --save

prints the sums and a row for each `*.midi.xml`; the last line is JSON. --save puts them into
docs/mixxx.md in the place of the older ones. Ends with 1 if a file could neither be imported nor
refused in a line.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rtsep.control.midi.maps import Binding
from rtsep.errors import ConfigError
from rtsep.mixxx.importing import SCRIPTED, device_map, import_mapping
from rtsep.mixxx.mapping import read_mixxx_file

PAGE = Path(__file__).parents[1] / "docs" / "mixxx.md"
COLUMNS = ("mapping", "layout", "controls", "by script", "taken", "bound")
HEAD = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}\n"
TABLE = re.compile(rf"\d+ mappings: .*\n\n{re.escape(HEAD)}(?:\|.*\n)*")
Row = dict[str, Any]


def row_of(path: Path) -> Row:
    """Counts of one file. A map that comes of it has been checked."""
    row: Row = {"mapping": path.name.removesuffix(".midi.xml")}
    try:
        mapping = read_mixxx_file(path)
        imported = import_mapping(mapping)
        if imported.bindings:
            device_map(mapping, imported)
    except ConfigError as error:
        return row | {"refused": str(error).removeprefix(f"{path}: ")}
    except Exception as error:  # whatever it is: it is our fault, and the others are wanted
        return row | {"broken": repr(error)}
    return row | {
        "layout": imported.layout,
        "controls": len(mapping.controls),
        "taken": imported.taken,
        "bound": bound(imported.bindings),
        "left": Counter(one.reason for one in imported.left),
    }


def bound(bindings: Iterable[Binding]) -> str:
    """`gain 1-4, solo 1 3, preset (4), master`"""
    targets: dict[str, list[str]] = {}
    for one in bindings:
        found = targets.setdefault(one.action.verb, [])
        if one.action.target and one.action.target not in found:
            found.append(one.action.target)
    return ", ".join(_words(verb, found) for verb, found in sorted(targets.items()))


def _words(verb: str, targets: Sequence[str]) -> str:
    if not targets:
        return verb
    if not all(target.isdecimal() for target in targets):
        return f"{verb} ({len(targets)})"
    numbers = enumerate(sorted(map(int, targets)))
    runs = [[n for _, n in run] for _, run in groupby(numbers, lambda pair: pair[1] - pair[0])]
    return f"{verb} {' '.join(f'{run[0]}-{run[-1]}' if run[1:] else str(run[0]) for run in runs)}"


def lines(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        if "left" in row:
            left = f"{row['controls']} | {row['left'][SCRIPTED]} | {row['taken']}"
            layout = row["layout"] if row["taken"] else ""
            yield f"| {row['mapping']} | {layout} | {left} | {row['bound']} |"
        else:
            yield f"| {row['mapping']} | | | | | {row.get('refused') or row['broken']} |"


def sums(rows: Sequence[Row]) -> Row:
    read = [row for row in rows if "left" in row]
    left = sum((row["left"] for row in read), Counter[str]())
    return {
        "mappings": len(rows),
        "refused": sum("refused" in row for row in rows),
        "broken": sum("broken" in row for row in rows),
        "with something taken": sum(row["taken"] > 0 for row in read),
        "without a script": sum(not row["left"][SCRIPTED] for row in read),
        "controls": sum(row["controls"] for row in read),
        "taken": sum(row["taken"] for row in read),
        "left out": dict(left.most_common()),
    }


def sentence(found: Row) -> str:
    scripted, controls = found["left out"].get(SCRIPTED, 0), found["controls"]
    return (
        f"{found['mappings']} mappings: {found['without a script']} without any script, "
        f"{found['with something taken']} with something to take, {found['refused']} refused. "
        f"{controls:,} controls: {scripted:,} done by a script, {found['taken']:,} taken.\n\n"
    )


def keep(table: str, page: Path) -> None:
    text = page.read_text("utf-8")
    page.write_text(TABLE.sub(lambda older: table, text), "utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--save", action="store_true", help="put the table into docs/mixxx.md")
    parser.add_argument("--page", type=Path, default=PAGE, help="or into this page")
    given = parser.parse_args(arguments)
    paths = sorted(given.folder.glob("*.midi.xml"), key=lambda path: path.name.lower())
    rows = [row_of(path) for path in paths]
    found = sums(rows)
    table = sentence(found) + HEAD + "".join(f"{line}\n" for line in lines(rows))
    if given.save:
        keep(table, given.page)
    print(table)
    print(json.dumps(found))
    return int(not rows or any("broken" in row for row in rows))


if __name__ == "__main__":
    sys.exit(main())
