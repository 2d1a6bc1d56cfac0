"""Make a delta to ship of a training run: its averaged weights, taken in part.

    python -m training.release RESULTS --share 0.5 --to htdemucs_edge.safetensors

Between the official weights (0) and those that were learnt (1) lie some that keep more of what the
official ones know of other music, and most of what was learnt (Wortsman et al., Robust fine-tuning
of zero-shot models, 2022). RESULTS is what `python -m training` or `python -m card run` left.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file

from rtsep.weights import load_checkpoint
from rtsep.weights.delta import THIN_A
from training.checkpoint import AVERAGE, STUDENT
from training.delta import Delta, write_delta


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.release", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("results", type=Path)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--model", default="htdemucs", help="official network that was trained")
    parser.add_argument("--to", type=Path, required=True)
    args = parser.parse_args(argv)
    (network,) = load_checkpoint(args.model).networks
    delta = shared(load_file(args.results / AVERAGE), args.share)
    facts = {"share": args.share, **_facts(args.results)}
    write_delta(args.to, delta, network.state, base=args.model, facts=facts)
    return 0


def shared(delta: Delta, share: float) -> Delta:
    """So much of every change: of the product of two thin matrices, one carries the share."""
    return {name: t if name.endswith(THIN_A) else share * t for name, t in delta.items()}


def _facts(results: Path) -> dict[str, Any]:
    """How it was trained and, if the run on a card says so, on what."""
    with safe_open(results / STUDENT, framework="pt") as file:
        metadata = file.metadata()
    run = json.loads(metadata["facts"])
    facts = {"settings": json.loads(metadata["settings"]), "step": run["step"],
             "seconds": run["seconds"]}  # fmt: skip
    told = results / "results.json"
    if told.exists():
        facts["songs"] = json.loads(told.read_text())["music"]
    return facts


if __name__ == "__main__":
    sys.exit(main())
