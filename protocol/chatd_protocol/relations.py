"""Who follows whom, and who has blocked whom."""

from __future__ import annotations

from typing import Literal

from chatd_protocol.values import Cid, Data, GroupId, Millis, PageSize, UserId, View


class AddFollow(Data):
    """`follow.add`. Following again changes nothing."""

    user: UserId
    cid: Cid


class RemoveFollow(Data):
    """`follow.remove`. Nobody leaves a group by it; a direct chat of the two becomes read-only."""

    user: UserId
    cid: Cid


class FollowOk(View):
    """`mutual` is what the caller may know: a block by the other is not told."""

    user: UserId
    following: bool
    mutual: bool


class ListFollows(Data):
    """`follow.list`: people the caller follows, who follow the caller, or both; by id, ascending."""

    which: Literal["following", "followers", "mutual"] = "following"
    after: UserId | None = None
    limit: PageSize = 100


class Relation(View):
    user: UserId
    at: Millis
    name: str = ""
    bot: bool = False


class Relations(View):
    """A page. `more` is the `after` of the next one, absent on the last."""

    users: list[Relation]
    more: UserId | None = None


class AddBlock(Data):
    """`block.add`. The blocked cannot notice it: their own follow stays in their own lists."""

    user: UserId
    cid: Cid


class RemoveBlock(Data):
    """`block.remove`."""

    user: UserId
    cid: Cid


class BlockOk(View):
    user: UserId
    blocked: bool


class ListBlocks(Data):
    """`block.list`: people the caller has blocked, by id, ascending."""

    after: UserId | None = None
    limit: PageSize = 100


class SuggestMembers(Data):
    """`member.suggest`: whom the caller could pull into a group now: mutual, not in it, not banned."""

    group: GroupId
    limit: PageSize = 50


class Suggestion(View):
    """`common`: in how many groups both are."""

    user: UserId
    common: int
    name: str = ""


class Suggestions(View):
    """Those with most in common first."""

    users: list[Suggestion]
