"""The page goes wherever the package goes, and needs nothing from elsewhere."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

import rtsep
from rtsep.remote.site import START, page_files

ROOT = Path(rtsep.__file__).parents[1]
PAGE = ROOT / "rtsep" / "remote" / "page"


def test_a_wheel_has_the_page(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path))
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path.relative_to(ROOT).as_posix() for path in PAGE.rglob("*") if path.is_file()}
    assert len(wanted) > 10 and wanted <= packed
    assert {name.removeprefix("rtsep/remote/page/") for name in wanted} == page_files().keys()


def test_the_worker_keeps_all_that_the_page_needs() -> None:
    kept = set(re.findall(r'"/([\w./-]*)"', (PAGE / "worker.js").read_text("utf-8")))
    scripts = {path.name for path in PAGE.glob("*.js")} - {"worker.js"}
    assert {"", "page.css", "manifest.webmanifest", *scripts} <= kept
    assert kept - {""} <= page_files().keys()


def test_nothing_is_written_into_the_page_that_its_policy_forbids() -> None:
    html = page_files()[START][1].decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|https?:", html)
    for path in PAGE.glob("*.*s"):
        text = path.read_text("utf-8")
        assert not re.search(r"innerHTML|eval\(|https?://|import\(", text), path.name
