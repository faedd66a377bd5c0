"""Unsent text: kept at once, told to the person's other devices, written later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.chats import Draft
from chatd.hub.queries.asked import AtOnce, followed, user_of
from chatd.service.chats import view_draft
from chatd_protocol import chats as wire

if TYPE_CHECKING:
    from chatd.hub.session import Session


def save_draft(session: Session, request: wire.SaveDraft) -> dict[str, Any]:
    """`draft.save`."""
    follow = followed(session, request.group)
    hub, text = session.hub, request.text if request.text.strip() else ""
    at = max(hub.now_ms(), follow.feed.at)  # never before they came in, should the clock have been put back
    draft = Draft(user_of(session), request.group, at, text, request.reply_to, follow.floor)
    hub.drafts.keep(draft)
    assert session.person is not None
    for other in session.person.sessions:
        if other is not session and request.group in other.follows:
            other.signal("draft", {"group": request.group} | view_draft(draft, whole=True))
    return {"group": request.group, "at": draft.at}


AT_ONCE: Final[AtOnce] = {"draft.save": save_draft}
