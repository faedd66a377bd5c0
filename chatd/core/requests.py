"""The door of a group, and requests to come in: asked, decided once, judged by the group as it is then.

`group.settings["entry"]` says how the door stands; without it one comes in by invite or by being pulled in. Who
decides learns of a request through their own log, and who asked learns the decision through theirs.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from msgspec.structs import replace

from chatd.core.facts import Facts
from chatd.core.gate import check_person, judge_newcomer, need_newcomer
from chatd.core.invite_rows import Invite
from chatd.core.needs import Needs
from chatd.core.proposal import Command
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.rights import RANK, may, require
from chatd.core.uses import count_use
from chatd.core.values import Group

DOORS: Final = ("open", "approval", "question")
"""Settings under which somebody without an invite can do something."""


class JoinRequest(Record):
    """The newest request of one person for one group. `number` counts theirs; `via` is what brought them."""

    table: ClassVar[str] = "join_requests"
    key_fields: ClassVar[int] = 2

    group_id: str
    user_id: str
    number: int
    state: str
    at: int
    answer: str
    role: str
    invite: str | None
    via: dict[str, Any] | None
    decided_by: str | None = None
    decided_at: int | None = None


class Queue(Record):
    """How many requests of a group wait."""

    table: ClassVar[str] = "join_queues"

    group_id: str
    pending: int


def need_request(need: Needs, group: str, user: str) -> None:
    """What asking and deciding have to know."""
    need.record(JoinRequest, group, user)
    need.record(Queue, group)
    need.staffed.add(group)


def entry_of(group: Group, approval: bool) -> str:
    """How one comes in; `approval` is an invite's own wish for it."""
    entry: str = group.settings.get("entry", "invite")
    return "approval" if approval and entry != "question" else entry


class SetEntry(Command, frozen=True, tag="entry"):
    """Change what is not None."""

    group: str
    entry: str | None
    question: str | None
    invites: str | None

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)
        need.members.add((self.group, self.actor))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `invalid` for asking no question."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if group.direct:
            raise Refused("forbidden")
        require(group, actor, "edit")
        if group.dissolved_at is not None:
            raise Refused("read_only")
        changed = {"entry": self.entry, "question": self.question, "invites": self.invites}
        changed = {name: value for name, value in changed.items() if value is not None}
        settings = group.settings | changed
        if settings.get("entry") == "question" and not str(settings.get("question", "")).strip():
            raise Refused("invalid", "The door asks a question: there has to be one", path="$.data.question")
        group.settings = settings
        facts.changed_groups.add(group.id)
        entry = facts.append(group, "settings", self.actor, changed)
        facts.audit("group.entry", by=self.actor, group=group.id, pos=entry.pos, changed=list(changed))
        return {"group": group.id, "pos": entry.pos}


