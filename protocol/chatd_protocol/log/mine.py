"""A user's own log: what happened to them, whatever group it was in."""

from __future__ import annotations

from typing import Literal

from chatd_protocol.chats import ChatState
from chatd_protocol.users import Tag
from chatd_protocol.values import Cursor, GroupId, InviteId, Millis, Pos, RequestState, UserId, View


class MineEntry(View):
    """An entry of the user's own log.

    `added`: in the group from `pos` on, `how` as in the entry that says so. `removed`: out of it from `pos` on, `why`
    says how; `reason` is what whoever did it (without `by`, the operator) chose to tell this person. `direct`: the
    direct chat became read-only or writable again. `archived`: the chat was put away or taken out again. `invited`: by
    `by`, to be taken up with `invite.redeem {invite}`. `declined`: the caller did not. `request`: the request of
    `user`, one's own or one to decide on, is now `state`. `restricted`: this person may not write there, `until` a time
    or without an end; `unrestricted`: they may again. Both with `why` `unfollowed` where that came from ceasing to
    follow the owner. `profile`: what others see of the caller changed, `tags` are the verified ones they have now.
    `contact`: `by` asks for a direct chat, in the words `text`. `chat`: how the group stands in the chat list now.
    `pressed`: `by` has pressed the `button` of the message `pos`, which the caller, a bot, has sent.
    """

    upos: Pos
    at: Millis
    kind: str
    group: GroupId | None = None
    pos: Pos | None = None
    by: UserId | None = None
    why: Literal["left", "kicked", "banned", "removed", "dissolved", "unfollowed"] | None = None
    read_only: bool | None = None
    archived: bool | None = None
    reason: str | None = None
    until: Millis | None = None
    tags: list[Tag] | None = None
    text: str | None = None
    how: Literal["invite", "request", "open", "operator"] | None = None
    invite: InviteId | None = None
    user: UserId | None = None
    number: Pos | None = None
    state: RequestState | None = None
    chat: ChatState | None = None
    button: str | None = None


class Mine(View):
    """The event `mine`. `truncated`: entries up to this one are no longer kept; read the group list anew."""

    after: Cursor
    entries: list[MineEntry]
    truncated: Cursor | None = None
