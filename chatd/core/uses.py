"""Uses of invites: counted in the commit that makes the membership, and nowhere else."""

from __future__ import annotations

from msgspec.structs import replace

from chatd.core.facts import Facts
from chatd.core.invite_rows import Invite, Maker


def count_use(facts: Facts, invite: Invite) -> None:
    """Somebody is in by it; one that is used up no longer counts against its maker's quota."""
    invite = replace(invite, uses=invite.uses + 1)
    facts.put(invite)
    if invite.used_up:
        close_invite(facts, invite)


def end_invite(facts: Facts, invite: Invite) -> None:
    """Take it back, unless it was."""
    if invite.revoked_at is None:
        facts.put(replace(invite, revoked_at=facts.now_ms))
        close_invite(facts, invite)


def close_invite(facts: Facts, invite: Invite) -> None:
    """It counts against the quota no more."""
    maker = facts.find(Maker, invite.group_id, invite.maker)
    if maker is not None and invite.invite_id in maker.open:
        facts.put(maker.closed(invite.invite_id))
