"""What was done by right, for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.admin.people import name_people, user_of
from chatd.service.moderation import view_audit
from chatd.store import audit as stored
from chatd.store.groups import group_by_id

PAGE_MAX: Final = 500


async def audit(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the audit log, the newest first, `before` a number, narrowed by `filters`. `subs`: what the people in
    it go by, `titles`: what its groups are called; `acts`, if nothing was found of the `act` that was asked for: which
    there are."""
    before, limit = request.get("before"), request.get("limit", PAGE_MAX)
    filters = {name: request.get("filters", {}).get(name) for name in stored.FILTERS}
    numbers = (before, limit, filters["since"], filters["until"])
    if not all(number is None or type(number) is int for number in numbers) or not 1 <= limit <= PAGE_MAX:
        raise TypeError(f"before, limit, since, until: expected integers, limit 1 to {PAGE_MAX}")
    if not all(value is None or isinstance(value, str | int) for value in filters.values()):
        raise TypeError("group, user, by, act: expected text")
    for name in ("user", "by"):
        if filters[name] not in (None, stored.OPERATOR):
            filters[name] = await user_of(operator, filters, name)
    async with operator.hub.readers.snapshot() as reader:
        rows = await stored.page(reader, before, limit + 1, filters)
        acts = await stored.acts(reader) if filters["act"] is not None and not rows and before is None else None
    shown: dict[str, Any] = {"rows": [view_audit(number, row) for number, row in rows[:limit]]}
    if acts is not None:
        shown["acts"] = acts
    named = {name for row in shown["rows"] for name in (row.get("by"), row.get("user")) if name}
    shown["subs"] = await name_people(operator, named)
    groups = {row["group"] for row in shown["rows"] if "group" in row}
    async with operator.hub.readers.snapshot() as reader:
        found = [await group_by_id(reader, group) for group in sorted(groups)]
    shown["titles"] = {group.id: group.title for group in found if group is not None}
    return shown | ({"more": rows[limit - 1][0]} if len(rows) > limit else {})


ACTS: Final = {"audit": audit}
