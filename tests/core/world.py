"""A world made by hand for the rules: people, who follows whom, groups. No loop, no database, no fixture.

world = World()
ann, ben = world.people("ann", "ben")
world.make_mutual(ann, ben)
group = world.found("g", ann)
world.act(AddMembers(ann, world.cid(), DIGEST, group, [ben]))
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import pytest

from chatd.core.bots import MakeBot
from chatd.core.facts import Facts
from chatd.core.groups import found_group
from chatd.core.invite_rows import Invite, Maker
from chatd.core.invites import lead
from chatd.core.limits import Bounds
from chatd.core.messages import Send
from chatd.core.needs import Needs
from chatd.core.proposal import Proposal
from chatd.core.pulls import AddMembers
from chatd.core.records import R
from chatd.core.refusal import Refused
from chatd.core.requests import JoinRequest
from chatd.core.restrictions import Pace
from chatd.core.values import Entry, Group, Member, User, direct_key

DIGEST: Final = b"0123456789abcdef"
START_MS: Final = 1_700_000_000_000
_CHANGES: Final = (
    "new_entries",
    "rewritten",
    "new_groups",
    "moved_groups",
    "changed_groups",
    "new_members",
    "changed_members",
    "new_mine",
    "new_audits",
    "new_users",
    "changed_users",
    "follow_changes",
    "block_changes",
    "reaction_changes",
    "reactions_dropped",
    "revocations",
    "reads",
    "joins",
    "leaves",
)


class World:
    """One commit's facts at a time; `next_commit` carries the state over and forgets what changed."""

    def __init__(self, **bounds: Any) -> None:
        self.facts = Facts(Bounds(**bounds), START_MS)
        self._numbers = count(1)

    def cid(self) -> str:
        return f"{next(self._numbers):021}A"

    # -- what is there

    def people(self, *ids: str) -> Sequence[str]:
        for user_id in ids:
            user = User(id=user_id, sub=f"sub of {user_id}", name=user_id, created_at=START_MS)
            self.facts.users[user_id] = self.facts.user_of_sub[user.sub] = user
        return ids

    def bot(self, name: str, *, direct: bool = False) -> str:
        """A bot by its name, which is its user's id too."""
        self.act(MakeBot(name, name, name, "", ["read", "send"], direct, f"the first token of {name}"))
        return name

    def make_mutual(self, one: str, *others: str) -> None:
        for other in others:
            self.facts.follows |= {(one, other), (other, one)}

    def found(
        self,
        group_id: str,
        owner: str,
        *members: str,
        admins: Sequence[str] = (),
        history: str = "none",
        limit: int = 100,
    ) -> str:
        """A private group whose first entry brought everybody named."""
        group = self._group(group_id, "private", history, limit)
        roles = {owner: "owner"} | dict.fromkeys(admins, "admin") | dict.fromkeys(members, "member")
        found_group(self.facts, group, owner, roles)
        return group_id

    def found_direct(self, group_id: str, one: str, other: str) -> str:
        group = self._group(group_id, "direct", "all", 2)
        group.direct_key = direct_key(one, other)
        found_group(self.facts, group, one, {one: "member", other: "member"})
        self.facts.direct[group.direct_key] = group_id
        return group_id

    def _group(self, group_id: str, kind: str, history: str, limit: int) -> Group:
        return Group(group_id, kind, "Tea", "", history, limit, 0, 0, 0, 0, False, START_MS)

    # -- acts

    def act(self, wish: Proposal) -> dict[str, Any]:
        """What the rules answer."""
        self._expect(wish)
        return wish.decide(self.facts)

    def _expect(self, wish: Proposal) -> None:
        need = Needs()
        wish.needs(need)
        for pair in need.paces:
            need.record(Pace, *pair)
        self._look_ahead(need)
        self.facts.records.expect(need.records)

    def _stored(self, kind: type[R], *key: Any) -> R | None:
        """A record as it would be found by somebody who had asked for it."""
        self.facts.records.expect({kind: {key}})
        return self.facts.find(kind, *key)

    def _look_ahead(self, need: Needs) -> None:
        """What the engine looks up before it locks anything: of invites that exist, of requests, of groups' admins."""
        for sought in list(need.sought):
            known = self.facts.invite_of_secret.get(sought.secret or "", sought.invite)
            invite = self._stored(Invite, known)
            if invite is not None:
                lead(need, sought, invite.invite_id, invite.group_id, invite.maker)
        for group, user in need.asked:
            request = self._stored(JoinRequest, group, user)
            if request is not None and request.invite is not None and request.via is not None:
                need.record(Invite, request.invite)
                need.record(Maker, group, request.via["inviter"])
        for group in need.staffed:
            present = [m for (of, _), m in self.facts.members.items() if of == group and m.present]
            self.facts.staff[group] = [m.user for m in present if m.role in ("owner", "admin")]

    def refuse(self, wish: Proposal) -> Refused:
        """The refusal; whoever is refused has changed nothing."""
        self._expect(wish)
        before = copy.deepcopy(vars(self.facts))
        with pytest.raises(Refused) as refusal:
            wish.decide(self.facts)
        assert vars(self.facts) == before
        return refusal.value

    def say(self, user: str, group: str, text: str = "hello", *, reply_to: int | None = None) -> int:
        """Send a message. Returns its pos."""
        answer = self.act(Send(user, self.cid(), DIGEST, group, "text", {"text": text}, reply_to, None))
        pos = answer["pos"]
        assert isinstance(pos, int)
        return pos

    def pull(self, actor: str, group: str, *users: str) -> list[str]:
        """Pull people in; what becomes of each."""
        answer = self.act(AddMembers(actor, self.cid(), DIGEST, group, list(users)))
        assert [result["user"] for result in answer["results"]] == list(users)
        return [result["result"] for result in answer["results"]]

    def next_commit(self, after_ms: int = 1000) -> None:
        """The state stays, what had changed is written down, time has passed."""
        fresh = Facts(self.facts.bounds, self.facts.now_ms + after_ms)
        for name, value in vars(self.facts).items():
            if name not in (*_CHANGES, "bounds", "now_ms", "_open_members"):
                setattr(fresh, name, value)
        self.facts = fresh

    # -- questions

    def member(self, group: str, user: str) -> Member:
        return self.facts.members[group, user]

    def group(self, group: str) -> Group:
        return self.facts.groups[group]

    def entry(self, group: str, pos: int) -> Entry:
        return self.facts.entries[group, pos]

    def log(self, group: str) -> list[Entry]:
        """The whole log, ascending."""
        return [entry for (of, _), entry in sorted(self.facts.entries.items()) if of == group]

    def told(self, user: str) -> list[tuple[str, int | None, dict[str, Any]]]:
        """(kind, pos, body) of what this commit wrote into the user's own log."""
        return [(mine.kind, mine.pos, mine.body) for mine in self.facts.new_mine if mine.user == user]


def members_entries(world: World, group: str) -> list[tuple[int, list[str], list[str], int]]:
    """(pos, who came, who went, how many there are) of each `members` entry."""
    return [
        (
            entry.pos,
            [x["user"] for x in entry.body["joined"]],
            [x["user"] for x in entry.body["left"]],
            entry.body["count"],
        )
        for entry in world.log(group)
        if entry.kind == "members"
    ]
