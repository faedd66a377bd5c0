"""What is said of one command: how it is written, what it does, an example; and which are like a word. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from chatd.cli.chat_called import called, named
from chatd.cli.chat_cells import printable
from chatd.cli.chat_words import Words
from chatd.cli.typed.desk import Mistyped

NEAR_MAX: Final = 5
LIKE: Final = 0.6
"""How much of a name has to be the same for it to be meant."""
SHORT: Final = 4
LIKE_IN_SHORT: Final = 0.5
"""The same for words of fewer characters, where nothing else was found: of two Chinese ones, one is enough."""


def about_command(words: Words, names: Iterable[str], name: str) -> list[str]:
    """What one of these commands does, line by line. Raises `Mistyped` with those that are like it."""
    names, typed, name = list(names), name, named(name)
    if name not in names:
        raise no_command(words, names, typed)
    lines = [f"{words(f'usage_{name}')} — {words(f'help_{name}')}"]
    if "SUB" in words(f"usage_{name}"):
        lines.append(words("about_sub"))
    if words.has(f"example_{name}"):
        lines.append(words("example", example=words(f"example_{name}")))
    return lines


def usage_of(words: Words, name: str) -> str:
    """How a command is written, with an example if it takes something."""
    usage = words(f"usage_{name}")
    if not words.has(f"example_{name}"):
        return usage
    return words("usage_example", usage=usage, example=words(f"example_{name}"))


def no_command(words: Words, names: Iterable[str], name: str) -> Mistyped:
    """What to say where there is no command of this name."""
    shown, near = "/" + printable(name), near_to(words, names, name)
    if not near:
        return Mistyped("unknown_command", name=shown)
    return Mistyped("unknown_near", name=shown, near=words.listed(f"/{called(words, one)}" for one in near))


def near_to(words: Words, names: Iterable[str], word: str) -> list[str]:
    """The commands that somebody may have meant: by how they are written, then by what they do."""
    names, word = list(names), word.casefold()
    if not word:
        return []
    spoken = {called(words, name): name for name in names}
    both = {name: name for name in names} | spoken
    alike = [both[name] for name in get_close_matches(word, both, NEAR_MAX, LIKE)]
    begun = [name for word_of, name in both.items() if word_of.startswith(word)]
    told = [name for name in names if word in f"{words(f'usage_{name}')} {words(f'help_{name}')}".casefold()]
    found = list(dict.fromkeys([*begun, *alike, *told]))[:NEAR_MAX]
    return found or [
        both[name] for name in get_close_matches(word, spoken, NEAR_MAX, LIKE_IN_SHORT) if len(word) < SHORT
    ]
