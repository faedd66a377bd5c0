"""Keeping a group quiet, and the log of what admins did."""

from __future__ import annotations

from typing import Any

from chatd.core.moderation import RestrictGroup, RestrictMember, SlowDown, UnrestrictMember
from chatd.core.refusal import Refused
from chatd.core.rights import RANK
from chatd.core.values import Audited
from chatd.service.author import Author
from chatd.store import audit as stored
from chatd.store import chats as stored_chats
from chatd.store.readers import Reader
from chatd_protocol import moderation as wire


def restrict_member(request: wire.RestrictMember, author: Author) -> RestrictMember:
    """Somebody may not write for a while."""
    about = (request.group, request.user, request.for_s, request.reason, request.tell)
    return RestrictMember(author.user, request.cid, author.digest, *about)


def unrestrict_member(request: wire.UnrestrictMember, author: Author) -> UnrestrictMember:
    """They may again."""
    return UnrestrictMember(author.user, request.cid, author.digest, request.group, request.user)


def restrict_group(request: wire.RestrictGroup, author: Author) -> RestrictGroup:
    """Nobody below admin may write for a while."""
    return RestrictGroup(author.user, request.cid, author.digest, request.group, True, request.for_s, request.reason)


def unrestrict_group(request: wire.UnrestrictGroup, author: Author) -> RestrictGroup:
    """They may again."""
    return RestrictGroup(author.user, request.cid, author.digest, request.group, False, None, "")


def slow_down(request: wire.SlowDown, author: Author) -> SlowDown:
    """Slow mode."""
    return SlowDown(author.user, request.cid, author.digest, request.group, request.slow_s)


async def list_audit(reader: Reader, user: str, request: wire.ListAudit) -> dict[str, Any]:
    """A page of the audit log of a group, the newest first. Raises `Refused`: `not_found`, `forbidden`."""
    line = await stored_chats.line_of(reader, user, request.group)
    if line is None:
        raise Refused("not_found")
    if RANK[line.role] < RANK["admin"]:
        raise Refused("forbidden")
    filters = {"group": request.group, "user": request.user, "by": request.by, "act": request.act}
    rows = await stored.page(reader, request.before, request.limit + 1, filters)
    shown: dict[str, Any] = {"rows": [view_audit(number, row) for number, row in rows[: request.limit]]}
    if len(rows) > request.limit:
        shown["more"] = rows[request.limit - 1][0]
    return shown


def view_audit(number: int, row: Audited) -> dict[str, Any]:
    """A row as it is shown to whoever may see it. Without `by` it was the operator."""
    shown: dict[str, Any] = {"number": number, "at": row.at, "act": row.act}
    rest = {"by": row.by, "group": row.group, "user": row.user, "reason": row.reason, "details": row.details}
    return shown | {name: value for name, value in rest.items() if value}
