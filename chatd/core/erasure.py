"""Erasing a person: what they wrote and what says who they were goes from everywhere; numbers and positions stay.

It begins in one commit, after which nobody can do anything as that person and no rule knows them any more. The rest
goes in portions, each a commit of its own and each harmless to repeat, so that a person of a hundred thousand messages
holds nobody up and whatever was interrupted goes on where it was. In this order:

    own log      pruned
    entries      messages become tombstones, reactions are taken back by entries of their own, other words are emptied
    groups       each gets one entry `erased`, behind the last of its tombstones; the membership ends
    edges        who follows whom
    rows         unsent text, read positions, devices and whatever else is kept beside the logs
    the end      the note that an erasure is under way goes

What stays: positions, numbers and times; that somebody with this id was in which group when; acts in the audit log,
without words. What others said, forwarded or quoted by hand is theirs.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from chatd.core import cards
from chatd.core.accounts import Account, ResetCode
from chatd.core.board import Featured, need_taking_down, take_down
from chatd.core.bots import Bot, BotToken
from chatd.core.dissolution import end_if_empty
from chatd.core.erasure_rows import ErasedSub, Erasure
from chatd.core.facts import Facts
from chatd.core.handles import Handle
from chatd.core.messages import count_reaction, tombstone
from chatd.core.needs import Needs
from chatd.core.ownership import succeed_owner
from chatd.core.profiles import index_name, name_parts
from chatd.core.proposal import Wish
from chatd.core.refusal import Refused
from chatd.core.relations import set_edge
from chatd.core.requests import JoinRequest, need_request, settle
from chatd.core.values import Entry, Group, Member
from chatd_protocol.users import ERASED_SUB


class Trace(msgspec.Struct, array_like=True, frozen=True):
    """An entry that holds something of a person. For a reaction: what it refers to, the sign, and the cid and digest of
    the entry that takes it back."""

    group: str
    pos: int
    kind: str
    target: int | None = None
    emoji: str = ""
    cid: str = ""
    digest: bytes = b""


class BeginErasure(Wish, frozen=True, tag="erase"):
    """From here on nobody does anything as this person. `digest` is the keyed hash of their `sub`; `login` and
    `handles` (their keys) are what they have, as it was looked up."""

    user: str
    digest: str
    login: str | None
    handles: list[str]

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.record(Erasure, self.user)
        need.record(ErasedSub, self.digest)
        need.record(Bot, self.user)
        for key in self.handles:
            need.record(Handle, key)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`. Whose erasure began before is answered as then."""
        user = facts.users.get(self.user)
        if user is None:
            raise Refused("not_found")
        if user.erased_at is not None:
            return {"user": user.id, "at": user.erased_at}
        parts = name_parts(user)
        facts.user_of_sub.pop(user.sub, None)
        user.sub, user.name, user.profile, user.settings = ERASED_SUB + user.id, "", {}, {}
        user.disabled, user.erased_at = True, facts.now_ms
        user.valid_after = max(user.valid_after, facts.now_ms)
        index_name(facts, user, parts)
        facts.changed_users.add(user.id)
        facts.put(Erasure(user.id, facts.now_ms))
        facts.put(ErasedSub(self.digest, facts.now_ms))
        if self.login is not None:
            facts.drop(Account, self.login)
            facts.drop(ResetCode, self.login)
        for key in self.handles:
            facts.drop(Handle, key)
        bot = facts.find(Bot, user.id)
        if bot is not None:
            facts.drop(Bot, user.id)
            for token in bot.tokens:
                facts.drop(BotToken, token)
        facts.going.barred |= {user.id}
        facts.audit("user.erase", by=None, user=user.id)
        facts.redact("erase", user=user.id)
        return {"user": user.id, "at": facts.now_ms}


class _Step(Wish, frozen=True):
    """Base of the portions."""

    user: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.user)
        need.record(Erasure, self.user)

    def under_way(self, facts: Facts) -> Erasure:
        """Raises `not_found` if there is nothing to go on with."""
        erasure = facts.find(Erasure, self.user)
        if erasure is None:
            raise Refused("not_found")
        return erasure


