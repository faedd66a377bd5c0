"""Menus: rows of buttons below a message of a bot, for those who see it to press."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from chatd_protocol.codec import Invalid
from chatd_protocol.values import ButtonId, ButtonLabel, Data, View

MENU_ROWS_MAX: Final = 8
MENU_ROW_MAX: Final = 4


class Button(Data):
    """A button: what the bot is told when it is pressed, and what stands on it."""

    id: ButtonId
    label: ButtonLabel


_Row = Annotated[list[Button], Meta(min_length=1, max_length=MENU_ROW_MAX)]
Menu = Annotated[list[_Row], Meta(min_length=1, max_length=MENU_ROWS_MAX)]
ChangedMenu = Annotated[list[_Row], Meta(max_length=MENU_ROWS_MAX)]


class MenuButton(View):
    """A button of a menu."""

    id: str
    label: str


MenuRows = list[list[MenuButton]]


def check_menu(menu: list[list[Button]] | None, where: str) -> None:
    """Raises `Invalid` for an id that two buttons have: whoever presses must mean one."""
    seen: set[str] = set()
    for row, buttons in enumerate(menu or ()):
        for column, button in enumerate(buttons):
            if button.id in seen:
                raise Invalid(f"{where}[{row}][{column}].id", "Expected an id that no button before has")
            seen.add(button.id)
