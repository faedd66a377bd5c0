"""`chatd top` as a screen: draws anew every interval, and listens to keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from chatd.cli.language import Lang, choose
from chatd.cli.screen.terminal import TerminalApp, forget_terminal
from chatd.cli.top_view import SORTS, draw

_WAITING: Final = "Looking … 正在读取……"


class TopScreen(TerminalApp[None]):
    """`look` answers the figures of the last interval, or raises the error `Away` whose text says why not."""

    CSS = "Screen { background: transparent; } Static { width: 80; height: 100%; }"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,ctrl+c", "quit", priority=True),
        Binding("p,space", "pause"),
        Binding("s", "sort"),
    ]

    def __init__(self, look: Callable[[], dict[str, Any]], lang: Lang, interval_s: float) -> None:
        super().__init__(ansi_color=True)
        self._look = look
        self._lang = lang
        self._interval_s = interval_s
        self._figures: dict[str, Any] | None = None
        self._problem = choose(_WAITING, lang)
        self._paused = False
        self._sort = 0
        self._looking = False

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static(markup=False)

    async def on_mount(self) -> None:
        """Look at once, then every interval."""
        self.attend_terminal()
        self.set_interval(self._interval_s, self._tick)
        await self._tick()

    async def _tick(self) -> None:
        if self._paused or self._looking:
            return
        self._looking = True
        try:
            self._figures = await asyncio.to_thread(self._look)
            self._problem = ""
        except Away as away:
            self._problem = str(away)
        finally:
            self._looking = False
        self._show()

    def on_resize(self) -> None:
        """Another height shows more groups, or fewer."""
        self._show()

    def action_pause(self) -> None:
        """Stand still, or go on."""
        self._paused = not self._paused
        self._show()

    def action_sort(self) -> None:
        """By what groups are sorted."""
        self._sort = (self._sort + 1) % len(SORTS)
        self._show()

    def _show(self) -> None:
        if self._problem or self._figures is None:
            text = self._problem
        else:
            text = draw(self._figures, self._lang, SORTS[self._sort], self._paused, self.size.height)
        self.query_one(Static).update(text)


def watch(screen: TopScreen) -> None:
    """Show it until somebody ends it, or nobody can see it any more."""
    try:
        screen.run()
    finally:
        forget_terminal(lost=screen.terminal_lost)


class Away(Exception):
    """No server answers; it may come back."""
