"""What the commands of the chat are called: in either language, the first word of how they are written.

Both names of a command do the same, whichever language the chat speaks. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from chatd.cli.chat_words import TABLES, Words

_USAGE: Final = "usage_"


def _names() -> Iterator[tuple[str, str]]:
    for table in TABLES.values():
        for key, usage in table.items():
            if key.startswith(_USAGE) and usage.startswith("/"):
                yield usage.split()[0][1:], key.removeprefix(_USAGE)


ALL_NAMES: Final[Mapping[str, str]] = dict(_names())
"""Each name, in either language, and the one by which the command is known here."""


def called(words: Words, name: str) -> str:
    """What a command is called in the language of `words`."""
    return words(_USAGE + name).split()[0][1:]


def named(typed: str) -> str:
    """The name by which a command is known here, of one that was typed in whichever language, or as it was typed."""
    return ALL_NAMES.get(typed.lower(), typed.lower())


def behind_slash(line: str) -> str:
    """A line that begins with the wide slash of Chinese keyboards is a command if it names one of ours."""
    return "/" + line[1:] if line.startswith("／") and line[1:].split(" ", maxsplit=1)[0].lower() in ALL_NAMES else line


def offered(words: Words, name: str) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """A command as it is offered, (name, usage, what it does): in the reader's language, then in the other one."""
    about, here = words(f"help_{name}"), words(_USAGE + name)
    other = Words("en" if words.lang == "zh" else "zh")
    there = called(other, name)
    return (called(words, name), here, about), (there, " ".join([f"/{there}", *here.split()[1:]]), about)
