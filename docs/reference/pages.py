"""Which reference pages there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from docs.reference import Words, cli, entries, errors, metrics, ops, settings

PAGES: Final[dict[str, Callable[[Words], Iterator[str]]]] = {
    "cli": cli.lines,
    "settings": settings.lines,
    "ops": ops.lines,
    "entries": entries.lines,
    "errors": errors.lines,
    "metrics": metrics.lines,
}


def render(page: str, words: Words) -> str:
    """The page as it should be."""
    return "\n".join(PAGES[page](words)).rstrip("\n") + "\n"
