"""Every error a request can meet and every code a connection can be closed with, as two tables.

`ERRORS` is the whole vocabulary of refusals: a transport translates a code into its own terms from here and nowhere
else. `CLOSES` groups close codes by range, so that a client that meets an unknown one still knows what to do:

    1000-1015   RFC 6455 and the IANA registry
    4000-4099   reconnect at once and resume
    4100-4199   reconnect after a growing pause
    4400-4499   do not reconnect: the same thing would happen again

This module must not know ops, transports or storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "CLOSES",
    "ERRORS",
    "Close",
    "ErrorKind",
    "should_reconnect",
]


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One row of the error table."""

    code: str
    meaning: str
    retry: bool
    """The same request (same `cid`) may succeed later without anybody changing anything else."""
    http_status: int
    close: int | None = None
    """The close code that follows the error, if the connection does not survive it."""


@dataclass(frozen=True, slots=True)
class Close:
    """One row of the table of close codes."""

    code: int
    name: str
    meaning: str
    reconnect: bool


CLOSE_NORMAL: Final = 1000
CLOSE_GOING_AWAY: Final = 1001
CLOSE_PROTOCOL_ERROR: Final = 1002
CLOSE_UNSUPPORTED_DATA: Final = 1003
CLOSE_ABNORMAL: Final = 1006
CLOSE_INVALID_DATA: Final = 1007
CLOSE_POLICY: Final = 1008
CLOSE_TOO_BIG: Final = 1009
CLOSE_INTERNAL: Final = 1011
CLOSE_RESTART: Final = 1012
CLOSE_STALLED: Final = 4000
CLOSE_DEAD_PEER: Final = 4001
CLOSE_SLOW_FRAME: Final = 4002
CLOSE_SCOPES_CHANGED: Final = 4003
CLOSE_HELLO_TIMEOUT: Final = 4100
CLOSE_TOO_MANY_CONNECTIONS: Final = 4101
CLOSE_FLOOD: Final = 4102
CLOSE_UNAVAILABLE: Final = 4103
CLOSE_MALFORMED: Final = 4400
CLOSE_UNAUTHENTICATED: Final = 4401
CLOSE_REVOKED: Final = 4402
CLOSE_TOKEN_EXPIRED: Final = 4403
CLOSE_REPLACED: Final = 4404
CLOSE_DISABLED: Final = 4405

_CLOSES = (
    Close(CLOSE_NORMAL, "normal", "The client closed, or was told to by its own side.", False),
    Close(CLOSE_GOING_AWAY, "going_away", "One side is leaving: a page was closed, a server is stopping.", True),
    Close(CLOSE_PROTOCOL_ERROR, "protocol_error", "A frame broke RFC 6455.", False),
    Close(
        CLOSE_UNSUPPORTED_DATA, "unsupported_data", "A text frame came where binary was agreed, or the reverse.", False
    ),
    Close(CLOSE_ABNORMAL, "abnormal", "Never sent: what a client reports when the connection just ended.", True),
    Close(CLOSE_INVALID_DATA, "invalid_data", "A text frame was not UTF-8.", False),
    Close(CLOSE_POLICY, "policy", "The frames of one message were too many.", False),
    Close(CLOSE_TOO_BIG, "too_big", "A message was larger than `hello` allows.", False),
    Close(CLOSE_INTERNAL, "internal", "The server failed; what was acknowledged is safe.", True),
    Close(CLOSE_RESTART, "restart", "The server is restarting.", True),
    Close(CLOSE_STALLED, "stalled", "The client took no byte for `stall_timeout_s`; resume from the cursor.", True),
    Close(CLOSE_DEAD_PEER, "dead_peer", "No answer to a ping.", True),
    Close(CLOSE_SLOW_FRAME, "slow_frame", "A frame or a fragmented message was begun and not finished in time.", True),
    Close(CLOSE_SCOPES_CHANGED, "scopes_changed", "What the bot may do was changed: resume, and learn what.", True),
    Close(CLOSE_HELLO_TIMEOUT, "hello_timeout", "No `session.hello` within the time for it.", True),
    Close(CLOSE_TOO_MANY_CONNECTIONS, "too_many_connections", "This user has too many connections open.", True),
    Close(CLOSE_FLOOD, "flood", "Requests kept coming far beyond the rate after many refusals.", True),
    Close(CLOSE_UNAVAILABLE, "unavailable", "The store could not answer `session.hello`.", True),
    Close(CLOSE_MALFORMED, "malformed", "A message was not JSON or MessagePack, or not an envelope.", False),
    Close(CLOSE_UNAUTHENTICATED, "unauthenticated", "The token was not accepted.", False),
    Close(CLOSE_REVOKED, "revoked", "The user, the device or the token was revoked.", False),
    Close(CLOSE_TOKEN_EXPIRED, "token_expired", "The token ran out and was not renewed.", False),
    Close(CLOSE_REPLACED, "replaced", "A newer connection of the same device took over.", False),
    Close(CLOSE_DISABLED, "disabled", "The operator has disabled this user.", False),
)

