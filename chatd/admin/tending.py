"""The operator's acts in groups, in place of their owner and admins: members, settings, requests, bans, invites."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from chatd.admin.groups import commit, page_of, text_of
from chatd.admin.operator import Operator
from chatd.admin.people import name_people, user_of
from chatd.core.refusal import Refused
from chatd.core.tending import Adjust, Admit, Assign, Enlist, FoundFor, Hush, InviteFor, Silence
from chatd.service import groups as service
from chatd.service import invites as service_of_invites
from chatd.service.author import Author
from chatd.store import bans as stored_bans
from chatd.store import groups as stored
from chatd.store import invites as stored_invites
from chatd_protocol import groups as wire
from chatd_protocol import invites as wire_of_invites
from chatd_protocol import moderation as wire_of_moderation
from chatd_protocol.codec import Invalid, shape

T = TypeVar("T")
ROLES: Final = frozenset({"member", "admin", "silent"})


async def create_group(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A group for the user of `sub`, who owns it: `kind` (private or public), `title`, `intro`, `history`, `limit`."""
    owner = await user_of(operator, request)
    asked = _asked(request, wire.CreateGroup, ("kind", "title", "intro", "history", "limit"), {"kind": "private"})
    if asked.kind == "direct":
        raise Invalid("kind", "`kind`: expected private or public")
    made = service.create_group(asked, _author(operator, owner))
    return await commit(operator, FoundFor(*msgspec.structs.astuple(made)))


async def update_group(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Change a group's `title`, `intro`, `history`, `limit` or `rules`."""
    names = ("title", "intro", "history", "limit", "rules")
    asked = _asked(request, wire.UpdateGroup, names, {"group": text_of(request, "group")})
    changes = [getattr(asked, name) for name in names]
    if all(change is None for change in changes):
        raise Invalid("title", f"names nothing to change: {', '.join(names)}")
    return await commit(operator, Adjust(asked.group, *changes))


async def restrict_group(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody below admin may write (`on`), for `for_s` seconds or until that is lifted; or they may again."""
    asked = _asked(request, wire_of_moderation.RestrictGroup, ("for_s", "reason"), {"group": text_of(request, "group")})
    return await commit(operator, Hush(asked.group, _on(request), asked.for_s, asked.reason))


async def restrict_member(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """The member with this `sub` may not write (`on`), for `for_s` seconds or until it is lifted; or they may again."""
    user, group = await user_of(operator, request), text_of(request, "group")
    named = {"group": group, "user": user}
    asked = _asked(request, wire_of_moderation.RestrictMember, ("for_s", "reason", "tell"), named)
    return await commit(operator, Silence(group, user, _on(request), asked.for_s, asked.reason, asked.tell))


async def add_member(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """The user of `sub` is in the group, as `role`."""
    role = _role(request, "member")
    return await commit(operator, Enlist(text_of(request, "group"), await user_of(operator, request), role))


async def set_role(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """The member with this `sub` has another `role`, which is not the owner's."""
    return await commit(
        operator, Assign(text_of(request, "group"), await user_of(operator, request), _role(request, None))
    )


async def list_requests(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Requests that wait, of one `group` or of all, by group and user, behind `after`."""
    limit, group = page_of(request), text_of(request, "group", "")
    after = _place(request)
    async with operator.hub.readers.snapshot() as reader:
        rows = await stored_invites.waiting_page(reader, group or None, after, limit + 1)
    shown = [
        {"group": of, "user": user, "sub": sub, "name": name, "number": number, "at": at, "answer": answer}
        for of, user, sub, name, number, at, answer in rows[:limit]
    ]
    return {"requests": shown} | _more(rows, limit)


async def approve_request(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Let in the user of `sub`, who asked."""
    return await commit(operator, Admit(text_of(request, "group"), await user_of(operator, request), True))


async def decline_request(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Do not let in the user of `sub`, who asked."""
    return await commit(operator, Admit(text_of(request, "group"), await user_of(operator, request), False))


async def list_bans(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Bans of all groups, of one `group` or of the user of `sub`, by group and user, behind `after`."""
    limit, group = page_of(request), text_of(request, "group", "")
    user = await user_of(operator, request) if request.get("sub") else None
    after = _place(request)
    async with operator.hub.readers.snapshot() as reader:
        rows = await stored_bans.all_bans(reader, group or None, user, after, limit + 1)
    shown = [
        {"group": of, "user": one, "sub": sub, "name": name, "by": by, "at": at, "reason": reason}
        for of, one, sub, name, by, at, reason in rows[:limit]
    ]
    subs = await name_people(operator, {one["by"] for one in shown if one["by"]})
    for one in shown:
        one["by_sub"] = subs.get(one["by"])
    return {"bans": shown} | _more(rows, limit)


async def create_invite(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """An invite in the name of a group's owner: `kind` link or code, `role`, `expires_in` (s), `max_uses`, `approval`,
    `note`. The answer has its secret, once."""
    group = text_of(request, "group")
    async with operator.hub.readers.snapshot() as reader:
        owner = await stored.owner_of(reader, group)
    if owner is None:
        raise Refused("not_found")
    names = ("kind", "role", "expires_in", "max_uses", "approval", "note")
    asked = _asked(request, wire_of_invites.CreateInvite, names, {"group": group, "kind": "link"})
    if asked.kind not in ("link", "code"):
        raise Invalid("kind", "`kind`: expected link or code")
    author = _author(operator, owner)
    made = service_of_invites.create_invite(asked, author)
    answer = await commit(operator, InviteFor(*msgspec.structs.astuple(made)))
    return service_of_invites.reveal(answer, asked, author, operator.hub.settings.public_url)


def _author(operator: Operator, user: str) -> Author:
    """Somebody in whose name the operator acts, once: nobody repeats it."""
    hub = operator.hub
    return Author(user, hub.now_ms(), secrets.token_bytes(16), hub.new_id, hub.secrets)


def _asked(request: Mapping[str, Any], kind: type[T], names: tuple[str, ...], fixed: dict[str, Any]) -> T:
    """What the wire would take, with the bounds that it has there. Raises `Invalid` naming the field."""
    named = {name: request[name] for name in names if request.get(name) is not None}
    try:
        return shape({"cid": secrets.token_urlsafe(16)} | fixed | named, kind)
    except Invalid as problem:
        path = problem.path.removeprefix("$.data.")
        raise Invalid(path, f"`{path}`: {problem.problem}") from None


def _on(request: Mapping[str, Any]) -> bool:
    on = request.get("on", True)
    if not isinstance(on, bool):
        raise TypeError("on: expected true or false")
    return on


def _role(request: Mapping[str, Any], otherwise: str | None) -> str:
    role = text_of(request, "role", otherwise)
    if role not in ROLES:
        raise TypeError("role: expected member, admin or silent")
    return role


def _place(request: Mapping[str, Any]) -> tuple[str, str]:
    """A place in a list by group and user."""
    group, _, user = text_of(request, "after", "").partition(":")
    return group, user


def _more(rows: list[Any], limit: int) -> dict[str, Any]:
    return {"more": f"{rows[limit - 1][0]}:{rows[limit - 1][1]}"} if len(rows) > limit else {}


ACTS: Final = {
    "group.create": create_group,
    "group.update": update_group,
    "group.restrict": restrict_group,
    "member.restrict": restrict_member,
    "member.add": add_member,
    "member.role": set_role,
    "request.list": list_requests,
    "request.approve": approve_request,
    "request.decline": decline_request,
    "ban.list": list_bans,
    "invite.create": create_invite,
}
