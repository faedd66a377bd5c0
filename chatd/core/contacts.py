"""Asking somebody who is not mutual for a direct chat: once, and they say yes or nothing.

Whoever is blocked gets the same answers as everybody, and nobody hears of it.
"""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from msgspec.structs import replace

from chatd.core.facts import Facts
from chatd.core.groups import check_place_in_list, make_direct
from chatd.core.needs import Needs
from chatd.core.profiles import privacy_of
from chatd.core.proposal import Command
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.relations import need_pair, settle_direct_chat
from chatd.core.values import direct_key


class Contact(Record):
    """One person's request to another. `state`: `waiting`, `unseen` (the asked has blocked the asker), `accepted`,
    `declined`. `cid` names the first message that the words become."""

    table: ClassVar[str] = "contacts"
    key_fields: ClassVar[int] = 2

    user_id: str
    asker_id: str
    state: str
    at: int
    text: str
    cid: str


def wants_requests(facts: Facts, user: str) -> bool:
    """Whether a person lets people ask who are not mutual."""
    return bool(privacy_of(facts.users[user])["requests"])


class RequestContact(Command, frozen=True, tag="contact"):
    """`actor` asks `user`."""

    user: str
    text: str

    def needs(self, need: Needs) -> None:
        need_pair(need, self.actor, self.user)
        need.record(Contact, self.user, self.actor)
        need.record(Contact, self.actor, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `invalid` for oneself, `not_found`, `not_mutual` for somebody who wants no requests, or whom
        one has blocked."""
        if not facts.exists(self.user):
            raise Refused("not_found")
        if self.user == self.actor:
            raise Refused("invalid", "Nobody asks themselves", path="$.data.user")
        if facts.mutual(self.actor, self.user):
            return {"user": self.user, "state": "mutual"}
        if (self.actor, self.user) in facts.blocks:
            raise Refused("not_mutual")
        blocked = (self.user, self.actor) in facts.blocks
        if not wants_requests(facts, self.user) and not blocked:
            raise Refused("not_mutual")
        if facts.find(Contact, self.user, self.actor) is not None:
            return {"user": self.user, "state": "already"}
        # Keyed like the digest, so that nobody else knows it before the message is there.
        cid = base64.urlsafe_b64encode(self.digest).decode().rstrip("=")
        state = "unseen" if blocked else "waiting"
        facts.put(Contact(self.user, self.actor, state, facts.now_ms, self.text, cid))
        if not blocked:
            facts.log(self.user, "contact", None, None, by=self.actor, text=self.text or None)
        return {"user": self.user, "state": "sent"}


class AcceptContact(Command, frozen=True, tag="accept"):
    """`actor` says yes to `user`. `group` is a fresh id, unused if the two have a direct chat."""

    group: str
    user: str

    def needs(self, need: Needs) -> None:
        need_pair(need, self.actor, self.user)
        need.record(Contact, self.actor, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found` where nothing waits, `not_mutual` if one has blocked the other, `limit`."""
        contact = facts.find(Contact, self.actor, self.user)
        if contact is None or contact.state != "waiting" or not facts.exists(self.user):
            raise Refused("not_found")
        if {(self.actor, self.user), (self.user, self.actor)} & facts.blocks:
            raise Refused("not_mutual")
        key = direct_key(self.actor, self.user)
        fresh = key not in facts.direct
        if fresh:
            check_place_in_list(facts, self.actor)
            check_place_in_list(facts, self.user)
            make_direct(facts, self.group, self.user, self.actor)
        group = facts.groups[facts.direct[key]]
        group.settings = group.settings | {"accepted": True}
        facts.changed_groups.add(group.id)
        settle_direct_chat(facts, self.actor, self.user)
        if fresh and contact.text:
            body = {"type": "text", "body": {"text": contact.text}}
            facts.append(group, "message", self.user, body, cid=contact.cid, digest=self.digest, numbered=True)
        facts.put(replace(contact, state="accepted", text=""))
        return {"user": self.user, "group": group.id}


class DeclineContact(Command, frozen=True, tag="decline"):
    """`actor` does not want to talk to `user`, who is told nothing."""

    user: str

    def needs(self, need: Needs) -> None:
        need.users.update((self.actor, self.user))
        need.record(Contact, self.actor, self.user)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found` where nothing waits."""
        contact = facts.find(Contact, self.actor, self.user)
        if contact is None or contact.state != "waiting":
            raise Refused("not_found")
        facts.put(replace(contact, state="declined", text=""))
        return {}
