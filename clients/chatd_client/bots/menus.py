"""Menus: rows of buttons below what a bot says, and the ids that come back when somebody presses one.

    Menu().button("yes", "Yes").button("no", "No").row().button("more", "More…")

An id may carry what the button is about: `button_id("watch", "sku-1")` is `watch:sku-1`, and a handler for `watch`
gets `("sku-1",)`. A colon in it stands there as `%3A`, so that it comes back as it was.
"""

from __future__ import annotations

from typing import Final, Self

from chatd_protocol.menus import MENU_ROW_MAX, MENU_ROWS_MAX, Button

ID_MAX: Final = 32
LABEL_MAX: Final = 40
BETWEEN: Final = ":"


class Menu:
    """Buttons, added from left to right; `row()` begins the next line, and so does a full one."""

    def __init__(self) -> None:
        self._rows: list[list[Button]] = []
        self._fresh = True

    def button(self, name: str, label: str, *about: str | int) -> Self:
        """A button. Raises `ValueError` for an id that is too long or taken, a label that is empty or too long, and for
        more than 8 rows."""
        key = button_id(name, *about)
        if any(one.id == key for row in self._rows for one in row):
            raise ValueError(f"two buttons of a menu have the id {key!r}")
        if not label.strip() or len(label) > LABEL_MAX:
            raise ValueError(f"the label of a button has 1 to {LABEL_MAX} characters")
        if self._fresh or len(self._rows[-1]) == MENU_ROW_MAX:
            if len(self._rows) == MENU_ROWS_MAX:
                raise ValueError(f"a menu has at most {MENU_ROWS_MAX} rows of {MENU_ROW_MAX} buttons")
            self._rows.append([])
            self._fresh = False
        self._rows[-1].append(Button(key, label))
        return self

    def row(self) -> Self:
        """What follows stands on the next line."""
        self._fresh = True
        return self

    @property
    def rows(self) -> list[list[Button]]:
        """As it is sent."""
        return [list(row) for row in self._rows]


def button_id(name: str, *about: str | int) -> str:
    """A button's id. Raises `ValueError` for one that is longer than 32 characters or not plain."""
    key = BETWEEN.join([name, *(str(one).replace("%", "%25").replace(BETWEEN, "%3A") for one in about)])
    if not 1 <= len(key) <= ID_MAX or not all("!" <= one <= "~" for one in key):
        raise ValueError(f"the id of a button has 1 to {ID_MAX} characters of ASCII without spaces, not {key!r}")
    return key


def split_id(key: str) -> tuple[str, tuple[str, ...]]:
    """The name of a button, and what it is about."""
    name, *about = key.split(BETWEEN)
    return name, tuple(one.replace("%3A", BETWEEN).replace("%25", "%") for one in about)