_ERRORS = (
    # the shape of what was sent
    ErrorKind(
        "malformed", "The message is not JSON or MessagePack, or not a request envelope.", False, 400, CLOSE_MALFORMED
    ),
    ErrorKind(
        "invalid",
        "A field is missing, unknown, of the wrong type or out of bounds; `details.path` names it.",
        False,
        400,
    ),
    ErrorKind("unknown_op", "There is no such op.", False, 404),
    ErrorKind("wrong_state", "The op does not fit the state of the session: before hello, or hello twice.", False, 409),
    # who is asking
    ErrorKind(
        "unauthenticated",
        "The token is missing, malformed, expired or signed by another key.",
        False,
        401,
        CLOSE_UNAUTHENTICATED,
    ),
    ErrorKind("revoked", "The user, the device or tokens of that age were revoked.", False, 401, CLOSE_REVOKED),
    ErrorKind("disabled", "The operator has disabled this user.", False, 403, CLOSE_DISABLED),
    # what the rules say
    ErrorKind("not_found", "There is no such thing, or the caller may not know of it.", False, 404),
    ErrorKind("forbidden", "The caller sees it and lacks the right.", False, 403),
    ErrorKind("not_mutual", "Both must follow each other, and nobody may have blocked the other.", False, 403),
    ErrorKind("host_owns_follows", "Who follows whom is said by the host app; nobody follows here.", False, 403),
    ErrorKind("owner_must_stay", "The owner cannot leave the group.", False, 409),
    ErrorKind("read_only", "Nothing can be written here any more, or for now.", False, 403),
    ErrorKind(
        "restricted",
        "The caller (`details.whom`: member), or everybody below admin, may not write here; `details.until` says until"
        " when.",
        False,
        403,
    ),
    ErrorKind(
        "blocked",
        "A word in `details.path` is not allowed here; `details.words`, if there, are those of the text.",
        False,
        422,
    ),
    ErrorKind("slow_mode", "The caller's last message here was too short a time ago: see `retry_after`.", False, 429),
    ErrorKind("too_late", "The time for this act has passed.", False, 409),
    ErrorKind("gone", "The message was recalled.", False, 410),
    ErrorKind("limit", "A count is at its bound; `details` names the bound.", False, 409),
    ErrorKind("conflict", "This `cid` was used for another request.", False, 409),
    ErrorKind("taken", "Somebody has this name, or it is still reserved for somebody.", False, 409),
    ErrorKind("code_invalid", "The code is wrong, used up or has expired.", False, 403),
    ErrorKind("too_soon", "It was done a short while ago; `details.until` says when it may be done again.", False, 409),
    ErrorKind("out_of_order", "The send named in `after` was not accepted.", False, 409),
    ErrorKind("invite_invalid", "The invite is not good, or no longer, or not for the caller.", False, 404),
    ErrorKind("already_decided", "Somebody has decided on it before.", False, 409),
    ErrorKind("no_item", "There is no such video or product in the catalogue, or it cannot be shared.", False, 404),
    ErrorKind("no_section", "The group has no section of the number in `details.section`.", False, 404),
    ErrorKind("section_limit", "The group has as many open sections as it may have.", False, 409),
    # bots
    ErrorKind("scope_missing", "The bot was not given the scope in `details.scope`, which this needs.", False, 403),
    ErrorKind("not_for_bots", "Only people do this.", False, 403),
    ErrorKind("bots_only", "Only bots do this.", False, 403),
    ErrorKind(
        "no_button", "The message has no such button now, or the bot that sent it is not here any more.", False, 404
    ),
    # how much at once
    ErrorKind("rate_limited", "Too many requests; try again after `retry_after` seconds.", True, 429),
    ErrorKind(
        "overloaded", "The server has more waiting than it may hold; try again after `retry_after` seconds.", True, 503
    ),
    # the server's own state
    ErrorKind(
        "unavailable", "The store cannot be written or read now. With the same `cid` a retry is safe.", True, 503
    ),
    ErrorKind("storage_full", "The disk is nearly full; reading still works.", True, 507),
    ErrorKind("internal", "The server failed on this request; nothing of it happened.", False, 500),
)

ERRORS: Final[dict[str, ErrorKind]] = {e.code: e for e in _ERRORS}
CLOSES: Final[dict[int, Close]] = {c.code: c for c in _CLOSES}


def should_reconnect(code: int) -> bool:
    """Whether a client comes back after being closed with `code`; unknown codes are judged by their range."""
    known = CLOSES.get(code)
    if known is not None:
        return known.reconnect
    return code < 4400
