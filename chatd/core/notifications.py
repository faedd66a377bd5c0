"""Whether a message is worth a sound to somebody: one decision, for whatever will ring a bell.

Nothing here knows how a person is reached, nor what the message says.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Reason = Literal["direct", "mention", "reply", "mention_all", "message"]


class Arrival(msgspec.Struct, frozen=True):
    """A message as it concerns one person in the group."""

    own: bool = False
    direct: bool = False
    """It is in a direct chat."""
    mentions_me: bool = False
    mentions_all: bool = False
    replies_to_me: bool = False
    blocked: bool = False
    """Between its author and the person is a block, whoever made it."""


def level_at(level: str, until: int, now_ms: int) -> str:
    """The level that counts now: one with an end is over then, and everything counts again."""
    return "all" if until and until <= now_ms else level


def reason_to_notify(arrival: Arrival, level: str, until: int, now_ms: int) -> Reason | None:
    """Why the person is notified, the strongest reason there is; None if they are not.

    With `mentions` what is addressed to the person counts: in a direct chat everything is.
    """
    now = level_at(level, until, now_ms)
    if arrival.own or arrival.blocked or now == "none":
        return None
    reasons: tuple[tuple[bool, Reason], ...] = (
        (arrival.direct, "direct"),
        (arrival.mentions_me, "mention"),
        (arrival.replies_to_me, "reply"),
        (arrival.mentions_all, "mention_all"),
        (now == "all", "message"),
    )
    return next((reason for holds, reason in reasons if holds), None)