class PruneOwnLog(_Step, frozen=True, tag="erase_mine"):
    """Their own log up to `upto` goes."""

    upto: int

    def decide(self, facts: Facts) -> dict[str, Any]:
        self.under_way(facts)
        user = facts.users[self.user]
        user.mine_floor = max(user.mine_floor, min(self.upto, user.upos))
        facts.going.prunes[user.id] = user.mine_floor
        facts.changed_users.add(user.id)
        return {}


class EraseEntries(_Step, frozen=True, tag="erase_entries"):
    """What these entries hold of the person goes."""

    traces: list[Trace]

    def needs(self, need: Needs) -> None:
        super().needs(need)
        for trace in self.traces:
            need.groups.add(trace.group)
            need.entries.add((trace.group, trace.pos))
            if trace.kind == "message":
                need_taking_down(need, trace.group, trace.pos)
                need.record(cards.Place, trace.group, trace.pos)
            elif trace.target is not None:
                need.entries.add((trace.group, trace.target))
                need.reactions.add((trace.group, trace.target, self.user, trace.emoji))
                need.record(Featured, trace.group, trace.target)

    def decide(self, facts: Facts) -> dict[str, Any]:
        at, erased = self.under_way(facts).at, 0
        for trace in self.traces:
            entry, group = facts.entries.get((trace.group, trace.pos)), facts.groups.get(trace.group)
            if entry is None or group is None:
                continue
            if entry.kind == "nicknames":
                _forget_nickname(facts, entry, self.user)
            elif entry.actor == self.user:
                erased += _erase(facts, group, entry, trace, at)
        return {"erased": erased}


def _erase(facts: Facts, group: Group, entry: Entry, trace: Trace, at: int) -> bool:
    if entry.kind == "message" and not entry.recalled:
        take_down(facts, entry)
        entry.recalled = True
        entry.reactions = {}
        entry.body = tombstone(entry, {"by": entry.actor, "at": at, "erased": True})
        facts.reactions_dropped.add((entry.group, entry.pos))
        cards.remove_card(facts, entry.group, entry.pos, group.head)
        facts.redact_entry(entry)
        return True
    if entry.kind == "reaction":
        _take_back(facts, group, trace)
    elif entry.kind == "feature" and entry.body.get("note"):
        entry.body = entry.body | {"note": ""}
        facts.redact_entry(entry)
        featured = facts.find(Featured, entry.group, entry.target)
        if featured is not None and featured.by == entry.actor:
            facts.put(replace(featured, note=""))
    elif entry.kind == "announcement" and entry.body.get("text"):
        entry.body = entry.body | {"text": ""}
        facts.redact_entry(entry)
        now = group.settings.get("announcement", {})
        if now.get("version") == entry.body["version"]:
            group.settings = group.settings | {"announcement": now | {"text": ""}}
            facts.changed_groups.add(group.id)
    return False


def _take_back(facts: Facts, group: Group, trace: Trace) -> None:
    """One of their signs on what somebody else wrote: an entry says that it is gone, as if they had done so."""
    target = facts.entries.get((trace.group, trace.target or 0))
    user = facts.entries[trace.group, trace.pos].actor
    key = (trace.group, trace.target or 0, user or "", trace.emoji)
    if target is None or user is None or key not in facts.reactions or target.recalled:
        return
    count_reaction(target, trace.emoji, False)
    facts.reactions.discard(key)
    facts.reaction_changes[key] = False
    facts.rewrite(target)
    body = {"emoji": trace.emoji, "on": False}
    facts.append(group, "reaction", user, body, cid=trace.cid, digest=trace.digest, target=trace.target)


def _forget_nickname(facts: Facts, entry: Entry, user: str) -> None:
    names = [one | {"nickname": ""} if one["user"] == user else one for one in entry.body["names"]]
    if names != entry.body["names"]:
        entry.body = entry.body | {"names": names}
        facts.redact_entry(entry)


