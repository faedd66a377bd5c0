"""The operator's act of erasing a person: what would go, beginning it, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.admin.people import person_of
from chatd.core.refusal import Refused
from chatd.service.erasure import plan_of
from chatd.store import erasing as stored


async def erase(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """What would go of `user` (however they are named); with `yes` it begins to go."""
    user = await person_of(operator, request, "user")
    if not isinstance(request.get("yes", False), bool):
        raise TypeError("yes: expected true or false")
    plan = await operator.hub.readers.read(lambda reader: plan_of(reader, user.id))
    plan = {"user": user.id, "sub": user.sub, "name": user.name} | plan
    if not request.get("yes"):
        return plan
    return plan | await operator.hub.erasing.begin(user.id)


async def status(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """How far the erasure of `user` is."""
    user = await person_of(operator, request, "user")
    if user.erased_at is None:
        raise Refused("not_found", "Nobody has begun to erase this person.")
    going = {erasure.user_id for erasure in await operator.hub.readers.read(stored.erasures)}
    if user.id not in going and not operator.hub.erasing.is_ending(user.id):
        return {"user": user.id, "at": user.erased_at, "stage": "done", "done": 1, "total": 1}
    return {"user": user.id, "at": user.erased_at} | operator.hub.erasing.progress(user.id)


ACTS: Final = {"erase": erase, "erase.status": status}
