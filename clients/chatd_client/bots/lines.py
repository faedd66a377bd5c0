"""A text with mentions and links in it, put together piece by piece, so that nobody counts offsets."""

from __future__ import annotations

from typing import Self

from chatd_protocol.kinds import Entity


class Line:
    """`Line("Welcome, ").mention(user, "Ann").add("! See ").link("the rules", "https://…")`."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.entities: list[Entity] = []

    def add(self, text: str) -> Self:
        """Words."""
        self.text += text
        return self

    def mention(self, user: str, name: str) -> Self:
        """`@name`, which tells that person."""
        return self._part(f"@{name}", user=user)

    def everybody(self, word: str = "all") -> Self:
        """`@all`, which tells every member; where one may."""
        return self._part(f"@{word}", everybody=True)

    def link(self, words: str, url: str) -> Self:
        """Words that lead somewhere."""
        return self._part(words, url=url)

    def _part(self, shown: str, *, user: str | None = None, everybody: bool = False, url: str | None = None) -> Self:
        self.entities.append(Entity(len(self.text), len(shown), user=user, all=everybody, url=url))
        self.text += shown
        return self
