"""The screen as commands and events know it: they show lines, whatever that is drawn on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from chatd.cli.chat_render import Line
from chatd.cli.screen.desk import COLLECTED

if TYPE_CHECKING:
    from chatd.cli.screen.backstage import Backstage


class AppScreen:
    """The screen as commands and events know it. Lines of a command are gathered, others stand above the composer."""

    interactive = True

    def __init__(self, app: Backstage) -> None:
        self._app = app

    @property
    def columns(self) -> int:
        return min(self._app.size.width - 12, 100)

    def show(self, line: Line) -> None:
        collected = COLLECTED.get()
        if collected is not None:
            collected.append(line)
        else:
            self._app.note([line])

    def set_status(self, status: Callable[[], str]) -> None:
        """The screen has a status of its own."""

    def refresh(self) -> None:
        self._app.changed()

    def prefill(self, text: str) -> None:
        self._app.composer.put(text)

    async def lines(self) -> AsyncIterator[str]:
        """Keys come to the composer."""
        no_lines: tuple[str, ...] = ()
        for line in no_lines:
            yield line

    def drawn(self) -> AbstractContextManager[None]:
        return nullcontext()
