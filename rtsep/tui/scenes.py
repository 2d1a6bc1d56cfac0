"""Scenes, presets and undo under keys: the part of the UI that asks for whole mixes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from rtsep.errors import ConfigError
from rtsep.mixer.desk import Desk
from rtsep.mixer.scenes import SCENES
from rtsep.tui.dialogs import Box, Menu, PresetMenu, SceneMenu

# Terminals send shift and F1 to F8 as F13 to F20.
_SHIFTED = 12


class MixApp(App[None]):
    """What is refused is told as a notice."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(f"f{n}", f"recall({n})") for n in SCENES),
        *(Binding(f"shift+f{n},f{n + _SHIFTED}", f"store({n})") for n in SCENES),
        Binding("g", "scenes"),
        Binding("G", "store_scenes"),
        Binding("u,ctrl+z", "undo"),
        Binding("p", "presets"),
    ]
    _desk: Desk
    _menu: Menu | None = None  # that is open; numbers may come before it has the focus

    def notice(self, text: str) -> None:
        """Tell the user something for some seconds."""
        raise NotImplementedError

    async def action_presets(self) -> None:
        names = self._desk.presets
        await self._open(PresetMenu(names, lambda place: self._apply_preset(names[place])))

    async def action_scenes(self) -> None:
        await self._open_scenes("scenes", self.action_recall)

    async def action_store_scenes(self) -> None:
        await self._open_scenes("store the faders as scene", self.action_store)

    def action_recall(self, number: int) -> None:
        if number in self._desk.scenes:
            self._attempt(lambda: self._desk.recall_scene(number), f"scene {number}")
        else:
            self.notice(f"scene {number} is empty; G {number} stores the faders there")

    def action_store(self, number: int) -> None:
        self._attempt(lambda: self._desk.store_scene(number), f"stored as scene {number}")

    def action_undo(self) -> None:
        try:
            self.notice(f"undone: {self._desk.undo()}")
        except ConfigError as error:
            self.notice(str(error))

    async def _open_scenes(self, title: str, choose: Callable[[int], None]) -> None:
        rows = [self._desk.scene_told(number) or "(empty)" for number in SCENES]
        await self._open(SceneMenu(title, rows, lambda place: choose(place + 1)))

    def _apply_preset(self, name: str) -> None:
        self._attempt(lambda: self._desk.apply_preset(name))

    def _attempt(self, act: Callable[[], None], done: str = "") -> None:
        """Say what was done, or why it was not."""
        try:
            act()
        except ConfigError as error:
            done = str(error)
        if done:
            self.notice(done)

    async def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        menu = message.option_list
        if isinstance(menu, Menu):
            menu.choose(message.option_index)
        await self._close()

    async def on_close(self) -> None:
        await self._close()

    async def _open(self, box: Box | Menu) -> None:
        await self._close()
        await self.mount(box)
        self.set_focus(box)
        self._menu = box if isinstance(box, Menu) else None

    async def _close(self) -> None:
        self._menu = None
        await self.query("Box, Menu").remove()
