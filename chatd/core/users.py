"""Users coming into being, being disabled, their read positions, and taking their tokens away."""

from __future__ import annotations

from typing import Any

from chatd.core.erasure_rows import ErasedSub
from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.ownership import need_succession, succeed_everywhere
from chatd.core.profiles import index_name, name_parts, set_tags, tell_profile
from chatd.core.proposal import Wish
from chatd.core.refusal import Refused
from chatd.core.values import User


class EnsureUser(Wish, frozen=True, tag="user"):
    """There is a user for this `sub` (RFC 7519) with this name. `user` is a fresh id, unused if there is one.

    `tags` are those that the host vouches for; None if it does not say. `digest` is what `sub` is found by among those
    of erased people, whose tokens issued before their erasure make nobody. `act`: what the audit log calls it, if the
    operator makes or renames somebody. `disabled`: whoever is made by it can never sign in.
    """

    user: str
    sub: str
    name: str
    tags: list[dict[str, Any]] | None = None
    digest: str = ""
    issued_at: int = 0
    act: str = ""
    disabled: bool = False

    def needs(self, need: Needs) -> None:
        need.subs.add(self.sub)
        need.record(ErasedSub, self.digest)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `limit`, `revoked` for a token of somebody who was erased since it was issued."""
        user = facts.user_of_sub.get(self.sub)
        erased = facts.find(ErasedSub, self.digest)
        if user is None and erased is not None and self.issued_at < erased.before:
            raise Refused("revoked")
        if user is not None and user.erased_at is not None:
            # What stands in place of their `sub` is nobody's.
            raise Refused("revoked")
        made = user is None
        renamed = user is not None and bool(self.name) and user.name != self.name
        if user is None:
            user = make_user(facts, self.user, self.sub, self.name, self.digest)
            set_tags(facts, user, "host", self.tags or [])
            if self.disabled:
                before = name_parts(user)
                user.disabled = True
                index_name(facts, user, before)
        else:
            tagged = self.tags is not None and set_tags(facts, user, "host", self.tags)
            if renamed:
                before = name_parts(user)
                user.name = self.name
                index_name(facts, user, before)
                facts.changed_users.add(user.id)
            if tagged:
                tell_profile(facts, user)
        if self.act and (made or renamed):
            facts.audit(self.act, by=None, user=user.id, made=made)
        return {"user": user.id}


def make_user(facts: Facts, user_id: str, sub: str, name: str, digest: str | None = None) -> User:
    """A new user. `digest` is what the `sub` is found by among those of erased people, of whom nothing speaks for them:
    no token that was issued before."""
    user = User(id=user_id, sub=sub, name=name, created_at=facts.now_ms)
    erased = facts.find(ErasedSub, digest) if digest is not None else None
    if erased is not None:
        user.valid_after = erased.before
    facts.users[user.id] = facts.user_of_sub[sub] = user
    facts.new_users.append(user)
    index_name(facts, user, set())
    return user


class DisableUser(Wish, frozen=True, tag="disable"):
    """The operator shuts somebody out, or lets them in again. They stay in their groups and in history.

    Who comes next owns their groups from here on, in the same commit; letting them in again gives none back. A `reason`
    is for the audit log, also where they are shut out already.
    """

    user: str
    on: bool
    reason: str = ""

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        if self.on:
            need_succession(need, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        user = facts.user(self.user)
        if user.disabled != self.on:
            before = name_parts(user)
            user.disabled = self.on
            index_name(facts, user, before)
            facts.changed_users.add(user.id)
            if self.on:
                succeed_everywhere(facts, user.id)
        elif not self.reason:
            return {"user": user.id, "disabled": user.disabled}
        facts.audit("user.disable" if self.on else "user.enable", by=None, user=user.id, reason=self.reason)
        return {"user": user.id, "disabled": user.disabled}


class Revoke(Wish, frozen=True, tag="revoke"):
    """Tokens of a user issued before `before` are refused; with `device`, only on that device."""

    user: str
    device: str | None
    before: int

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        user = facts.user(self.user)
        if self.device is None:
            user.valid_after = max(user.valid_after, self.before)
            facts.changed_users.add(user.id)
        else:
            key = (self.user, self.device)
            facts.revocations[key] = max(self.before, facts.revocations.get(key, 0))
        facts.audit("user.revoke", by=None, user=self.user, device=self.device)
        return {"user": self.user}


class SaveReads(Wish, frozen=True, tag="reads"):
    """Read positions that moved: (group, user, section, seq). Never backwards; nothing else depends on them."""

    reads: list[tuple[str, str, int, int]]

    def needs(self, need: Needs) -> None:
        return

    def decide(self, facts: Facts) -> dict[str, Any]:
        for group, user, section, seq in self.reads:
            if user in facts.going.barred:
                continue
            facts.reads[group, user, section] = max(seq, facts.reads.get((group, user, section), 0))
        return {}
