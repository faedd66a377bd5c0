"""The operator's acts on the search index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.groups import commit
from chatd.admin.operator import Operator
from chatd.core.notes import NoteAct
from chatd.core.refusal import Refused
from chatd.search.link import SearchLink


async def status(operator: Operator, _: Mapping[str, Any]) -> dict[str, Any]:
    """How far the index is."""
    return _search_of(operator).figures()


async def rebuild(operator: Operator, _: Mapping[str, Any]) -> dict[str, Any]:
    """Empty the index and fill it from the log; nobody waits for it."""
    if not _search_of(operator).rebuild():
        raise Refused("unavailable", "The program that follows the log is not running; it is started again by itself.")
    return await commit(operator, NoteAct("search.rebuild", {}))


def _search_of(operator: Operator) -> SearchLink:
    if operator.hub.search is None:
        raise Refused("unknown_op", "Search is switched off: [search] on = false.")
    return operator.hub.search


ACTS: Final = {"search.status": status, "search.rebuild": rebuild}
