"""Bots: who is in a group, what one knows, and the buttons of their messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatd_client.ops.asks import PAGE, Asks
from chatd_protocol import bots
from chatd_protocol.menus import Button

Menu = Sequence[Sequence[Button]]
"""Rows of buttons, from top to bottom."""


def rows_of(menu: Menu | None) -> list[list[Button]] | None:
    """A menu as it goes on the wire."""
    return None if menu is None else [list(row) for row in menu]


class BotOps(Asks):
    """Part of `Client`."""

    async def set_commands(self, commands: Iterable[bots.BotCommand]) -> bots.SetCommandsOk:
        """Say which commands one knows, instead of those before; for bots only (`bots_only`)."""
        return await self.ask(bots.SetCommands(self.new_cid(), list(commands)), bots.SetCommandsOk)

    async def list_bots(self, group: str, after: str | None = None, limit: int = PAGE) -> bots.Bots:
        """A page of the bots of a group, with their commands."""
        return await self.ask(bots.ListBots(group, after, limit), bots.Bots)

    async def press(self, group: str, pos: int, button: str) -> bots.PressMenuOk:
        """Press a button of a message by its id. `no_button` if it has none of that id now."""
        return await self.ask(bots.PressMenu(group, pos, button, self.new_cid()), bots.PressMenuOk)
