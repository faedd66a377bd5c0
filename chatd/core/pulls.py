"""Pulling people in: whom one may pull, and asking those first who want to be asked.

Asking is a directed invite that a pull has made (`Invite.pull`). There is one for each group, maker and person, found
by what it is between, so that whoever is asked twice has one invite. It lasts a while; within that time it is told of
once, whatever becomes of it, so that nobody is pestered, and who asks does not learn that the answer was no. It lets in
whom its maker could pull in at that moment.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from chatd.core.facts import Facts
from chatd.core.gate import judge_newcomer, need_newcomer
from chatd.core.invite_rows import Invite, Maker
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.refusal import Refused
from chatd.core.rights import RANK, check_writable, require
from chatd.core.values import Group, Member


def ask_id(group: str, maker: str, user: str) -> str:
    """The id of the invite by which `maker` asks `user` into `group`."""
    digest = blake2b(f"{group}:{maker}:{user}".encode(), digest_size=16).digest()
    return "i" + urlsafe_b64encode(digest).decode().rstrip("=")


class AddMembers(Command, frozen=True, tag="add"):
    """`actor` pulls people in. Each is judged for itself, in the order given."""

    group: str
    users: list[str]

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))
        need.record(Maker, self.group, self.actor)
        for user in self.users:
            need_newcomer(need, self.group, user)
            need.pair(self.actor, user)
            need.record(Invite, ask_id(self.group, self.actor, user))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden` for a direct chat and without the right, `read_only`, `limit` for who has
        asked too many."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if group.direct:
            raise Refused("forbidden")
        require(group, actor, "pull")
        check_writable(group)
        check_may_ask(facts, group, actor, self.users)
        pos = None
        results = []
        for user in self.users:
            result = judge_pull(facts, group, actor, user)
            if result == "added":
                via = {"invite": None, "inviter": self.actor, "parent": (actor.via or {}).get("invite")}
                pos = facts.join(group, user, "member", self.actor, via=via)
                if facts.users[user].bot:
                    facts.audit("member.add", by=self.actor, group=group.id, user=user, pos=pos)
            elif result == "asked":
                ask(facts, group, self.actor, user)
            results.append({"user": user, "result": result})
        answer: dict[str, Any] = {"group": group.id, "results": results}
        if pos is not None:
            answer["pos"] = pos
        return answer


def judge_pull(facts: Facts, group: Group, actor: Member, user: str) -> str:
    """What becomes of one who is pulled in. Somebody unknown looks like somebody who is not mutual."""
    member = facts.members.get((group.id, user))
    if member is not None and member.present:
        return "already"
    if not facts.exists(user) or user == actor.user:
        return "not_mutual"
    if facts.users[user].bot:
        return _judge_bot(facts, group, actor, user)
    if not facts.mutual(actor.user, user):
        return "not_mutual"
    judged = judge_newcomer(facts, group, user)
    if judged == "banned":
        return judged
    wish = facts.users[user].settings.get("pull")
    if wish == "nobody":
        return "opted_out"
    if member is not None and member.why == "kicked" and RANK[actor.role] < RANK["admin"]:
        return "kicked"
    if judged != "open":
        return judged
    return "asked" if wish == "ask" else "added"


def _judge_bot(facts: Facts, group: Group, actor: Member, user: str) -> str:
    """Bots follow nobody: they come in by the right of admin or owner, to whomever they were put out by."""
    if RANK[actor.role] < RANK["admin"] or facts.blocked(actor.user, user) or facts.users[user].disabled:
        return "not_mutual"
    judged = judge_newcomer(facts, group, user)
    return "added" if judged == "open" else judged


def check_may_ask(facts: Facts, group: Group, actor: Member, users: Sequence[str]) -> None:
    """Raises `limit` if so many invites of this maker would be open that no more may be."""
    maker = facts.find(Maker, group.id, actor.user) or Maker(group.id, actor.user, {})
    ids = {ask_id(group.id, actor.user, user) for user in users if judge_pull(facts, group, actor, user) == "asked"}
    most, still = facts.bounds.invites_open_per_maker, maker.still_open(facts.now_ms).keys()
    if ids - still and len(ids | still) > most:
        raise Refused("limit", bound="open_per_maker", max=most)


def ask(facts: Facts, group: Group, maker_id: str, user: str) -> None:
    """`user` is invited, unless they are already, or have said no a short while ago."""
    maker = facts.find(Maker, group.id, maker_id) or Maker(group.id, maker_id, {})
    now_ms, before = facts.now_ms, facts.find(Invite, ask_id(group.id, maker_id, user))
    anew = before is None or before.used_up or (before.expires_at or 0) <= now_ms
    if before is not None and not anew and (before.declined_at or before.state(maker.void_pos, now_ms) == "open"):
        return
    expires_at = now_ms + facts.bounds.pull_ask_ms if before is None or anew else before.expires_at
    uses = 0 if before is None else before.uses
    invite = Invite(
        invite_id=ask_id(group.id, maker_id, user),
        secret=None,
        group_id=group.id,
        maker=maker_id,
        kind="directed",
        role="member",
        target=user,
        approval=False,
        note="",
        created_at=now_ms,
        made_pos=group.head,
        expires_at=expires_at,
        max_uses=uses + 1,
        uses=uses,
        pull=True,
    )
    facts.put(maker.opened(invite.invite_id, expires_at, now_ms))
    facts.put(invite)
    facts.part_members(group)
    if anew:
        facts.log(user, "invited", group.id, None, invite=invite.invite_id, by=maker_id)
