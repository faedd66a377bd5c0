"""Pages of the log, reactions, read positions, typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.hub.queries.asked import READ_AGAIN_MAX, AtOnce, Awaited, check_still, followed, told_snapshot
from chatd.hub.shelf import keys_in
from chatd.hub.signals import move_read, tell_typing
from chatd.service import messages
from chatd.store import messages as stored
from chatd_protocol import messages as wire
from chatd_protocol.codec import Invalid

if TYPE_CHECKING:
    from chatd.hub.session import Session


def mark_read(session: Session, request: wire.MarkRead) -> dict[str, Any]:
    """`read.mark`."""
    follow = followed(session, request.group)
    if request.seq > follow.feed.seq:
        raise Invalid("$.data.seq", f"Expected `int` <= {follow.feed.seq}, the number of messages")
    move_read(session.hub, session, follow, request.seq)
    return {"group": request.group, "read": follow.read}


def start_typing(session: Session, request: wire.Typing) -> dict[str, Any]:
    """`typing.start`: silently nothing in large groups or more often than the interval."""
    follow = followed(session, request.group)
    tell_typing(session.hub, session, follow)
    return {}


async def read_history(session: Session, request: wire.ReadHistory) -> dict[str, Any]:
    """`message.history`. A page during whose reading something was taken back is read again."""
    follow = followed(session, request.group)
    feed = follow.feed
    for _ in range(READ_AGAIN_MAX):
        redactions, published, mark = feed.redactions, feed.published, session.hub.shelf.mark()
        async with told_snapshot(session) as reader:
            span = await stored.span_of(reader, request.group)
            page = await messages.read_history(reader, request, follow.floor, published, span)
        check_still(session, follow)
        shown = (key for entry in page["entries"] for key in keys_in(entry))
        if redactions == feed.redactions and not session.hub.shelf.changed(shown, mark):
            return page
    raise Refused("overloaded")


async def find_pos(session: Session, request: wire.FindPos) -> dict[str, Any]:
    """`message.at`."""
    follow = followed(session, request.group)
    published = follow.feed.published
    async with told_snapshot(session) as reader:
        found = await messages.find_pos(reader, request, follow.floor, published)
    check_still(session, follow)
    return found


async def list_reactions(session: Session, request: wire.ListReactions) -> dict[str, Any]:
    """`reaction.list`."""
    follow = followed(session, request.group)
    signs = session.hub.settings.bounds.reactions_per_message
    for _ in range(READ_AGAIN_MAX):
        redactions = follow.feed.redactions
        async with told_snapshot(session) as reader:
            page = await messages.list_reactions(reader, request, follow.floor, signs)
        check_still(session, follow)
        if redactions == follow.feed.redactions:
            return page
    raise Refused("overloaded")


AT_ONCE: Final[AtOnce] = {"read.mark": mark_read, "typing.start": start_typing}
AWAITED: Final[Awaited] = {
    "message.history": read_history,
    "reaction.list": list_reactions,
    "message.at": find_pos,
}
