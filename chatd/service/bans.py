"""Banning people, lifting bans, and the list of them for admins."""

from __future__ import annotations

from typing import Any

from chatd.core.bans import BanMember, Unban
from chatd.core.refusal import Refused
from chatd.core.rights import RANK
from chatd.core.values import is_bot
from chatd.service.author import Author
from chatd.store import bans as stored
from chatd.store.chats import line_of
from chatd.store.readers import Reader
from chatd_protocol import bans as wire


def ban_member(request: wire.BanMember, author: Author) -> BanMember:
    """Ban."""
    return BanMember(author.user, request.cid, author.digest, request.group, request.user, request.reason, request.tell)


def unban_member(request: wire.UnbanMember, author: Author) -> Unban:
    """Lift a ban."""
    return Unban(author.user, request.cid, author.digest, request.group, request.user)


async def list_bans(reader: Reader, user: str, request: wire.ListBans) -> dict[str, Any]:
    """A page of those who are banned. Raises `Refused`: `not_found`, `forbidden` for those who are no admins."""
    line = await line_of(reader, user, request.group)
    if line is None:
        raise Refused("not_found")
    if line.group.direct or RANK[line.role] < RANK["admin"]:
        raise Refused("forbidden")
    rows = await stored.bans_page(reader, request.group, request.after or "", request.limit + 1)
    bans = []
    for other, by, at, reason, name, sub in rows[: request.limit]:
        optional = {"name": name, "by": by, "reason": reason, "bot": is_bot(sub)}
        bans.append({"user": other, "at": at} | {key: value for key, value in optional.items() if value})
    page: dict[str, Any] = {"bans": bans}
    if len(rows) > request.limit:
        page["more"] = bans[-1]["user"]
    return page
