"""The full-screen terminal UI. Shows a desk and a status, moves the desk; knows no devices."""

from rtsep.tui.app import LiveApp, run_tui

__all__ = ["LiveApp", "run_tui"]
