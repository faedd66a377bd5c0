"""Handles: names that only one person has, in whatever case. Changeable after a pause; the old one stays reserved."""

from __future__ import annotations

from typing import Any, ClassVar

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.profiles import tell_profile
from chatd.core.proposal import Command
from chatd.core.records import Record
from chatd.core.refusal import Refused


class Handle(Record):
    """Who has a handle, or (with `until`) for whom it is still reserved."""

    table: ClassVar[str] = "handles"

    handle_key: str
    handle: str
    user_id: str
    taken_at: int
    until: int | None = None


def key_of(handle: str) -> str:
    """What a handle is unique by; handles are ASCII."""
    return handle.lower()


class SetHandle(Command, frozen=True, tag="handle"):
    """Take a handle."""

    handle: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.record(Handle, key_of(self.handle))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `taken`, `too_soon`."""
        user, bounds, now = facts.users[self.actor], facts.bounds, facts.now_ms
        before, since = user.profile.get("handle"), user.profile.get("handle_at", 0)
        same = before is not None and key_of(before) == key_of(self.handle)
        free_at = since + bounds.handle_pause_ms
        if before is not None and not same and now < free_at:
            raise Refused("too_soon", until=free_at)
        held = facts.find(Handle, key_of(self.handle))
        if held is not None and held.user_id != user.id and (held.until is None or held.until > now):
            raise Refused("taken")
        if before is not None and not same:
            facts.put(Handle(key_of(before), before, user.id, since, now + bounds.handle_reserved_ms))
        since = since if same else now
        facts.put(Handle(key_of(self.handle), self.handle, user.id, since))
        user.profile = user.profile | {"handle": self.handle, "handle_at": since}
        tell_profile(facts, user)
        return {"handle": self.handle, "change_at": since + bounds.handle_pause_ms}
