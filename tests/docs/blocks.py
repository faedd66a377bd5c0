"""The fenced blocks of a page, and what the page says of those that are not tried as they stand.

A comment in the line above a block marks it:

    <!-- stays: listening -->            a program that goes on; it has shown this when the next block begins
    <!-- ends with: 1 -->                the status of its last line, where that is not 0
    <!-- not run: REASON; checked: NAME -->   tried in another way, by a function of tests/docs/checks.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
READMES: Final = ("README.md", "README.zh-CN.md")
FENCE: Final = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n+)?^(?P<fence>`{3,})(?P<language>[\w{}-]*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ ]*$",
    re.DOTALL | re.MULTILINE,
)
NOT_RUN: Final = re.compile(r"not run: (.{10,}); checked: (\w+)")
STAYS: Final = re.compile(r"stays: (.+)")
ENDS: Final = re.compile(r"ends with: (\d+)")
MARKS: Final = (NOT_RUN, STAYS, ENDS)


@dataclass(frozen=True)
class Block:
    """One block: its language, its text, the line it begins at, and what is said of it."""

    language: str
    text: str
    line: int
    mark: str

    @property
    def check(self) -> str | None:
        """How it is tried instead of being run."""
        found = NOT_RUN.fullmatch(self.mark)
        return found[2] if found else None

    @property
    def stays(self) -> str | None:
        """What it shows once it is up, if it is a program that goes on."""
        found = STAYS.fullmatch(self.mark)
        return found[1] if found else None

    @property
    def status(self) -> int:
        """What its last line ends with."""
        found = ENDS.fullmatch(self.mark)
        return int(found[1]) if found else 0


def pages() -> list[str]:
    """Every page with blocks that a reader might try, by its path. What is made by a program has none."""
    paths = [*READMES, *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*/*.md")))]
    return [path for path in paths if any(blocks_of(path))]


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, in order; those for the generator of the site are none."""
    return list(blocks_in((ROOT / page).read_text(encoding="utf-8")))


def blocks_in(text: str) -> Iterator[Block]:
    for found in FENCE.finditer(text):
        if not found["language"].startswith("{"):
            yield Block(
                found["language"], found["text"], text.count("\n", 0, found.start("fence")) + 1, found["mark"] or ""
            )


def logical_lines(text: str) -> Iterator[str]:
    """The lines of a shell: comments left out, what a backslash or a here-document continues in one piece."""
    lines = iter(text.splitlines())
    for first in lines:
        line = first
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        while line.endswith("\\"):
            line = f"{line}\n{next(lines)}"
        if end := re.search(r"<<-?'?(\w+)'?", line):
            for more in lines:
                line = f"{line}\n{more}"
                if more.strip() == end[1]:
                    break
        yield line
