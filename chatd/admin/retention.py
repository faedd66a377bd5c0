"""The operator's acts of retention: what would go, letting it go, how far that is, and choosing for a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.groups import commit, page_of, text_of
from chatd.admin.operator import Operator
from chatd.core.refusal import Refused
from chatd.core.retention import DAYS_MAX, NoteRetention, SetRetention
from chatd.service.retention import plan_of
from chatd.store import retention as stored
from chatd.store.readers import Reader
from chatd.store.retention import Due


async def plan(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """What would go now: of one `group`, or of those of a page of all groups in which something would, by id behind
    `after`. `more` is the next `after`."""
    name, after, limit = text_of(request, "group", ""), text_of(request, "after", ""), page_of(request)
    now_ms, settings = operator.retention.now_ms(), operator.retention.settings

    async def read(reader: Reader) -> tuple[list[Due], list[dict[str, Any]]]:
        found = await _named(reader, name) if name else await stored.groups_after(reader, after, limit)
        return found, [await plan_of(reader, due, settings, now_ms) for due in found]

    found, plans = await operator.hub.readers.read(read)
    groups = [one for one in plans if one["messages"] or (name and one["kept"])]
    return _settings(operator) | {"groups": groups} | _more(found, name, limit)


async def run(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Let it go: in one `group`, or in all."""
    name = text_of(request, "group", "") or None
    if name is not None:
        await operator.hub.readers.read(lambda reader: _named(reader, name))
    operator.retention.check_free()
    await commit(operator, NoteRetention(name))  # first: nothing goes that no row of the audit log speaks of
    return operator.retention.begin(name)


async def status(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """How far that is: the `run` of that name, or the present or last one."""
    return operator.retention.progress(text_of(request, "run", ""))


async def show(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the server says, and for how many `days` messages are kept in one `group`, or in those of a page of the
    groups for which it was chosen; 0 is for ever, none as the server says."""
    name, after, limit = text_of(request, "group", ""), text_of(request, "after", ""), page_of(request)
    found = await operator.hub.readers.read(
        lambda reader: _named(reader, name) if name else stored.chosen_after(reader, after, limit)
    )
    groups = [{"group": one.group, "title": one.title, "days": one.keep_days, "floor": one.floor} for one in found]
    return _settings(operator) | {"groups": groups} | _more(found, name, limit)


async def choose(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """For how many `days` a `group` keeps its messages: 0 is for ever, none as the server says."""
    days = request.get("days")
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= DAYS_MAX):
        raise TypeError(f"days: expected 0 to {DAYS_MAX}, or none")
    return await commit(operator, SetRetention(text_of(request, "group"), days))


async def _named(reader: Reader, group: str) -> list[Due]:
    due = await stored.group_at(reader, group)
    if due is None:
        raise Refused("not_found")
    return [due]


def _settings(operator: Operator) -> dict[str, Any]:
    settings = operator.retention.settings
    return {"days": settings.days, "keep_pinned": settings.keep_pinned}


def _more(found: list[Due], name: str, limit: int) -> dict[str, Any]:
    return {"more": found[-1].group} if len(found) == limit and not name else {}


ACTS: Final = {
    "retention.plan": plan,
    "retention.run": run,
    "retention.status": status,
    "retention.show": show,
    "retention.set": choose,
}
