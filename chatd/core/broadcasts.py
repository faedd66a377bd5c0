"""Broadcasts: one post of the operator's to many groups, as work that goes on by itself, each group once.

A broadcast is planned, aimed at groups, started, and then carried out in steps. What came of a group is kept in the
commit that posts there, so that a step which is proposed again finds nothing to do. `by operator` stands on the posts:
whoever is named as their sender need not be in the group. What was to be said is forgotten once the broadcast is over,
which it is too when its sender is erased; and some time after that all of it, portion by portion.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import Any, ClassVar

from msgspec.structs import replace

from chatd.core import cards
from chatd.core.facts import Facts
from chatd.core.kinds import NOTICE
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.values import Entry, Group

PLANNED, RUNNING, DONE, CANCELLED = "planned", "running", "done", "cancelled"


class Broadcast(Record):
    """One broadcast. `digest` recognises it when it is planned again. `total`, `sent`, `refused` count groups."""

    table: ClassVar[str] = "broadcasts"

    broadcast_id: str
    digest: str
    state: str
    kind: str
    sender: str
    body: dict[str, Any]
    at: int
    ended_at: int | None = None
    total: int = 0
    sent: int = 0
    refused: int = 0


class BroadcastGroup(Record):
    """What came of one group: nothing yet (empty), `sent` at `pos`, or why not."""

    table: ClassVar[str] = "broadcast_groups"
    key_fields: ClassVar[int] = 2

    broadcast_id: str
    group_id: str
    result: str = ""
    pos: int | None = None
    at: int | None = None


class PlanBroadcast(Wish, frozen=True, tag="plan_broadcast"):
    """There is a broadcast of this id. Planned again as it was, it is the same one, however far it has come. `dry`: it
    is only judged; its `sender` may be nobody yet."""

    broadcast_id: str
    digest: str
    kind: str
    sender: str
    body: dict[str, Any]
    dry: bool = False

    def needs(self, need: Needs) -> None:
        if self.sender:
            need.users.add(self.sender)
        need.record(Broadcast, self.broadcast_id)
        cards.need_item(need, self.kind, self.body)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `conflict` if another one has this id, `not_found` for who sends it, `no_item`."""
        before = facts.find(Broadcast, self.broadcast_id)
        if before is not None:
            if before.digest != self.digest:
                raise Refused(
                    "conflict", f"The id {self.broadcast_id} is taken by another broadcast: choose another one"
                )
            return view_broadcast(before)
        if self.sender:
            facts.user(self.sender)
        cards.snapshot(facts, self.kind, self.body)
        planned = Broadcast(self.broadcast_id, self.digest, PLANNED, self.kind, self.sender, self.body, facts.now_ms)
        if self.dry:
            return view_broadcast(planned)
        facts.put(planned)
        facts.audit("broadcast.plan", by=None, user=self.sender, broadcast=self.broadcast_id, kind=self.kind)
        return view_broadcast(planned)