class Join(Command, frozen=True, tag="join"):
    """Come in without an invite, where the door allows it, or ask to."""

    group: str
    answer: str

    def needs(self, need: Needs) -> None:
        need_newcomer(need, self.group, self.actor)
        need_request(need, self.group, self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found` where there is no such door, `forbidden` for who was put out, `limit`, `invalid` for a
        question left open, `rate_limited`."""
        group = facts.groups.get(self.group)
        if group is None or group.direct:
            raise Refused("not_found")
        judged = judge_newcomer(facts, group, self.actor)
        if judged == "already":
            return {"group": group.id, "result": "already"}
        check_person(facts, self.actor)
        entry = entry_of(group, False)
        if judged == "banned" or entry not in DOORS or group.read_only or group.dissolved_at is not None:
            raise Refused("not_found")
        if entry != "open":
            return ask_to_enter(facts, group, self.actor, self.answer, None, "member", entry)
        before = facts.members.get((group.id, self.actor))
        if before is not None and before.why == "kicked":
            raise Refused("forbidden", "Who was put out comes back by an admin's invite only")
        if judged == "full":
            raise Refused("limit", bound="members", max=group.member_limit)
        pos = facts.join(group, self.actor, "member", None, how="open")
        return {"group": group.id, "result": "added", "pos": pos}


class Decide(Command, frozen=True, tag="decide"):
    """An admin lets somebody in, or does not."""

    group: str
    user: str
    number: int
    approved: bool

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.members.add((self.group, self.actor))
        need_newcomer(need, self.group, self.user)
        need_request(need, self.group, self.user)
        need.asked.add((self.group, self.user))

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `forbidden`, `read_only`, `already_decided`, `limit`."""
        actor = facts.member(self.group, self.actor)
        group = facts.groups[self.group]
        if not may(group, actor, "admit"):
            raise Refused("forbidden", right="admit")
        request = facts.find(JoinRequest, self.group, self.user)
        if request is None or self.number > request.number:
            raise Refused("not_found")
        if self.number < request.number or request.state != "pending":
            raise Refused("already_decided")
        answer: dict[str, Any] = {"group": group.id, "user": self.user}
        pos = let_in(facts, group, request, actor.role, self.actor) if self.approved else None
        state = "approved" if self.approved else "refused"
        settle(facts, group, replace(request, state=state, decided_by=self.actor, decided_at=facts.now_ms))
        act = "request.approve" if self.approved else "request.refuse"
        facts.audit(act, by=self.actor, group=group.id, user=self.user, pos=pos, number=self.number)
        return answer | {"state": state} | ({} if pos is None else {"pos": pos})


class Withdraw(Command, frozen=True, tag="withdraw"):
    """Ask no more."""

    group: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.actor)
        need.groups.add(self.group)
        need_request(need, self.group, self.actor)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `already_decided`."""
        request = facts.find(JoinRequest, self.group, self.actor)
        if request is None:
            raise Refused("not_found")
        if request.state != "pending":
            raise Refused("already_decided")
        settle(facts, facts.groups[self.group], replace(request, state="withdrawn", decided_at=facts.now_ms))
        return {"group": self.group, "user": self.actor, "state": "withdrawn"}


def ask_to_enter(
    facts: Facts, group: Group, user: str, answer: str, via: dict[str, Any] | None, role: str, entry: str
) -> dict[str, Any]:
    """Put a request in the queue; whose request waits already is told so again.

    Raises `invalid` for a question left open, `limit`, `rate_limited` for who asks again too soon.
    """
    before = facts.find(JoinRequest, group.id, user)
    pending = {"group": group.id, "result": "pending"}
    if before is not None and before.state == "pending":
        return pending
    if entry == "question" and not answer.strip():
        raise Refused("invalid", "The group asks a question", path="$.data.answer")
    bounds, waited = facts.bounds, facts.now_ms - (0 if before is None else before.at)
    if waited < bounds.request_again_ms:
        raise Refused("rate_limited", retry_after=(bounds.request_again_ms - waited) / 1000)
    queue = facts.find(Queue, group.id) or Queue(group.id, 0)
    if queue.pending >= bounds.requests_per_group:
        raise Refused("limit", bound="requests_per_group", max=bounds.requests_per_group)
    number = 1 if before is None else before.number + 1
    invite = None if via is None else via["invite"]
    facts.put(replace(queue, pending=queue.pending + 1))
    request = JoinRequest(group.id, user, number, "pending", facts.now_ms, answer, role, invite, via)
    facts.put(request)
    tell(facts, group, request)
    return pending


def let_in(facts: Facts, group: Group, request: JoinRequest, most: str, by: str | None) -> int | None:
    """Let in who asked, as `by` (None: the operator) decides, with a role up to `most`. Returns the entry from which
    they are in, None if they were in already. Raises `not_found` for who was erased meanwhile, `read_only`,
    `forbidden` for who is banned, `limit`."""
    facts.user(request.user_id)
    if group.read_only or group.dissolved_at is not None:
        raise Refused("read_only")
    judged = judge_newcomer(facts, group, request.user_id)
    if judged == "already":
        return None
    if judged == "banned":
        raise Refused("forbidden", "Somebody who is banned is not let in", reason="banned")
    if judged == "full":
        raise Refused("limit", bound="members", max=group.member_limit)
    role = request.role if RANK[request.role] <= RANK[most] else "member"
    pos = facts.join(group, request.user_id, role, by, how="request" if by is not None else "operator", via=request.via)
    invite = facts.find(Invite, request.invite) if request.invite is not None else None
    if invite is not None and not invite.used_up:
        count_use(facts, invite)
    return pos


def settle(facts: Facts, group: Group, request: JoinRequest) -> None:
    """A request waits no more."""
    queue = facts.find(Queue, group.id) or Queue(group.id, 1)
    facts.put(replace(queue, pending=queue.pending - 1))
    facts.put(request)
    tell(facts, group, request)


def tell(facts: Facts, group: Group, request: JoinRequest) -> None:
    """Those who decide, as far as they were looked up, and who asked learn how a request stands."""
    told = {"user": request.user_id, "number": request.number, "state": request.state, "by": request.decided_by}
    for one in facts.staff.get(group.id, ()):
        member = facts.members.get((group.id, one))
        if member is not None and member.present and may(group, member, "admit"):
            facts.log(one, "request", group.id, None, **told)
    facts.log(request.user_id, "request", group.id, None, **told)
