"""Sections of a group: places of its log with numbers, unread counts and rights of their own."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.codec import Invalid
from chatd_protocol.groups import SectionLine
from chatd_protocol.values import (
    Cid,
    Data,
    GroupId,
    Nickname,
    Pos,
    SectionIntro,
    SectionKind,
    SectionNumber,
    SectionTitle,
    View,
)

ORDERED_MAX = 20


class CreateSection(Data):
    """`section.create`: a section behind the others; needs the right `sections`. A direct chat has none.

    With the main one there are five open ones at most: the sixth is refused with `section_limit`.
    """

    group: GroupId
    cid: Cid
    kind: SectionKind
    title: SectionTitle
    intro: SectionIntro = ""


class UpdateSection(Data):
    """`section.update`: change what is named, at least one field; needs the right `sections`.

    What was said in a section that is `closed` can be read and searched, and taken back; nothing new is said there.
    Opening it again counts like a new one. The main section stays an open chat.
    """

    group: GroupId
    section: SectionNumber
    cid: Cid
    title: Nickname | None = None
    intro: SectionIntro | None = None
    kind: SectionKind | None = None
    closed: bool | None = None

    def checked(self, where: str) -> UpdateSection:
        if self.title is None and self.intro is None and self.kind is None and self.closed is None:
            raise Invalid(where, "Names nothing to change: title, intro, kind or closed")
        return self


class OrderSections(Data):
    """`section.order`: the open sections in their new order, each once; needs the right `sections`."""

    group: GroupId
    cid: Cid
    sections: Annotated[list[SectionNumber], Meta(min_length=1, max_length=ORDERED_MAX)]


class SectionOk(View):
    """`pos`: the entry that says so; absent if nothing changed."""

    group: GroupId
    pos: Pos | None = None
    section: SectionNumber | None = None


class ListSections(Data):
    """`section.list`: all sections of a group, closed ones last."""

    group: GroupId


class Sections(View):
    sections: list[SectionLine]
