"""A set of options, scenes and undo at a terminal, from one evening to the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest
from pty_support import Terminal
from small_models import write_band

F1, SHIFT_F2, CTRL_Z = b"\x1bOP", b"\x1b[1;2Q", b"\x1a"


class Watched(Terminal):
    """With the screen as somebody sees it."""

    def __init__(self, *words: object, fakes: Path, **environment: str) -> None:
        super().__init__(*words, fakes=fakes, **environment)
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.Stream(self._screen)
        self._seen = 0

    def see(self, *words: str, mutes: int | None = None) -> None:
        """Wait until that is there; and so many lamps, with no menu over them."""

        def there() -> bool:
            text = self._text()
            lamps = mutes is None or (text.count("MUTE") == mutes and "? help" in text)
            return lamps and all(word in text for word in words)

        try:
            self.wait_for(there, 60)
        except AssertionError:
            raise AssertionError(words, mutes, self._text()) from None

    def _text(self) -> str:
        fresh, self._seen = self.written[self._seen :], len(self.written)
        self._stream.feed(fresh.replace("\x1b[>1u", ""))  # which pyte takes for a letter
        return "\n".join(self._screen.display)


Evening = Callable[..., Watched]


@pytest.fixture
def evening(live_model: Path, tmp_path: Path) -> Iterator[Evening]:
    """`rtsep --use stage` and more, at a terminal, with settings and scenes of its own."""
    config = tmp_path / "config" / "rtsep" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f"""
[defaults]
midi = "off"
scene-fade = 0.2
output = "null"

[sets.stage]
input = {str(write_band(tmp_path / "long.wav", 60))!r}
pace = "realtime"
model = {str(live_model)!r}
window = 0.2
hop = 140
loop = true
lookahead = 0
ui = "tui"
preset = "no voice"

[presets."no voice"]
mute = ["vocals"]
gain = {{ drums = -6 }}
""")

    def begin(*words: str) -> Watched:
        return Watched(
            *("-m", "rtsep", "--use", "stage", *words),
            fakes=tmp_path,
            TERM="xterm-256color",
            XDG_CONFIG_HOME=str(tmp_path / "config"),
            XDG_STATE_HOME=str(tmp_path / "state"),
        )

    opened: list[Watched] = []

    def kept(*words: str) -> Watched:
        opened.append(begin(*words))
        return opened[-1]

    yield kept
    for terminal in opened:
        terminal.close()


def end(terminal: Watched) -> None:
    assert terminal.stop(lambda one: one.type(b"q")) == 0


def test_scenes_outlive_the_evening(evening: Evening, tmp_path: Path) -> None:
    first = evening()
    first.see("-6.0 dB", mutes=1)  # as the preset of one's own says
    first.type(b"2m")
    first.see(mutes=2)
    first.type(b"G1")
    first.see("stored as scene 1")
    first.type(b"p1")
    first.see(mutes=0)
    first.type(SHIFT_F2)
    first.see("stored as scene 2")
    first.type(b"u")
    first.see("undone: preset all")
    first.see(mutes=2)
    first.type(CTRL_Z)
    first.see("undone: mute of bass")
    first.see(mutes=1)
    end(first)
    kept = json.loads((tmp_path / "state" / "rtsep" / "scenes.json").read_text())
    assert list(kept["scenes"]) == ["1", "2"]

    second = evening("--preset", "all")  # the line wins over the set
    second.see("vocals", mutes=0)
    second.type(F1)
    second.see("scene 1")
    second.see("-6.0 dB", mutes=2)
    second.type(b"g2")
    second.see("scene 2")
    second.see(mutes=0)
    second.type(b"g3")
    second.see("scene 3 is empty")
    end(second)


def test_a_damaged_file_of_scenes_is_told_and_the_sound_goes_on(
    evening: Evening, tmp_path: Path
) -> None:
    scenes = tmp_path / "state" / "rtsep" / "scenes.json"
    scenes.parent.mkdir(parents=True)
    scenes.write_text("{")
    terminal = evening()
    terminal.see("no scenes from", mutes=1)
    end(terminal)
