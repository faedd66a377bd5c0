"""The texts of the terminal chat in one language, and which language that is.

Codes of errors and of closes stand beside their words, so that a person can ask about them. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Final

from prompt_toolkit.utils import get_cwidth

from chatd.cli.language import Lang, for_one, lang_of
from chatd.cli.texts import (
    boards,
    bots,
    cards,
    chats,
    contacts,
    errors,
    examples,
    groups,
    invites,
    messages,
    moderation,
    ownership,
    relations,
    screen,
    search,
    sections,
    session,
    users,
)
from chatd_protocol.errors import CLOSE_ABNORMAL, CLOSES

__all__ = ["EN", "TABLES", "TEXTS", "ZH", "Lang", "Words", "lang_of"]

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    **session.TEXTS,
    **groups.TEXTS,
    **messages.TEXTS,
    **cards.TEXTS,
    **boards.TEXTS,
    **bots.TEXTS,
    **relations.TEXTS,
    **chats.TEXTS,
    **moderation.TEXTS,
    **users.TEXTS,
    **contacts.TEXTS,
    **search.TEXTS,
    **invites.TEXTS,
    **errors.TEXTS,
    **examples.TEXTS,
    **ownership.TEXTS,
    **sections.TEXTS,
    **screen.TEXTS,
}
EN: Final[Mapping[str, str]] = {key: texts[0] for key, texts in TEXTS.items()}
ZH: Final[Mapping[str, str]] = {key: texts[1] for key, texts in TEXTS.items()}
TABLES: Final[Mapping[Lang, Mapping[str, str]]] = {"en": EN, "zh": ZH}
_COLUMN: Final = 38
_USAGE: Final = 18
_CERTIFICATE: Final = "the server's certificate: "
"""How the client's word on a certificate begins that it does not accept; the words of OpenSSL follow."""
_BUSY: Final = frozenset({"HTTP status 502", "HTTP status 503", "HTTP status 504"})
_OURS: Final = ("you", "operator", "somebody_gone")
"""What stands in the place of a name and is none: in Chinese no space is put around it."""


class Words:
    """The texts of one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self._table = TABLES[lang]
        self._close = frozenset(self._table[key] for key in _OURS) if lang == "zh" else frozenset[str]()

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with its places filled. Raises `KeyError` for a key or a place that is not there."""
        text = self._table[key] if self.lang == "zh" else for_one(self._table[key], values)
        if not self._close.isdisjoint(value for value in values.values() if isinstance(value, str)):
            text = self._closed_up(text, values)
        return text.format(**values)

    def _closed_up(self, text: str, values: Mapping[str, object]) -> str:
        """The text without the spaces beside places that hold one of our own words. One that stands alone between two
        places parts a number from a name, and stays unless both are ours."""
        pieces = ""
        close = False
        for between, field, _, _ in Formatter().parse(text):
            before, close = close, field is not None and values.get(field) in self._close
            # A dash keeps its space: it frames the sentence and is no part of it.
            literal = between.removeprefix(" ") if before and not between.startswith(" —") else between
            if close and not between.endswith("— "):
                literal = literal.removesuffix(" ")
            if between == " " and pieces and field is not None and not (before and close):
                literal = between
            pieces += literal.replace("{", "{{").replace("}", "}}") + (f"{{{field}}}" if field is not None else "")
        return pieces

    def listed(self, parts: Iterable[str]) -> str:
        """Several things in one sentence."""
        return self("between").join(parts)

    def beside(self, parts: Iterable[str]) -> str:
        """Things that stand beside each other with a dot between; the space of a full-width bracket is space enough."""
        joined = ""
        for part in parts:
            joined += ("· " if joined.endswith("）") else " · ") + part if joined and part else part
        return joined

    def choose(self, key: str, otherwise: str, **values: object) -> str:
        """The text of a key that comes from the server, or of another one where it is not known."""
        return self(self.choose_key(key, otherwise), **values)

    def has(self, key: str) -> bool:
        """Whether there is a text for it."""
        return key in self._table

    def choose_key(self, key: str, otherwise: str) -> str:
        """The key if there is a text for it, else the other one."""
        return key if key in self._table else otherwise

    def why_lost(self, code: int, reason: str) -> str:
        """Why a connection ended or was not made, by its close code and what the client says of it."""
        if code != CLOSE_ABNORMAL:
            return self.why_closed(code)
        if reason in _BUSY:
            return self("lost_busy")
        if reason.startswith(_CERTIFICATE):
            ends = ("_name" if "mismatch" in reason else "") or ("_expired" if "expired" in reason else "")
            return self(f"lost_certificate{ends}", reason=reason.removeprefix(_CERTIFICATE))
        if reason.startswith("HTTP status"):
            return self("lost_http", reason=reason)
        if reason.startswith("no token"):
            return self("lost_token")
        return self.choose(f"lost_{reason.replace(' ', '_')}", "lost_other", reason=reason)

    def why_closed(self, code: int) -> str:
        """Why the other side closed."""
        close = CLOSES.get(code)
        return self.choose(f"close_{close.name}" if close else "", "close_other")

    def help(self, names: Iterable[str]) -> str:
        """The help page for these commands, in two columns that fit 80 cells."""
        cells = [_fill(self(f"usage_{name}"), _USAGE) + self(f"help_{name}") for name in names]
        lines: list[str] = []
        while cells:
            left = cells.pop(0)
            if cells and get_cwidth(left) <= _COLUMN - 2 and get_cwidth(cells[0]) <= 80 - 2 - _COLUMN:
                left = _fill(left, _COLUMN) + cells.pop(0)
            lines.append("  " + left)
        return "\n".join([self("help_head"), *lines, self("help_tail")])


def _fill(text: str, cells: int) -> str:
    """Padded to so many cells of a terminal, and at least one space behind it."""
    return text + " " * max(cells - get_cwidth(text), 1)
