"""The operator's acts on users and on the server as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.groups import REASON_MAX
from chatd.admin.operator import Operator
from chatd.admin.people import NAME_MAX, person_of
from chatd.core.profiles import SetTag
from chatd.core.refusal import Refused
from chatd.core.values import User, is_bot
from chatd.service.persons import check_person
from chatd.service.users import view_user
from chatd.store import users as stored
from chatd.store.audit import last_reasons
from chatd.store.groups import groups_of_user
from chatd.store.totals import count_all
from chatd_protocol.codec import Invalid
from chatd_protocol.values import SAFE_INTEGER_MAX

_PAGE_MAX: Final = 1000
_PLACES_MAX: Final = 50
_TAG_MAX: Final = 32
_DISABLE: Final = "user.disable"


async def stats(operator: Operator, _: Mapping[str, Any]) -> dict[str, Any]:
    """What the server is doing, and in `…_all` how many there are in the database."""
    async with operator.hub.readers.snapshot() as reader:
        totals = {f"{name}_all": count for name, count in (await count_all(reader)).items()}
    named = {"url": operator.url, "epoch": operator.hub.life.epoch, "pid": os.getpid()}
    return totals | operator.hub.figures() | named


async def revoke(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse the tokens issued so far for `sub`, perhaps only on one `device`."""
    user, device = await person_of(operator, request), request.get("device")
    if not (isinstance(device, str | None) and str(device).isprintable()):
        raise TypeError("device: expected printable text")
    return {"closed": await operator.hub.revoke(user.id, device)}


async def add_user(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """There is a user for `sub` with this `name`."""
    sub, name = check_person(request["sub"], request.get("name") or "")
    if is_bot(sub):
        raise Invalid("sub", "`bot:` begins the `sub` of bots, which `chatd bot create` makes")
    hub = operator.hub
    return {"user": await hub.ensure_user(sub, name, issued_at=hub.now_ms(), act="user.add")}


async def list_users(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the users, by id above `after`: all, only the `disabled`, only those with `words` in name or `sub`.

    Who is disabled has the `reason`, if there is one.
    """
    after, limit = request.get("after") or "", request.get("limit", 100)
    if not isinstance(after, str) or not isinstance(limit, int) or not 1 <= limit <= _PAGE_MAX:
        raise TypeError(f"after, limit: expected an id and 1 to {_PAGE_MAX}")
    disabled, words = request.get("disabled", False), request.get("words") or ""
    if not isinstance(disabled, bool) or not isinstance(words, str) or len(words) > NAME_MAX:
        raise TypeError(f"words, disabled: at most {NAME_MAX} characters, and true or false")
    async with operator.hub.readers.snapshot() as reader:
        found = await stored.users_page(reader, after, limit + 1, disabled=disabled, words=words)
        reasons = await last_reasons(reader, [user.id for user in found if user.disabled], _DISABLE)
    shown = [view_user(user, operator.hub.now_ms(), 0) | _beside(user, reasons) for user in found[:limit]]
    page: dict[str, Any] = {"users": shown}
    return page | ({"more": found[limit - 1].id} if len(found) > limit else {})


async def show_user(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the user of `sub`, and the first of what they are in."""
    hub, user = operator.hub, await person_of(operator, request)
    async with hub.readers.snapshot() as reader:
        places = await groups_of_user(reader, user.id, _PLACES_MAX)
        reasons = await last_reasons(reader, [user.id] if user.disabled else [], _DISABLE)
        seen = (await stored.last_seen(reader, [user.id])).get(user.id, 0)
    shown = view_user(user, hub.now_ms(), max(seen, hub.seen_here(user.id))) | _beside(user, reasons)
    connections = len(hub.people[user.id].sessions) if user.id in hub.people else 0
    shown |= {"created": user.created_at, "groups": user.groups, "connections": connections}
    names = ("group", "title", "kind", "role")
    return shown | {"memberships": [dict(zip(names, place, strict=True)) for place in places]}


async def disable_user(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Shut the user of `sub` out (`on`), for a `reason`, or let them in again."""
    user, on, reason = await person_of(operator, request), request["on"], request.get("reason", "")
    if not isinstance(on, bool):
        raise TypeError("on: expected true or false")
    if not isinstance(reason, str) or len(reason) > REASON_MAX:
        raise TypeError(f"reason: at most {REASON_MAX} characters")
    return {"user": user.id, "disabled": on, "closed": await operator.hub.disable(user.id, on, reason)}


def _beside(user: User, reasons: Mapping[str, str]) -> dict[str, Any]:
    """What operators see of somebody besides."""
    reason = {"reason": reasons[user.id]} if user.id in reasons else {}
    return reason | ({"erased": True} if user.erased_at is not None else {})


async def tag_user(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Give the user of `sub` a `tag` (`on`), until `until` or for good, or take it away."""
    user, tag, until, on = await person_of(operator, request), request["tag"], request.get("until"), request["on"]
    if not isinstance(tag, str) or not 1 <= len(tag) <= _TAG_MAX or not tag.isprintable() or not isinstance(on, bool):
        raise TypeError(f"tag, on: expected 1 to {_TAG_MAX} printable characters, and true or false")
    if until is not None and (type(until) is not int or not 0 <= until <= SAFE_INTEGER_MAX):
        raise TypeError("until: expected milliseconds")
    verdict = await operator.hub.link.ask(SetTag(user.id, tag, until, on))
    if verdict.answer is None:
        raise Refused(verdict.code)
    return verdict.answer


ACTS: Final = {
    "stats": stats,
    "revoke": revoke,
    "user": add_user,
    "user.list": list_users,
    "user.show": show_user,
    "user.disable": disable_user,
    "user.tag": tag_user,
}
