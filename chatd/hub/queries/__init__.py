"""Ops that change nothing durable: reading, opening and closing groups, read positions, typing, renewing a token.

Each noun has its module, with a table of the ops that are answered at once and of those that have to read the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.hub.queries import (
    bans,
    bots,
    chats,
    contacts,
    featured,
    groups,
    invites,
    items,
    mentions,
    messages,
    moderation,
    pins,
    presence,
    receipts,
    relations,
    search,
    sections,
    titles,
    users,
)
from chatd.hub.queries.asked import AtOnce, Awaited

if TYPE_CHECKING:
    from chatd.hub.session import Session


def handle(session: Session, number: int, op: str, request: Any) -> None:
    """Answer now if nothing has to be read, else as a task of the session. Raises `Refused`.

    Of a section other than the main one nothing is known before it was read.
    """
    at_once = _AT_ONCE.get(op)
    if at_once is not None and not getattr(request, "section", 0):
        session.answer(number, at_once(session, request))
    else:
        session.run(number, _AWAITED[op](session, request))


_AT_ONCE: Final[AtOnce] = {**groups.AT_ONCE, **messages.AT_ONCE, **chats.AT_ONCE}
_AWAITED: Final[Awaited] = {
    **contacts.AWAITED,
    **groups.AWAITED,
    **messages.AWAITED,
    **relations.AWAITED,
    **users.AWAITED,
    **moderation.AWAITED,
    **search.AWAITED,
    **invites.AWAITED,
    **items.AWAITED,
    **receipts.AWAITED,
    **presence.AWAITED,
    **pins.AWAITED,
    **featured.AWAITED,
    **mentions.AWAITED,
    **bans.AWAITED,
    **titles.AWAITED,
    **sections.AWAITED,
    **bots.AWAITED,
}
