"""Resolving invites: what it costs, how long it takes, and what an answer shows beyond what the store knows.

Whoever names a secret pays from two budgets, their own and their address's. Every answer to a secret that was looked
for comes the same time after the question, whatever was found: how long the store took does not show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from chatd.core.invites import PreviewInvite
from chatd.core.limits import address_key
from chatd.core.refusal import Refused
from chatd.service import invites
from chatd.service.author import Author
from chatd.store.outcome import Verdict
from chatd_protocol import invites as wire

if TYPE_CHECKING:
    from chatd.hub.hub import Hub
    from chatd.hub.session import Session

Settled = Callable[[Verdict], None]


def around(session: Session, request: object, author: Author, settled: Settled) -> Settled:
    """What has to happen before and after the commit of a command. Raises `rate_limited`."""
    if isinstance(request, wire.CreateInvite):
        return partial(_reveal, session, request, author, settled)
    if isinstance(request, wire.RedeemInvite) and request.secret is not None:
        pay(session.hub, author.user, session.socket.peer)
        return partial(_hold_back, asyncio.get_running_loop().time() + session.hub.settings.resolve_s, settled)
    return settled


def _reveal(session: Session, request: wire.CreateInvite, author: Author, settled: Settled, verdict: Verdict) -> None:
    if verdict.answer is not None:
        # The verdict's own answer is what others may hold too: it stays as it is.
        shown = invites.reveal(verdict.answer, request, author, session.hub.settings.public_url)
        verdict = Verdict(verdict.pid, shown)
    settled(verdict)


def _hold_back(until_s: float, settled: Settled, verdict: Verdict) -> None:
    if verdict.answer is None and verdict.code == "invite_invalid":
        asyncio.get_running_loop().call_at(until_s, settled, verdict)
    else:
        settled(verdict)


def pay(hub: Hub, user: str, address: str) -> None:
    """Take one from the budgets of whoever resolves a secret. Raises `rate_limited`."""
    hub.rates.check("resolve", ("address", address_key(address)))
    if user:
        hub.rates.check("resolve", ("user", user))


async def resolve(hub: Hub, wish: PreviewInvite) -> dict[str, Any]:
    """What an invite leads to. Raises `Refused`: `invite_invalid`, `unavailable`, `overloaded`."""
    # An answer takes as long for a secret that exists as for one that does not. The timer begins before the look: the
    # rest of the time after it would be rounded to milliseconds, and the rounding would tell how long the look took.
    _, verdict = await asyncio.gather(asyncio.sleep(hub.settings.resolve_s), hub.link.ask(wish))
    if verdict.answer is None:
        raise Refused(verdict.code, verdict.message, **verdict.details)
    return verdict.answer
