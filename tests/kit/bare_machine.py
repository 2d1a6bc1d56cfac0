"""An environment of Python with what a bare machine is taken to have, and nothing else.

Packages are not installed anew, which would take minutes, but linked from where the tests run.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from card.bare import PRESENT


def bare_machine(folder: Path) -> Path:
    """Its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.check_output([python, "-c", where], text=True).strip())
    for name in PRESENT.split():
        for path in _parts(name):
            link = site / path.name
            if not link.exists():
                link.symlink_to(path)
    return python


def _parts(name: str) -> Iterator[Path]:
    """What lies in site-packages of a distribution; nothing if it is not installed here."""
    try:
        found: Distribution = distribution(name)
    except PackageNotFoundError:
        return
    tops = {
        file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")
    }
    for top in sorted(tops):
        yield Path(str(found.locate_file(top)))
