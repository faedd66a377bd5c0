"""The operator's acts on groups and on those in them. Each is decided in the commit and written into the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.admin.people import user_of
from chatd.core.bans import Expel, Pardon
from chatd.core.dissolution import Disband
from chatd.core.ownership import Appoint
from chatd.core.refusal import Refused
from chatd.core.wishes import AnyWish
from chatd.service import groups as service
from chatd.store import bans as stored_bans
from chatd.store import groups as stored
from chatd.store.users import users_named

PAGE_MAX: Final = 1000
REASON_MAX: Final = 200


async def list_groups(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of all groups, by id above `after`."""
    limit = page_of(request)
    async with operator.hub.readers.snapshot() as reader:
        groups = await stored.groups_page(reader, text_of(request, "after", ""), limit + 1)
    page: dict[str, Any] = {"groups": [service.view_row(group) for group in groups[:limit]]}
    return page | ({"more": groups[limit - 1].id} if len(groups) > limit else {})


async def show_group(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A group as its row says, and who owns it. Nothing that was written in it."""
    async with operator.hub.readers.snapshot() as reader:
        group = await stored.group_by_id(reader, text_of(request, "group"))
        if group is None:
            raise Refused("not_found")
        owner = await stored.owner_of(reader, group.id)
        subs = [user.sub for user in await users_named(reader, [owner] if owner is not None else [], [])]
    return service.view_row(group) | {"owner": owner} | ({"owner_sub": subs[0]} if subs else {})


async def dissolve_group(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """End a group."""
    return await commit(operator, Disband(text_of(request, "group")))


async def transfer_group(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Give a group to the member with this `sub`."""
    return await commit(operator, Appoint(text_of(request, "group"), await user_of(operator, request)))


async def list_members(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of who is in a group, by id above `after`; with `banned`, of who is banned."""
    limit, group, after = page_of(request), text_of(request, "group"), text_of(request, "after", "")
    async with operator.hub.readers.snapshot() as reader:
        if await stored.group_by_id(reader, group) is None:
            raise Refused("not_found")
        if request.get("banned"):
            banned = await stored_bans.bans_page(reader, group, after, limit + 1)
            people = [
                {"user": user, "sub": sub, "name": name, "by": by, "at": at, "reason": why}
                for user, by, at, why, name, sub in banned
            ]
        else:
            rows = await stored.members_page(reader, group, after, limit + 1)
            people = [{"user": row[0], "sub": row[9], "name": row[3], "role": row[1], "since": row[2]} for row in rows]
    page: dict[str, Any] = {"members": people[:limit]}
    return page | ({"more": people[limit - 1]["user"]} if len(people) > limit else {})


async def kick_member(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Put the member with this `sub` out, with a `reason`; `ban`: for good; `tell`: they are told why."""
    reason = text_of(request, "reason", "")
    if len(reason) > REASON_MAX:
        raise TypeError(f"reason: at most {REASON_MAX} characters")
    ban, tell = bool(request.get("ban")), bool(request.get("tell"))
    return await commit(operator, Expel(text_of(request, "group"), await user_of(operator, request), reason, ban, tell))


async def unban_member(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Lift a ban, whoever made it."""
    return await commit(operator, Pardon(text_of(request, "group"), await user_of(operator, request)))


async def commit(operator: Operator, wish: AnyWish) -> dict[str, Any]:
    """Have it decided. Raises `Refused`."""
    verdict = await operator.hub.link.ask(wish)
    if verdict.answer is None:
        raise Refused(verdict.code, verdict.message, **verdict.details)
    return verdict.answer


def text_of(request: Mapping[str, Any], name: str, otherwise: str | None = None) -> str:
    """A field that is text; without `otherwise` it has to be there. Raises KeyError, TypeError."""
    value = request[name] if otherwise is None else request.get(name) or otherwise
    if not (isinstance(value, str) and value.isprintable()):
        raise TypeError(f"{name}: expected printable text")
    return value


def page_of(request: Mapping[str, Any]) -> int:
    """How many are to be listed. Raises TypeError."""
    limit = request.get("limit", 100)
    if not (isinstance(limit, int) and 1 <= limit <= PAGE_MAX):
        raise TypeError(f"limit: expected 1 to {PAGE_MAX}")
    return limit


ACTS: Final = {
    "group.list": list_groups,
    "group.show": show_group,
    "group.dissolve": dissolve_group,
    "group.transfer": transfer_group,
    "member.list": list_members,
    "member.kick": kick_member,
    "member.unban": unban_member,
}
