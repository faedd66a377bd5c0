"""What a person keeps for themselves about a group: the chat list's side of it, and unsent text."""

from __future__ import annotations

from typing import Any, Final

from chatd.core.chats import Draft, UpdateChat
from chatd.service.author import Author
from chatd_protocol import chats as wire
from chatd_protocol.codec import Invalid

PREVIEW_MAX: Final = 100
"""Code points of unsent text that the chat list shows."""


def update_chat(request: wire.UpdateChat, author: Author) -> UpdateChat:
    """Change how a group stands in one's list. Raises `Invalid` for nothing, and for fields that do not go together."""
    changes = (request.pinned, request.level, request.marked, request.archived)
    if all(change is None for change in changes):
        raise Invalid("$.data", "Names nothing to change: pinned, level, marked or archived")
    if request.order is not None and not request.pinned:
        raise Invalid("$.data.order", "Belongs to `pinned`: true")
    if request.until is not None and request.level in (None, "all"):
        raise Invalid("$.data.until", "Belongs to a `level` other than `all`")
    if request.pinned and request.archived:
        raise Invalid("$.data.archived", "What is pinned is not archived")
    return UpdateChat(
        author.user,
        request.cid,
        author.digest,
        request.group,
        request.pinned,
        request.order,
        request.level,
        request.until,
        request.marked,
        request.archived,
    )


def view_draft(draft: Draft, *, whole: bool = False) -> dict[str, Any]:
    """Unsent text as it goes on the wire: all of it, or what a line of the chat list shows."""
    shown: dict[str, Any] = {"at": draft.at, "text": draft.text if whole else draft.text[:PREVIEW_MAX]}
    if draft.reply_to is not None:
        shown["reply_to"] = draft.reply_to
    if len(shown["text"]) < len(draft.text):
        shown["cut"] = True
    return shown
