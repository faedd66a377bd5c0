"""The reference pages, made from the code that they are about.

    .venv/bin/python -m docs.reference

writes `docs/en/reference` and `docs/zh/reference` anew, and the line numbers of links into the code. What the code says
of itself is English; the Chinese for it stands beside this file in `zh/PAGE.toml`, sentence by sentence, so that a
changed sentence asks for its Chinese again. `--missing` prints what has none yet, ready to be filled in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
LANGUAGES: Final = ("en", "zh")


class Words:
    """Sentences of one page in one language; remembers which of them were asked for."""

    def __init__(self, page: str, language: str) -> None:
        self.language = language
        path = Path(__file__).parent / "zh" / f"{page}.toml"
        self._chinese: dict[str, str] = {}
        if language == "zh" and path.exists():
            self._chinese = tomllib.loads(path.read_text(encoding="utf-8"))
        self._asked: dict[str, None] = {}

    def of(self, english: str) -> str:
        """A sentence of the code. Without Chinese it stays English, and is in `missing`."""
        if self.language == "en" or not english:
            return english
        self._asked[english] = None
        return self._chinese.get(english, english)

    def pick(self, english: str, chinese: str) -> str:
        """Words of the page itself."""
        return english if self.language == "en" else chinese

    @property
    def missing(self) -> list[str]:
        return [english for english in self._asked if english not in self._chinese]

    @property
    def unused(self) -> list[str]:
        return [english for english in self._chinese if english not in self._asked]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table of Markdown, and the empty line behind it."""
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def said_by(words: Words, what: str) -> str:
    """The line that tells a reader, and whoever wants to mend the page, where it comes from."""
    return words.pick(
        f"<!-- made by `python -m docs.reference` from {what}: change it there -->",
        f"<!-- 由 `python -m docs.reference` 根据 {what} 生成，要改请改那里 -->",
    )
