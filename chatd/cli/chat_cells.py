"""Text in the cells of a terminal, of which a Chinese character takes two: cutting, filling, wrapping.

Whatever other people wrote loses everything by which a terminal could be made to do something.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from prompt_toolkit.utils import get_cwidth

_UNSAFE: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str, keep_lines: bool = False) -> str:
    """The text without control characters (C0, C1) and without those that turn the direction of what follows."""
    plain = text.replace("\t", "    ").replace("\r\n", "\n").replace("\r", "\n")
    if not keep_lines:
        plain = plain.replace("\n", " ")
    return "".join(
        c if c == "\n" or (unicodedata.category(c) not in _UNSAFE and c not in _BIDI) else "\ufffd" for c in plain
    )


def cut(text: str, cells: int) -> str:
    """At most so many cells of a text, with an ellipsis where something is missing."""
    if get_cwidth(text) <= cells:
        return text
    kept, used = "", 0
    for char in text:
        used += get_cwidth(char)
        if used > cells - 1:
            break
        kept += char
    return kept + "…"


def fill(text: str, cells: int) -> str:
    """Exactly so many cells: cut or padded."""
    short = cut(text, cells)
    return short + " " * (cells - get_cwidth(short))


def wrap(text: str, cells: int) -> list[str]:
    """Lines of at most so many cells; broken at spaces where there are any, else anywhere, as Chinese is."""
    lines = []
    for paragraph in text.split("\n"):
        rest = paragraph
        while get_cwidth(rest) > cells:
            head = _head(rest, cells)
            space = head.rfind(" ")
            if space > len(head) // 2:
                head = head[: space + 1]
            lines.append(head.rstrip())
            rest = rest[len(head) :]
        lines.append(rest)
    return lines


def _head(text: str, cells: int) -> str:
    """The longest beginning of at most so many cells, of one character at least."""
    used = 0
    for index, char in enumerate(text):
        used += get_cwidth(char)
        if used > cells:
            return text[: max(index, 1)]
    return text