class AimBroadcast(Wish, frozen=True, tag="aim_broadcast"):
    """These groups are among those that it goes to; those that are already, once."""

    broadcast_id: str
    groups: list[str]

    def needs(self, need: Needs) -> None:
        need.record(Broadcast, self.broadcast_id)
        for group in self.groups:
            need.record(BroadcastGroup, self.broadcast_id, group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `conflict` once it was started, `limit`."""
        broadcast = _find(facts, self.broadcast_id)
        if broadcast.state != PLANNED:
            raise Refused("conflict", f"The broadcast is {broadcast.state}: it is aimed before it starts")
        groups = list(dict.fromkeys(self.groups))
        fresh = [group for group in groups if facts.find(BroadcastGroup, self.broadcast_id, group) is None]
        most = facts.bounds.groups_per_broadcast
        if broadcast.total + len(fresh) > most:
            raise Refused("limit", bound="groups_per_broadcast", max=most)
        for group in fresh:
            facts.put(BroadcastGroup(self.broadcast_id, group))
        aimed = replace(broadcast, total=broadcast.total + len(fresh))
        facts.put(aimed)
        return view_broadcast(aimed)


class StartBroadcast(Wish, frozen=True, tag="start_broadcast"):
    """It goes out from now on; started again it goes on."""

    broadcast_id: str

    def needs(self, need: Needs) -> None:
        need.record(Broadcast, self.broadcast_id)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `conflict` if it was cancelled."""
        broadcast = _find(facts, self.broadcast_id)
        if broadcast.state == CANCELLED:
            raise Refused("conflict", "The broadcast was cancelled")
        if broadcast.state == PLANNED:
            broadcast = replace(broadcast, state=RUNNING)
            facts.put(broadcast)
            _audit(facts, "broadcast.start", broadcast)
        return view_broadcast(broadcast)


class CancelBroadcast(Wish, frozen=True, tag="cancel_broadcast"):
    """It goes to no further group. What was posted stays."""

    broadcast_id: str

    def needs(self, need: Needs) -> None:
        need.record(Broadcast, self.broadcast_id)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `conflict` if it is done."""
        broadcast = _find(facts, self.broadcast_id)
        if broadcast.state == DONE:
            raise Refused("conflict", "The broadcast is done")
        if broadcast.state != CANCELLED:
            broadcast = _cancel(facts, broadcast)
        return view_broadcast(broadcast)


class DeliverBroadcast(Wish, frozen=True, tag="deliver_broadcast"):
    """A step: the post goes to these groups, to each unless something came of it before. Without groups it is over.

    `kind`, `body` and `sender` are those of the broadcast: what has to be loaded is known before that is.
    """

    broadcast_id: str
    kind: str
    body: dict[str, Any]
    sender: str
    groups: list[str]

    def needs(self, need: Needs) -> None:
        need.record(Broadcast, self.broadcast_id)
        need.users.add(self.sender)
        cards.need_item(need, self.kind, self.body)
        for group in self.groups:
            need.groups.add(group)
            need.record(BroadcastGroup, self.broadcast_id, group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`."""
        broadcast = _find(facts, self.broadcast_id)
        if broadcast.state != RUNNING:
            return {"sent": 0}
        if not facts.exists(self.sender):
            # Nothing more is said in the name of somebody who is erased.
            _cancel(facts, broadcast)
            return {"sent": 0}
        if not self.groups:
            facts.put(replace(broadcast, state=DONE, ended_at=facts.now_ms, body={}))
            return {"sent": 0}
        sent = refused = 0
        for group_id in self.groups:
            aimed = facts.find(BroadcastGroup, self.broadcast_id, group_id)
            if aimed is None or aimed.result:
                continue
            result, pos = self._post(facts, broadcast, group_id)
            facts.put(replace(aimed, result=result, pos=pos, at=facts.now_ms))
            sent, refused = sent + (pos is not None), refused + (pos is None)
        facts.put(replace(broadcast, sent=broadcast.sent + sent, refused=broadcast.refused + refused))
        return {"sent": sent}

    def _post(self, facts: Facts, broadcast: Broadcast, group_id: str) -> tuple[str, int | None]:
        group = facts.groups.get(group_id)
        try:
            check_postable(group)
            assert group is not None
            cid = cid_of(broadcast, group_id)
            return "sent", post(facts, group, broadcast.sender, self.kind, self.body, cid).pos
        except Refused as refusal:
            return refusal.code, None


class ForgetBroadcast(Wish, frozen=True, tag="forget_broadcast"):
    """A step: what came of these groups goes; without groups the broadcast, which is over since `before` at least, and
    its id is free. One that was planned as long ago and never started is cancelled, and goes as long after that.
    """

    broadcast_id: str
    before: int
    groups: list[str]

    def needs(self, need: Needs) -> None:
        need.record(Broadcast, self.broadcast_id)
        for group in self.groups:
            need.record(BroadcastGroup, self.broadcast_id, group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Whatever is not what it was thought to be stays as it is."""
        broadcast = facts.find(Broadcast, self.broadcast_id)
        if broadcast is None or not is_over(broadcast, self.before):
            return {"forgotten": 0}
        if broadcast.state == PLANNED:
            _cancel(facts, broadcast)
            return {"forgotten": 0}
        aimed = [facts.find(BroadcastGroup, self.broadcast_id, group) for group in dict.fromkeys(self.groups)]
        results = [one.result for one in aimed if one is not None]
        for group in self.groups:
            facts.drop(BroadcastGroup, self.broadcast_id, group)
        total, sent = broadcast.total - len(results), broadcast.sent - results.count("sent")
        refused = broadcast.refused - sum(1 for result in results if result not in ("", "sent"))
        facts.put(replace(broadcast, total=total, sent=sent, refused=refused))
        if not total:
            facts.drop(Broadcast, self.broadcast_id)
        return {"forgotten": len(results)}


class PostNotice(Wish, frozen=True, tag="post_notice"):
    """A single post of the operator's to one group."""

    group: str
    sender: str
    kind: str
    body: dict[str, Any]
    cid: str

    def needs(self, need: Needs) -> None:
        need.users.add(self.sender)
        need.groups.add(self.group)
        cards.need_item(need, self.kind, self.body)

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `not_found`, `invalid` for a direct chat, `read_only`, `no_item`."""
        group = facts.groups.get(self.group)
        facts.user(self.sender)
        check_postable(group)
        assert group is not None
        entry = post(facts, group, self.sender, self.kind, self.body, self.cid)
        facts.audit("group.notice", by=None, group=group.id, user=self.sender, pos=entry.pos, kind=self.kind)
        return {"group": group.id, "pos": entry.pos}


def check_postable(group: Group | None) -> None:
    """Raises `not_found`, `invalid` for a direct chat, `read_only` for a group that has ended."""
    if group is None:
        raise Refused("not_found")
    if group.direct:
        raise Refused("invalid", "The operator does not write in a direct chat")
    if group.dissolved_at is not None:
        raise Refused("read_only")


def post(facts: Facts, group: Group, sender: str, kind: str, body: dict[str, Any], cid: str) -> Entry:
    """A message in the group's main section that the operator had sent. Raises `no_item`."""
    marked = {"type": kind, "body": cards.snapshot(facts, kind, body), "operator": True}
    digest = blake2b(cid.encode(), digest_size=16).digest()
    entry = facts.append(group, "message", sender, marked, cid=cid, digest=digest, numbered=kind != NOTICE)
    cards.place_card(facts, entry)
    return entry


def cid_of(broadcast: Broadcast, group: str) -> str:
    """The cid of a broadcast's post in a group: the same whenever it is asked, another one than that of an earlier
    broadcast by this id."""
    named = f"{broadcast.broadcast_id}\0{broadcast.at}\0{group}"
    drawn = blake2b(named.encode(), digest_size=16, person=b"broadcast").digest()
    return urlsafe_b64encode(drawn).decode().rstrip("=")


def view_broadcast(broadcast: Broadcast) -> dict[str, Any]:
    """A broadcast as the operator sees it, without what it says."""
    shown: dict[str, Any] = {
        "broadcast": broadcast.broadcast_id,
        "state": broadcast.state,
        "kind": broadcast.kind,
        "sender": broadcast.sender,
        "at": broadcast.at,
        "groups": broadcast.total,
        "sent": broadcast.sent,
        "refused": broadcast.refused,
    }
    return shown if broadcast.ended_at is None else shown | {"ended": broadcast.ended_at}


def is_over(broadcast: Broadcast, before: int) -> bool:
    """Whether it ended before a time, or was planned before it and has not begun."""
    if broadcast.state == PLANNED:
        return broadcast.at < before
    return broadcast.ended_at is not None and broadcast.ended_at < before


def _cancel(facts: Facts, broadcast: Broadcast) -> Broadcast:
    cancelled = replace(broadcast, state=CANCELLED, ended_at=facts.now_ms, body={})
    facts.put(cancelled)
    _audit(facts, "broadcast.cancel", cancelled)
    return cancelled


def _find(facts: Facts, broadcast_id: str) -> Broadcast:
    broadcast = facts.find(Broadcast, broadcast_id)
    if broadcast is None:
        raise Refused("not_found")
    return broadcast


def _audit(facts: Facts, act: str, broadcast: Broadcast) -> None:
    what = broadcast.broadcast_id
    facts.audit(act, by=None, user=broadcast.sender, broadcast=what, kind=broadcast.kind, groups=broadcast.total)
