"""Commands: `/price apple`, `／价格 苹果`, `/price@shopbot apple`. What was called, and with what behind it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chatd_client.bots.arguments import Parameter, usage_of
from chatd_client.bots.words import Lang, Said, has_han, in_language

NAME_MAX: Final = 32
_NAME: Final = re.compile(r"[^\W\d_]\w*")
_CALL: Final = re.compile(r"\s*[/／](?P<name>\w+)(?:[@＠](?P<to>\S+))?(?=\s|$)")


@dataclass(frozen=True)
class Command:
    """What people can type: names (the first is the one shown), parameters, and a line of help."""

    names: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    help: Said
    hidden: bool = False

    def name_in(self, lang: Lang) -> str:
        """The first name written in this language, else the first."""
        return next((name for name in self.names if has_han(name) == (lang == "zh")), self.names[0])

    def usage(self, lang: Lang) -> str:
        return usage_of(self.name_in(lang), self.parameters, lang)

    def line(self, lang: Lang) -> str:
        """A line of help."""
        said = in_language(self.help, lang)
        return f"{self.usage(lang)} — {said}" if said else self.usage(lang)


@dataclass(frozen=True)
class Call:
    """A command that was typed: its name as compared, where its arguments begin, and which bot it is meant for."""

    name: str
    begin: int
    to: str | None = None


def read_call(text: str) -> Call | None:
    """The command at the beginning of a text; None if there is none."""
    found = _CALL.match(text)
    if found is None:
        return None
    return Call(folded(found["name"]), found.end(), folded(found["to"]) if found["to"] else None)


def glued(call: Call, names: Iterable[str], text: str) -> tuple[str, int] | None:
    """`/价格苹果`: a Chinese name with no space behind it. The name and where its arguments begin."""
    for name in sorted(names, key=len, reverse=True):
        if has_han(name) and call.name.startswith(name) and len(call.name) > len(name):
            begin = max(text.find("/"), text.find("／")) + 1
            if folded(text[begin : begin + len(name)]) == name:
                return name, begin + len(name)
    return None


def folded(name: str) -> str:
    """As names are compared: whatever their case and width."""
    return unicodedata.normalize("NFKC", name).casefold()


def check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as they are compared. Raises `ValueError` for one that cannot be typed behind a slash."""
    for name in names:
        if not _NAME.fullmatch(name) or len(name) > NAME_MAX:
            raise ValueError(f"{name!r} is no name for a command: a letter, then letters, digits or `_`, 32 in all")
    return tuple(folded(name) for name in names)