class EraseInGroup(_Step, frozen=True, tag="erase_in_group"):
    """The person is out of the group, which is told. `last` is their last message there, None if there is none.

    Decided on another state of the erasure than that which ended with the group `after`, it does nothing: so it
    happens once, however often it is proposed.
    """

    group: str
    after: str
    last: int | None
    peer: str | None = None
    """The other one of a direct chat."""

    def needs(self, need: Needs) -> None:
        super().needs(need)
        need.heirs.add(self.group)
        need.members.add((self.group, self.user))
        need_request(need, self.group, self.user)
        if self.last is not None:
            need.entries.add((self.group, self.last))
        if self.peer is not None:
            need.users.add(self.peer)

    def decide(self, facts: Facts) -> dict[str, Any]:
        erasure, group = self.under_way(facts), facts.groups[self.group]
        if erasure.cursor != self.after:
            return {}
        facts.put(replace(erasure, cursor=group.id))
        member = facts.members.get((group.id, self.user))
        present = member is not None and member.present
        gone = group.dissolved_at is not None and not group.members
        if not gone and (present or self.last is not None):
            # Who is out is no concern of those who see nothing that they wrote.
            target = None if present else self.last
            facts.append(group, "erased", None, {"user": self.user, "since": erasure.at}, target=target)
        if not (group.direct or gone):
            facts.void_invites(group, self.user)
        if member is not None and present:
            _end_stay(facts, group, member)
            if group.direct:
                _close_direct_chat(facts, group, self.peer)
            end_if_empty(facts, group)
        _withdraw(facts, group, self.user)
        facts.going.wipes.append((self.user, group.id))
        return {}


def _end_stay(facts: Facts, group: Group, member: Member) -> None:
    if member.role == "owner":
        succeed_owner(facts, group, member)
    member.nickname = ""
    facts.leave(group, member, by=None, why="erased")


def _close_direct_chat(facts: Facts, group: Group, peer: str | None) -> None:
    group.settings = {name: value for name, value in group.settings.items() if name != "accepted"}
    if not group.read_only:
        group.read_only = True
        if peer is not None and facts.exists(peer):
            facts.log(peer, "direct", group.id, None, read_only=True)


def _withdraw(facts: Facts, group: Group, user: str) -> None:
    request = facts.find(JoinRequest, group.id, user)
    if request is None:
        return
    if request.state == "pending":
        settle(facts, group, replace(request, state="withdrawn", decided_at=facts.now_ms, answer=""))
    elif request.answer:
        facts.put(replace(request, answer=""))


class EraseEdges(_Step, frozen=True, tag="erase_edges"):
    """They follow none of `follows` any more, and none of `followers` follows them."""

    follows: list[str]
    followers: list[str]

    def needs(self, need: Needs) -> None:
        super().needs(need)
        need.users.update(self.followers)
        need.follows.update(self._edges())

    def decide(self, facts: Facts) -> dict[str, Any]:
        self.under_way(facts)
        for edge in self._edges():
            if edge in facts.follows:
                set_edge(facts.follows, edge, False)
                facts.follow_changes[edge] = False
                facts.users[edge[0]].following -= 1
                facts.changed_users.add(edge[0])
        return {}

    def _edges(self) -> list[tuple[str, str]]:
        return [(self.user, one) for one in self.follows] + [(one, self.user) for one in self.followers]


class WipeRows(_Step, frozen=True, tag="erase_rows"):
    """A portion of what is kept of them beside the logs goes."""

    def decide(self, facts: Facts) -> dict[str, Any]:
        self.under_way(facts)
        facts.going.wipes.append((self.user, None))
        return {}


class EndErasure(_Step, frozen=True, tag="erase_end"):
    """Nothing is left."""

    def decide(self, facts: Facts) -> dict[str, Any]:
        if facts.find(Erasure, self.user) is None:
            return {}
        facts.drop(Erasure, self.user)
        facts.going.barred -= {self.user}
        facts.going.scrub = True
        return {}


Step = PruneOwnLog | EraseEntries | EraseInGroup | EraseEdges | WipeRows | EndErasure
