"""Users coming into being, their read positions, and taking their tokens away."""

from __future__ import annotations

from typing import Any

from chatd.core.facts import Facts, Needs
from chatd.core.proposal import Wish
from chatd.core.refusal import Refused
from chatd.core.values import User


class EnsureUser(Wish, frozen=True, tag="user"):
    """There is a user for this `sub` (RFC 7519) with this name. `user` is a fresh id, unused if there is one."""

    user: str
    sub: str
    name: str

    def needs(self, need: Needs) -> None:
        need.subs.add(self.sub)

    def decide(self, facts: Facts) -> dict[str, Any]:
        user = facts.user_of_sub.get(self.sub)
        if user is None:
            user = User(id=self.user, sub=self.sub, name=self.name, created_at=facts.now_ms)
            facts.users[user.id] = facts.user_of_sub[self.sub] = user
            facts.new_users.append(user)
        elif self.name and user.name != self.name:
            user.name = self.name
            facts.changed_users.add(user.id)
        return {"user": user.id}


class Revoke(Wish, frozen=True, tag="revoke"):
    """Tokens of a user issued before `before` are refused; with `device`, only on that device."""

    user: str
    device: str | None
    before: int

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        user = facts.users.get(self.user)
        if user is None:
            raise Refused("not_found")
        if self.device is None:
            user.valid_after = max(user.valid_after, self.before)
            facts.changed_users.add(user.id)
        else:
            key = (self.user, self.device)
            facts.revocations[key] = max(self.before, facts.revocations.get(key, 0))
        facts.audit("user.revoke", by=None, user=self.user, device=self.device)
        return {"user": self.user}


class SaveReads(Wish, frozen=True, tag="reads"):
    """Read positions that moved: (group, user, seq). Never backwards; nothing else depends on them."""

    reads: list[tuple[str, str, int]]

    def needs(self, need: Needs) -> None:
        return

    def decide(self, facts: Facts) -> dict[str, Any]:
        for group, user, seq in self.reads:
            facts.reads[group, user] = max(seq, facts.reads.get((group, user), 0))
        return {}
