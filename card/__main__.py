"""`pack` the kit where there is a network, `run` it where there is a card.

`run` needs nothing but Python's own library to begin with: the rest comes from the pack.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    try:
        if args.command == "pack":
            from card.pack import pack

            return pack(args)
        from card.run import run

        return run(args)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m card", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    pack = commands.add_parser("pack", help="make the parts that are copied to the machine")
    pack.add_argument("--to", type=Path, required=True, help="folder for the parts")
    pack.add_argument("--parts", type=int, default=2)
    pack.add_argument("--limit", type=float, default=64, help="MiB that a part and the tree may be")
    pack.add_argument("--downloads", type=Path, help="folder that keeps what is downloaded")
    pack.add_argument("--songs", type=Path, help="a clone of everythingisremixed, if there is one")
    pack.add_argument("--checkpoint", type=Path, help="results of an earlier run, to go on with")
    pack.add_argument(
        "--small", action="store_true", help="a small network, little music, for this machine"
    )
    run = commands.add_parser("run", help="test, measure and train with what was packed")
    run.add_argument("--pack", type=Path, required=True, help="folder with all parts")
    run.add_argument("--to", type=Path, required=True, help="folder for the results")
    run.add_argument("--minutes", type=float, default=8.0, help="for all of it")
    run.add_argument("--device", default="cuda", help="cuda or cpu")
    run.add_argument("--small", action="store_true", help="few rounds, steps and seconds")
    run.add_argument("--only", nargs="*", help="these stages")
    return parser


if __name__ == "__main__":
    sys.exit(main())
