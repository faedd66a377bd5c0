"""The operator's acts on who follows whom: imports, single edges, and why somebody may be pulled in or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.admin.people import person_of, user_of
from chatd.core.follows import REFUSED, CheckPull, ForgetImport
from chatd.core.refusal import Refused
from chatd.service.follows import Follows, check_import, read_edge, read_portion, view_import
from chatd.store import follows as stored
from chatd_protocol.codec import Invalid

PAGE_MAX: Final = 1000


def follows_of(operator: Operator) -> Follows:
    """The way in for edges."""
    hub = operator.hub

    async def find(subs: Any) -> dict[str, str]:
        async with hub.readers.snapshot() as reader:
            return await stored.users_of(reader, subs)

    return Follows(hub.link.ask, find, hub.new_id, hub.secrets.hash_sub)


async def import_portion(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """The next portion of an import; a result for each edge, and how much was committed since the server started, by
    which the importer keeps its pace: batches, how long they took (s), proposals in them. `proposals` are its own."""
    told, step, make = read_portion(request)
    follows, link = follows_of(operator), operator.hub.link
    results = await follows.change(told, make, step)
    load = [link.batches, link.batches_s, link.answered]
    return {"results": results, "load": load, "proposals": follows.proposed}


async def show_import(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """How far an import has come; with `again` it is forgotten first."""
    import_id = check_import(request["import_id"])
    if request.get("again"):
        await follows_of(operator).propose(ForgetImport(import_id))
    async with operator.hub.readers.snapshot() as reader:
        return view_import(await stored.import_of(reader, import_id))


async def add_follow(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """The user of `sub` follows the user of `target`."""
    return await _change(operator, request, "add")


async def remove_follow(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """The user of `sub` no longer follows the user of `target`."""
    return await _change(operator, request, "remove")


async def _change(operator: Operator, request: Mapping[str, Any], op: str) -> dict[str, Any]:
    one, other = [await person_of(operator, request, name) for name in ("sub", "target")]
    try:
        told = read_edge({"from": one.sub, "to": other.sub, "op": op})
    except Invalid as problem:
        raise Invalid(problem.path, f"`{problem.path.removeprefix('$.')}`: {problem.problem}") from None
    (result,) = await follows_of(operator).change([told], False, act=f"follow.{op}")
    if result in REFUSED:
        raise Refused("not_found" if result == "unknown" else result)
    return {"result": result}


async def list_follows(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of whom the user of `sub` follows, is followed by, or both (`which`), by id above `after`."""
    user = await user_of(operator, request)
    which, after, limit = request.get("which", "following"), request.get("after") or "", request.get("limit", 100)
    if which not in stored.WHICH or not isinstance(after, str):
        raise TypeError("which: expected following, followers or mutual; after: an id")
    if type(limit) is not int or not 1 <= limit <= PAGE_MAX:
        raise TypeError(f"limit: expected 1 to {PAGE_MAX}")
    async with operator.hub.readers.snapshot() as reader:
        rows = await stored.edges_page(reader, user, which, after, limit + 1)
    people = [{"user": other, "sub": sub, "name": name, "at": at} for other, sub, name, at in rows[:limit]]
    return {"users": people} | ({"more": people[-1]["user"]} if len(rows) > limit else {})


async def check_pull(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the user of `sub` may pull the user of `target` in, into `group` if one is named, and why."""
    group = request.get("group")
    if not isinstance(group, str | None):
        raise TypeError("group: expected an id")
    one, other = [await user_of(operator, request, name) for name in ("sub", "target")]
    return await follows_of(operator).propose(CheckPull(one, other, group))


ACTS: Final = {
    "follow.import": import_portion,
    "follow.progress": show_import,
    "follow.add": add_follow,
    "follow.remove": remove_follow,
    "follow.list": list_follows,
    "follow.check": check_pull,
}
