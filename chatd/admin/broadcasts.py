"""The operator's acts on broadcasts, and on single posts to one group.

A broadcast is planned (`broadcast.plan`), aimed portion by portion (`broadcast.aim`) and started (`broadcast.start`).
Each may be done again: whoever was interrupted begins anew with the same id.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from chatd.admin.groups import commit, page_of, text_of
from chatd.admin.operator import Operator
from chatd.admin.people import user_of
from chatd.core.broadcasts import (
    AimBroadcast,
    CancelBroadcast,
    PlanBroadcast,
    PostNotice,
    StartBroadcast,
    view_broadcast,
)
from chatd.core.refusal import Refused
from chatd.core.users import EnsureUser
from chatd.hub.broadcasts import JOB
from chatd.store import broadcasts as stored
from chatd.store.groups import group_by_id
from chatd.store.users import user_by_sub
from chatd_protocol import messages as wire
from chatd_protocol.codec import Invalid, shape

AIM_MAX: Final = 200
"""Groups of one proposal."""
TAGGED_MAX: Final = 20
"""Groups whose people are looked through at once for a tag."""
ID_MAX: Final = 64
KINDS: Final = frozenset({"notice", "text", "video_card", "product_card"})
OPERATOR_SUB: Final = "chatd:operator"
"""Whose name stands on posts of the operator's, unless somebody else is named. They cannot sign in."""
OPERATOR_NAME: Final = "Operator 运营方"
_A_GROUP: Final = "g" + "A" * 22


async def plan(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """There is a `broadcast` of this `kind` and `body`, by the user of `sub` or in the operator's own name. `dry`: it
    is only said whether there could be."""
    broadcast_id, (kind, body), dry = _id_of(request), _content_of(request), request.get("dry", False)
    if not isinstance(dry, bool):
        raise TypeError("dry: expected true or false")
    sender = await _sender_of(operator, request, make=not dry)
    asked = shape({"group": _A_GROUP, "cid": "A" * 22, "kind": kind, "body": body}, wire.SendMessage)
    digest = operator.hub.digester.digest(f"broadcast {sender}", asked).hex()
    return await commit(operator, PlanBroadcast(broadcast_id, digest, kind, sender, body, dry))


async def aim(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """The next portion of groups: `groups` as they are named, else all of them behind `after`, or those with somebody
    who has `tag`. Counts only (`found`, and which of those named are `unknown`), unless there is a `broadcast` to aim.
    `more` is the next `after`."""
    named, more = request.get("groups"), None
    if named is None:
        tag = text_of(request, "tag", "") or None
        async with operator.hub.readers.snapshot() as reader:
            after, now_ms = text_of(request, "after", ""), operator.hub.now_ms()
            most = AIM_MAX if tag is None else TAGGED_MAX
            named, more = await stored.groups_to_aim_at(reader, tag, now_ms, after, most)
    if not isinstance(named, list) or len(named) > AIM_MAX or not all(_is_id(one) for one in named):
        raise TypeError(f"groups: expected at most {AIM_MAX} ids")
    answer: dict[str, Any] = {"found": len(named)} | ({} if more is None else {"more": more})
    if request.get("broadcast") is None and request.get("groups") is not None:
        async with operator.hub.readers.snapshot() as reader:
            answer["unknown"] = [group for group in named if await group_by_id(reader, group) is None]
    if request.get("broadcast") is None or not named:
        return answer
    return answer | await commit(operator, AimBroadcast(_id_of(request), named))


async def start(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Let it go out."""
    started = await commit(operator, StartBroadcast(_id_of(request)))
    operator.hub.jobs.wake(JOB)
    return started


async def cancel(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Let it go to no further group."""
    return await commit(operator, CancelBroadcast(_id_of(request)))


async def show(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """How far it has come."""
    async with operator.hub.readers.snapshot() as reader:
        found = await stored.find_broadcast(reader, _id_of(request))
    if found is None:
        raise Refused("not_found")
    return view_broadcast(found)


async def list_broadcasts(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of all broadcasts, by id above `after`."""
    limit = page_of(request)
    async with operator.hub.readers.snapshot() as reader:
        found = await stored.broadcasts_page(reader, text_of(request, "after", ""), limit + 1)
    page = [view_broadcast(one) for one in found[:limit]]
    return {"broadcasts": page} | ({"more": page[-1]["broadcast"]} if len(found) > limit else {})


async def list_results(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of what came of each group, by group above `after`."""
    limit, broadcast_id = page_of(request), _id_of(request)
    async with operator.hub.readers.snapshot() as reader:
        if await stored.find_broadcast(reader, broadcast_id) is None:
            raise Refused("not_found")
        found = await stored.results_page(reader, broadcast_id, text_of(request, "after", ""), limit + 1)
    page = [
        {"group": one.group_id, "result": one.result or "waiting"} | ({} if one.pos is None else {"pos": one.pos})
        for one in found[:limit]
    ]
    return {"results": page} | ({"more": page[-1]["group"]} if len(found) > limit else {})


async def post_notice(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Post to one `group`, by the user of `sub` or in the operator's own name."""
    group, (kind, body) = text_of(request, "group"), _content_of(request)
    sender = await _sender_of(operator, request)
    return await commit(operator, PostNotice(group, sender, kind, body, secrets.token_urlsafe(16)))


async def _sender_of(operator: Operator, request: Mapping[str, Any], *, make: bool = True) -> str:
    """Empty if it would have to be made and is not to be."""
    if request.get("sub"):
        return await user_of(operator, request)
    async with operator.hub.readers.snapshot() as reader:
        known = await user_by_sub(reader, OPERATOR_SUB)
    if known is not None:
        return known.id
    if not make:
        return ""
    wish = EnsureUser(operator.hub.new_id("u"), OPERATOR_SUB, OPERATOR_NAME, disabled=True)
    return str((await commit(operator, wish))["user"])


def _content_of(request: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What is to be posted, within the bounds of the wire. Raises `Invalid` naming the field."""
    kind = text_of(request, "kind", "notice")
    if kind not in KINDS:
        raise Invalid("kind", f"`kind`: expected one of {', '.join(sorted(KINDS))}")
    try:
        asked = shape({"group": _A_GROUP, "cid": "A" * 22, "kind": kind, "body": request.get("body")}, wire.SendMessage)
    except Invalid as problem:
        path = problem.path.removeprefix("$.data.")
        raise Invalid(path, f"`{path}`: {problem.problem}") from None
    body: dict[str, Any] = msgspec.to_builtins(asked.body)
    if body.get("menu") is not None or body.get("entities"):
        raise Invalid("body", "`body`: without buttons and marked parts")
    return kind, {name: value for name, value in body.items() if value not in (None, [])}


def _id_of(request: Mapping[str, Any]) -> str:
    broadcast_id = text_of(request, "broadcast")
    if not 1 <= len(broadcast_id) <= ID_MAX:
        raise TypeError(f"broadcast: expected 1 to {ID_MAX} characters")
    return broadcast_id


def _is_id(group: object) -> bool:
    return isinstance(group, str) and 1 <= len(group) <= ID_MAX and group.isprintable()


ACTS: Final = {
    "broadcast.plan": plan,
    "broadcast.aim": aim,
    "broadcast.start": start,
    "broadcast.cancel": cancel,
    "broadcast.show": show,
    "broadcast.list": list_broadcasts,
    "broadcast.results": list_results,
    "group.notice": post_notice,
}
