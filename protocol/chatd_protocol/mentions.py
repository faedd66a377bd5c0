"""Where somebody was mentioned."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.log import AnyEntry
from chatd_protocol.values import Data, GroupId, PageSize, View


class ListMentions(Data):
    """`mention.list`: messages that mention the caller, or everybody, over all groups that the caller is in, newest
    first. `after` is the `more` of the page before."""

    after: Annotated[str, Meta(max_length=120)] | None = None
    limit: PageSize = 50


class Mention(View):
    """A message that mentions the caller, as it is now."""

    group: GroupId
    entry: AnyEntry


class Mentions(View):
    mentions: list[Mention]
    more: str | None = None
