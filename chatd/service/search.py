"""Hits of a search: the live rows of what the index found, as far as they still are what was looked for.

The index is older than the log. Whether a message is there, has these words, and is of the sender, kind and time that
was asked for, is judged here, on its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chatd.core.cards import shown_text
from chatd.core.messages import search_text
from chatd.core.refusal import Refused
from chatd.core.values import Entry
from chatd.search.finding import ID_MAX, Candidate, Wanted
from chatd.search.link import Lag
from chatd.search.query import Query, cut_snippet, find_spans, parse_query
from chatd.store import messages as stored
from chatd.store.cards import fill_entries
from chatd.store.readers import Reader
from chatd_protocol import search as wire
from chatd_protocol.codec import Invalid


class SearchBounds(msgspec.Struct, frozen=True):
    """What a search may cost. `rounds_max`: how often a page asks the index for more before it is given as it is."""

    terms_max: int = 32
    snippet_max: int = 160
    rounds_max: int = 5
    timeout_s: float = 2.0


def read_query(request: wire.SearchMessages, bounds: SearchBounds) -> Query:
    """What is looked for. Raises `Invalid` for a query without a word, `limit` for one with too many."""
    query = parse_query(request.query)
    if not query.phrases:
        raise Invalid("$.data.query", "Expected at least one word, character or sign to look for")
    if query.size > bounds.terms_max:
        raise Refused("limit", bound="search.terms_max", max=bounds.terms_max)
    if request.cursor is not None and int(request.cursor) > ID_MAX:
        raise Invalid("$.data.cursor", "Expected a cursor as `more` gave it")
    return query


def wanted_of(request: wire.SearchMessages, query: Query, scope: Mapping[str, tuple[int, int]]) -> Wanted:
    """The same for the index, in these groups between these positions."""
    cursor = int(request.cursor) if request.cursor is not None else None
    return Wanted(query, scope, request.sender, request.kind, request.after, request.before, cursor)


async def read_hits(
    reader: Reader, request: wire.SearchMessages, query: Query, found: Sequence[Candidate], snippet_max: int
) -> dict[Candidate, dict[str, Any]]:
    """What there is to show of the candidates, in their order."""
    rows = await reader.find(stored.BY_POS, [(one.group, one.pos) for one in found])
    entries = {(row[0], row[1]): stored.entry_from(row) for row in rows}
    await fill_entries(reader, list(entries.values()))
    hits = {one: _hit(entries.get((one.group, one.pos)), request, query, snippet_max) for one in found}
    return {one: hit for one, hit in hits.items() if hit is not None}


def _hit(entry: Entry | None, request: wire.SearchMessages, query: Query, snippet_max: int) -> dict[str, Any] | None:
    if entry is None or search_text(entry) is None or not _is_asked_for(entry, request):
        return None
    text = shown_text(entry)
    spans = find_spans(query, text)
    if not spans:
        return None
    snippet = cut_snippet(text, spans, snippet_max)
    numbered = {} if entry.seq is None else {"seq": entry.seq}
    return (
        numbered
        | {
            "group": entry.group,
            "pos": entry.pos,
            "at": entry.at,
            "sender": entry.actor,
            "type": entry.body["type"],
            "text": snippet.text,
            "offset": snippet.offset,
            "length": len(text),
            "highlights": snippet.highlights,
        }
        | ({"section": entry.section} if entry.section else {})
    )


def _is_asked_for(entry: Entry, request: wire.SearchMessages) -> bool:
    return (
        request.sender in (None, entry.actor)
        and request.section in (None, entry.section)
        and request.kind in (None, entry.body["type"])
        and (request.after is None or entry.at >= request.after)
        and (request.before is None or entry.at <= request.before)
    )


def page_of(hits: Sequence[dict[str, Any]], more: int | None, lag: Lag) -> dict[str, Any]:
    """The answer."""
    page: dict[str, Any] = {"hits": list(hits)}
    if more is not None:
        page["more"] = str(more)
    if lag.commits or lag.rebuilding:
        page["lag"] = {"commits": lag.commits, "ms": lag.ms} | ({"rebuilding": True} if lag.rebuilding else {})
    return page
