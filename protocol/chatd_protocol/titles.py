"""Public groups and how they are found."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.values import Data, GroupId, PageSize, Title, View


class FindGroups(Data):
    """`group.find`: public groups whose title has all words of `text`, the largest first.

    Words are compared without regard to case and width, those with spaces between them by their beginning, Chinese,
    Japanese and Korean by their characters.
    """

    text: Title
    after: Annotated[str, Meta(max_length=80)] | None = None
    limit: PageSize = 20


class FoundGroup(View):
    """What anybody may see of a public group. `joined`: the caller is in it."""

    group: GroupId
    title: str
    members: int
    limit: int
    intro: str = ""
    avatar: str = ""
    joined: bool = False


class FoundGroups(View):
    """A page. `more` is the `after` of the next one."""

    groups: list[FoundGroup]
    more: str | None = None
