"""Searching one's groups.

What may be found is what the session follows: from where it is kept and seen to what was published there. A hit is
shown only if, when the answer goes out, the session still follows the group, and nothing was taken back in it since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from chatd.core.cards import KIND_OF
from chatd.core.refusal import Refused
from chatd.hub.feed import Follow, State
from chatd.hub.queries.asked import READ_AGAIN_MAX, Awaited, check_still, followed, told_snapshot
from chatd.search.finding import Candidate, Candidates, Wanted
from chatd.search.query import Query
from chatd.service import search as service
from chatd_protocol import search as wire
from chatd_protocol.codec import Invalid

if TYPE_CHECKING:
    from chatd.hub.session import Session

Hits = dict[Candidate, dict[str, Any]]
_ASK_MORE: Final = 5
"""So many more candidates than places on the page are asked for: some may be gone."""
_ASK_MAX: Final = 500
"""Of a phrase the index knows only the pairs. Where few candidates have it whole, each round asks for twice as many."""


async def search_messages(session: Session, request: wire.SearchMessages) -> dict[str, Any]:
    """`message.search`."""
    hub = session.hub
    if request.section is not None and request.group is None:
        raise Invalid("$.data.group", "Missing required field, whose section it is")
    if request.group is not None:
        follows: Mapping[str, Follow] = {request.group: followed(session, request.group)}
    else:
        follows = dict(session.follows)
    if hub.search is None:
        raise Refused("unknown_op", "Search is switched off.")
    query = service.read_query(request, hub.settings.search)
    scope = {group: (follow.least, follow.feed.published) for group, follow in follows.items()}
    wanted = service.wanted_of(request, query, scope)
    hits, more, found = await _read_page(session, request, wanted, follows)
    if request.group is not None:
        check_still(session, follows[request.group])
    return service.page_of(list(hits.values()), more, hub.search.lag(found.n, found.sweeping))


async def _read_page(
    session: Session, request: wire.SearchMessages, wanted: Wanted, follows: Mapping[str, Follow]
) -> tuple[Hits, int | None, Candidates]:
    """The hits of a page, the cursor of what is behind it, and the last that the index said."""
    ask = request.limit + _ASK_MORE
    rounds = session.hub.settings.search.rounds_max
    hits: Hits = {}
    while True:
        found = await _ask_index(session, wanted, ask)
        hits = await _read_hits(session, request, wanted.query, [*hits, *found.found], follows)
        rounds -= 1
        all_seen = len(found.found) < ask
        if all_seen or len(hits) >= request.limit or not rounds:
            break
        wanted, ask = wanted._replace(below=found.found[-1].id), min(2 * ask, max(ask, _ASK_MAX))
    shown = dict(list(hits.items())[: request.limit])
    if len(hits) > request.limit:
        return shown, list(shown)[-1].id, found
    return shown, None if all_seen else found.found[-1].id, found


async def _ask_index(session: Session, wanted: Wanted, limit: int) -> Candidates:
    """Raises `limit` for a search that takes too long."""
    search = session.hub.search
    assert search is not None
    try:
        return await search.find(wanted, limit)
    except TimeoutError:
        raise Refused("limit", bound="search.timeout_s", max=session.hub.settings.search.timeout_s) from None


async def _read_hits(
    session: Session,
    request: wire.SearchMessages,
    query: Query,
    found: Sequence[Candidate],
    follows: Mapping[str, Follow],
) -> Hits:
    """The live rows, read again if something was taken back meanwhile; true in the step in which it returns."""
    hub = session.hub
    groups = {one.group for one in found}
    for _ in range(READ_AGAIN_MAX):
        before = {group: follows[group].feed.redactions for group in groups}
        mark = hub.shelf.mark()
        async with told_snapshot(session) as reader:
            hits = await service.read_hits(reader, request, query, found, hub.settings.search.snippet_max)
        there = {group for group in groups if follows[group].state is not State.GONE}
        steady = mark == hub.shelf.mark() or not any(hit["type"] in KIND_OF for hit in hits.values())
        if steady and all(follows[group].feed.redactions == before[group] for group in there):
            return {one: hit for one, hit in hits.items() if one.group in there}
    raise Refused("overloaded")


AWAITED: Final[Awaited] = {"message.search": search_messages}
