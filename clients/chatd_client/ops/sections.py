"""Sections of a group: places with numbers, unread counts and rights of their own."""

from __future__ import annotations

from collections.abc import Sequence

from chatd_client.ops.asks import Asks
from chatd_protocol import groups, sections
from chatd_protocol.values import SectionKind


class SectionOps(Asks):
    """Part of `Client`. Section 0 is the main one, which every group has."""

    async def create_section(
        self, group: str, title: str, kind: SectionKind = "chat", intro: str = ""
    ) -> sections.SectionOk:
        """Make one, behind the others. `section_limit` if as many are open as may be."""
        return await self.ask(sections.CreateSection(group, self.new_cid(), kind, title, intro), sections.SectionOk)

    async def update_section(
        self,
        group: str,
        section: int,
        *,
        title: str | None = None,
        intro: str | None = None,
        kind: SectionKind | None = None,
        closed: bool | None = None,
    ) -> sections.SectionOk:
        """Change what is given; a closed one can be read and is not written in."""
        wish = sections.UpdateSection(group, section, self.new_cid(), title, intro, kind, closed)
        return await self.ask(wish, sections.SectionOk)

    async def order_sections(self, group: str, numbers: Sequence[int]) -> sections.SectionOk:
        """The open sections, each once, in their new order."""
        return await self.ask(sections.OrderSections(group, self.new_cid(), list(numbers)), sections.SectionOk)

    async def list_sections(self, group: str) -> list[groups.SectionLine]:
        """All sections as they stand for the caller, closed ones last."""
        return (await self.ask(sections.ListSections(group), sections.Sections)).sections
