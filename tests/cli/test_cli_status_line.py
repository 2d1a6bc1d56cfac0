"""The line that says what takes its time leaves nothing of itself behind."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from rtsep.cli.common.status_line import StatusLine


class Screen(io.StringIO):
    """A terminal on which Ctrl-C is pressed when a text has come."""

    interrupted_by = "nothing"

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.interrupted_by in text and threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        return written

    @property
    def row(self) -> str:
        row = ""
        for part in self.getvalue().split("\r"):
            row = part + row[len(part) :]
        return row.rstrip()


def test_it_is_wiped_though_drawing_it_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    line = StatusLine()
    try:
        line.show(lambda elapsed: "loading", log=False)
        assert screen.row.endswith("loading")
        screen.interrupted_by = "sound devices"
        with pytest.raises(KeyboardInterrupt):
            line.show(lambda elapsed: "looking for the sound devices", log=False)
    finally:
        line.close()
    assert screen.row == ""
