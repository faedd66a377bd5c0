"""Ephemeral events: they help, and may be dropped, except `heads`, which is repeated until it arrives."""

from __future__ import annotations

from chatd_protocol.chats import DraftSignal
from chatd_protocol.presence import PresenceSignal
from chatd_protocol.receipts import ReceiptsSignal
from chatd_protocol.values import Cursor, GroupId, Millis, SectionNumber, UserId, View


class Heads(View):
    """Groups that moved beyond what this session was told: `[head, at]` of each. Sent every `heads_interval_s`, also
    when empty, so that silence on a socket means a dead socket."""

    at: Millis
    heads: dict[GroupId, tuple[int, int]] = {}


class TypingSignal(View):
    group: GroupId
    user: UserId


class ReadSignal(View):
    """The user has read up to here: on another device, or by writing in a group that is not live for this session."""

    group: GroupId
    read: Cursor
    section: SectionNumber = 0


class TokenExpiring(View):
    """Renew with `session.renew` before `expires`, or the connection is closed then."""

    expires: Millis


class GoingAway(View):
    """The server is stopping. Reconnect after `delay_ms`, which differs per session so that not all come at once."""

    delay_ms: int


SIGNALS: dict[str, type[View]] = {
    "heads": Heads,
    "typing": TypingSignal,
    "read": ReadSignal,
    "token_expiring": TokenExpiring,
    "going_away": GoingAway,
    "draft": DraftSignal,
    "receipts": ReceiptsSignal,
    "presence": PresenceSignal,
}
