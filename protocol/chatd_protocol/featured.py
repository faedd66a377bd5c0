"""Featured posts (精华): what a group holds to be worth keeping."""

from __future__ import annotations

from chatd_protocol.log import AnyEntry
from chatd_protocol.values import Cid, Cursor, Data, GroupId, Millis, PageSize, Pos, Remark, UserId, View


class AddFeatured(Data):
    """`feature.add`: make a message a featured post, or change its note; needs the right `feature`."""

    group: GroupId
    pos: Pos
    cid: Cid
    note: Remark = ""


class RemoveFeatured(Data):
    """`feature.remove`."""

    group: GroupId
    pos: Pos
    cid: Cid


class FeatureOk(View):
    """`pos`: the entry that says so; absent if nothing changed."""

    group: GroupId
    target: Pos
    pos: Pos | None = None


class ListFeatured(Data):
    """`feature.list`: the featured posts that the caller may see, the newest message first, from below `before`."""

    group: GroupId
    before: Pos | None = None
    limit: PageSize = 50


class FeaturedPost(View):
    """A featured post, as it is now."""

    entry: AnyEntry
    by: UserId
    at: Millis
    note: str = ""


class FeaturedPosts(View):
    """`more`: the `before` of the next page. `as_of`: the state after this entry."""

    posts: list[FeaturedPost]
    as_of: Cursor
    more: Pos | None = None
