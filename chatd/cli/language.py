"""Which language a person reads, and how a text that holds both is parted. Imports nothing that is slow to import."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, Literal

Lang = Literal["en", "zh"]

LOCALES: Final[dict[Lang, str]] = {"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}
"""What the environment says for each, as far as `lang_of` reads it."""

_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
_CLOSING: Final = frozenset("，。；：、！？）】》”’")
_OPENING: Final = frozenset("（【《“‘")
_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+")


def lang_of(environ: Mapping[str, str]) -> Lang:
    """The language that the environment asks for (POSIX: `LC_ALL` over `LC_MESSAGES` over `LANG`)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return "zh" if environ[name].lower().startswith("zh") else "en"
    return "en"


def both(text: str) -> tuple[str, str]:
    """The English and the Chinese of a text like `List users by id. 列出用户。`; either may be empty.

    The Chinese is what follows the English and has a Chinese character in each of its sentences.
    """
    sentences = _SENTENCES.split(" ".join(text.split()))
    for number in range(1, len(sentences)):
        if all(_CHINESE.search(sentence) for sentence in sentences[number:]):
            return " ".join(sentences[:number]), " ".join(sentences[number:])
    return ("", sentences[0]) if len(sentences) == 1 and _CHINESE.match(text) else (" ".join(sentences), "")


def choose(text: str, lang: Lang) -> str:
    """One language of a text that holds both; the other one where it is missing."""
    english, chinese = both(text)
    return (chinese or english) if lang == "zh" else (english or chinese)


_ONE_OF: Final = {
    "recalled messages": "recalled message",
    "erased people": "erased person",
    "dissolved groups": "dissolved group",
    "groups' old entries": "group's old entries",
    "connections": "connection",
    "entries": "entry",
    "groups": "group",
    "people": "person",
    "members": "member",
    "problems": "problem",
    "notes": "note",
    "warnings": "warning",
    "failures": "failure",
    "lines": "line",
    "messages": "message",
    "days": "day",
    "read positions": "read position",
    "memberships": "membership",
    "mentions": "mention",
    "edits": "edit",
    "recalls": "recall",
    "pins": "pin",
    "follows": "follow",
    "blocks": "block",
    "accounts": "account",
    "handles": "handle",
    "reactions and their": "reaction and its",
    "settings of chats": "setting of a chat",
    "unsent texts": "unsent text",
    "lists of devices": "list of devices",
    "remembered commands": "remembered command",
    "featured posts": "featured post",
    "requests for a chat": "request for a chat",
    "revocations of devices": "revocation of a device",
}
_COUNTED: Final = re.compile(rf"(\{{(\w+)(?::,)?\}}) ({'|'.join(_ONE_OF)})\b")


def for_one(english: str, values: Mapping[str, object]) -> str:
    """A text whose places are still to be filled, as it is where what is counted is one: `{n} groups` as `{n} group`.
    What people wrote, and is filled in, is not touched."""
    return _COUNTED.sub(lambda f: f"{f[1]} {_ONE_OF[f[3]]}" if values.get(f[2]) in (1, "1") else f[0], english)


def asked_for(arguments: Sequence[str]) -> Lang | None:
    """The language that a call names with `--lang`, wherever it stands: its help and what is wrong with it, too, are
    said in it. What is no language is for whoever takes the call apart."""
    for at, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--lang":
            value = value or (arguments[at + 1] if at + 1 < len(arguments) else "")
            return "zh" if value == "zh" else "en" if value == "en" else None
        if argument == "--":
            break
    return None


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: two for a Chinese character, none for what combines."""
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1 for char in text
    )


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells. Breaks between words, and between any two Chinese characters, but for signs: one
    that closes begins no line, one that opens ends none."""
    lines: list[str] = []
    line: list[str] = []
    for piece in re.findall(r"\s+|[^\s\u2e80-\uffef]+|[\u2e80-\uffef]", text):
        if cells("".join(line)) + cells(piece) > width and any(map(str.strip, line)):
            kept = _to_next(line, piece)
            lines.append("".join(line).rstrip())
            line = [*kept, piece] if kept else [piece.lstrip()]
        else:
            line.append(piece)
    rest = "".join(line).rstrip()
    return [*lines, rest] if rest else lines


def _to_next(line: list[str], piece: str) -> list[str]:
    """Take off a line what has to stand with the next piece; something stays."""
    at = len(line)
    while at > 1 and (piece in _CLOSING or line[at - 1] in _OPENING):
        at -= 1
        piece = line[at]
    kept = line[at:] if any(map(str.strip, line[:at])) else []
    del line[len(line) - len(kept) :]
    return kept
