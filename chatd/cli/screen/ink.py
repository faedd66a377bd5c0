"""The colours: by what they mean, for a terminal of many colours on dark or light, of sixteen, and of none.

What matters never stands in a colour alone: own and selected messages, mentions and counts have a sign as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from rich.style import Style
from textual.theme import Theme

from chatd.cli.chat_render import DIM, ERROR, MENTION, MINE, NOTICE, OTHERS

Look = Literal["dark", "light", "terminal", "plain"]

DARK: Final = Theme(
    "chatd-dark",
    primary="#61afef",
    secondary="#56b6c2",
    warning="#e5c07b",
    error="#e06c75",
    success="#98c379",
    accent="#61afef",
    foreground="#d7dae0",
    background="#1b1e24",
    surface="#22262e",
    panel="#2a2f38",
    dark=True,
)
LIGHT: Final = Theme(
    "chatd-light",
    primary="#0550ae",
    secondary="#0a7480",
    warning="#8a5a00",
    error="#b42318",
    success="#2e7d32",
    accent="#0550ae",
    foreground="#24292f",
    background="#ffffff",
    surface="#f3f4f6",
    panel="#e4e7eb",
    dark=False,
)
THEMES: Final[Mapping[Look, str]] = {
    "dark": DARK.name,
    "light": LIGHT.name,
    "terminal": "ansi-dark",
    "plain": "ansi-dark",
}
"""Textual's own theme that leaves all colours to the terminal serves the last two."""

Ink = Mapping[str, Style]


def _ink(**styles: str) -> Ink:
    table = {name: Style.parse(style) for name, style in styles.items()}
    alike = {"": "text", DIM: "dim", MINE: "mine", OTHERS: "other0", NOTICE: "notice", ERROR: "error"}
    table |= {name: table[to] for name, to in alike.items()}
    return table | {MENTION: table["mention"], "bold": Style(bold=True), "bold ansiyellow": table["found"]}


INKS: Final[Mapping[Look, Ink]] = {
    "dark": _ink(
        text="#d7dae0",
        dim="#8b93a1",
        faint="#5c6370",
        mine="bold #98c379",
        other0="bold #56b6c2",
        other1="bold #61afef",
        other2="bold #d78bea",
        other3="bold #c9a0ff",
        other4="bold #e06c9a",
        other5="bold #e8a27c",
        notice="#e5c07b",
        error="bold #ff7b86",
        mention="bold #ffd68a",
        called="bold #1b1e24 on #e5c07b",
        accent="bold #61afef",
        badge="bold #1b1e24 on #61afef",
        muted="#1b1e24 on #7f8896",
        found="bold #1b1e24 on #98c379",
        button="bold #d7dae0 on #3b4252",
        chosen="on #2f3542",
        current="on #2c3440",
        good="#98c379",
        tab="#8b93a1",
        tab_on="bold #61afef underline",
    ),
    "light": _ink(
        text="#24292f",
        dim="#57606a",
        faint="#9aa3ad",
        mine="bold #1a7f37",
        other0="bold #0a7480",
        other1="bold #0550ae",
        other2="bold #8250df",
        other3="bold #9a5b00",
        other4="bold #bf3989",
        other5="bold #a8410a",
        notice="#8a5a00",
        error="bold #b42318",
        mention="bold #8a5a00",
        called="bold #ffffff on #8a5a00",
        accent="bold #0550ae",
        badge="bold #ffffff on #0550ae",
        muted="#ffffff on #7f8896",
        found="bold #ffffff on #1a7f37",
        button="bold #24292f on #d0d7de",
        chosen="on #e8eef6",
        current="on #dde7f3",
        good="#1a7f37",
        tab="#57606a",
        tab_on="bold #0550ae underline",
    ),
    "terminal": _ink(
        text="default",
        dim="bright_black",
        faint="bright_black",
        mine="bold green",
        other0="bold cyan",
        other1="bold blue",
        other2="bold magenta",
        other3="bold cyan",
        other4="bold magenta",
        other5="bold blue",
        notice="yellow",
        error="bold red",
        mention="bold yellow",
        called="bold reverse yellow",
        accent="bold cyan",
        badge="bold reverse",
        muted="reverse bright_black",
        found="bold reverse green",
        button="reverse",
        chosen="bold",
        current="bold",
        good="green",
        tab="default",
        tab_on="bold reverse",
    ),
    "plain": _ink(
        text="none",
        dim="none",
        faint="none",
        mine="bold underline",
        other0="bold",
        other1="bold",
        other2="bold",
        other3="bold",
        other4="bold",
        other5="bold",
        notice="italic",
        error="bold reverse",
        mention="bold",
        called="bold reverse",
        accent="bold",
        badge="bold reverse",
        muted="none",
        found="bold reverse",
        button="reverse",
        chosen="bold",
        current="bold",
        good="none",
        tab="none",
        tab_on="bold reverse",
    ),
}


def look_for(environ: Mapping[str, str], color_system: str | None) -> Look:
    """What suits this terminal. `NO_COLOR` as in https://no-color.org: present and not empty."""
    if environ.get("NO_COLOR"):
        return "plain"
    return "dark" if color_system in {"256", "truecolor"} else "terminal"


def style_of(user: str) -> str:
    """A person's own colour, always the same one."""
    return f"other{sum(user.encode()) % 6}"


class Signs:
    """The signs beside the words. A Linux console has 256 of them and shows a box for all others."""

    def __init__(self, term: str = "") -> None:
        few = term == "linux"
        self.here, self.away = ("*", "o") if few else ("●", "○")
        self.mine = "<" if few else "✓"
        self.pin = "^" if few else "⊤"
        self.mute = "z" if few else "∅"
        self.bar = "|" if few else "▌"
        self.quote = "|" if few else "┆"
        self.waits = ".." if few else "⋯"
        self.corners = "┌┐└┘" if few else "╭╮╰╯"
