"""The operator's acts on invites. Their secrets are nowhere to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.core.invites import EndInvite
from chatd.core.refusal import Refused
from chatd.service.invites import view_invite
from chatd.store.invites import all_invites

PAGE: Final = 200


async def list_invites(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Invites of `group`, or of all groups, by id behind `after`; `more` is the next `after`."""
    group, after, hub = request.get("group"), request.get("after") or "", operator.hub
    if not isinstance(group, str | None) or not isinstance(after, str):
        raise TypeError("group, after: expected ids")
    async with hub.readers.snapshot() as reader:
        found = await all_invites(reader, group, after, PAGE + 1)
    shown = [{"group": one.group_id} | view_invite(one, void, hub.now_ms()) for one, void in found[:PAGE]]
    return {"invites": shown} | ({"more": found[PAGE - 1][0].invite_id} if len(found) > PAGE else {})


async def revoke_invite(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Take `invite` back. Raises `Refused`: `not_found`, `unavailable`."""
    if not isinstance(request["invite"], str):
        raise TypeError("invite: expected an id")
    verdict = await operator.hub.link.ask(EndInvite(request["invite"]))
    if verdict.answer is None:
        raise Refused(verdict.code, verdict.message, **verdict.details)
    return verdict.answer


ACTS: Final = {"invite.list": list_invites, "invite.revoke": revoke_invite}
