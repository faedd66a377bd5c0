"""One group's log replayed, and what does not fit it: the judge of `verify`, without SQL.

Fed with the group's row, its memberships and then every entry in order, it follows who is in with which role, what the
settings are and how the messages stand, and compares that with the rows kept beside the log. What one entry says of
another is compared by sums of hashes, so that memory depends on the people of the group and not on its entries.
Problems name ids and positions, never what somebody wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from chatd.core.board import Board
from chatd.core.cards import KIND_OF
from chatd.core.restrictions import FOREVER
from chatd.core.rights import RANK
from chatd.core.values import Entry, Group, Member
from chatd.core.visibility import CHANGES
from chatd.store.attribution import check_attribution
from chatd.store.boards import BoardReplay

CID_CHARACTERS: Final = 22
_SETTINGS: Final = {"title": "title", "intro": "intro", "history": "history", "limit": "member_limit"}

_CHOSEN: Final = frozenset({"entry", "question", "invites"})
"""Settings that are kept together, each with the entry that set it."""


class Target(msgspec.Struct, array_like=True):
    """What an entry refers to, as it is now. `body` is only there for what a recall refers to, `type` (of the message)
    for what a card entry refers to."""

    kind: str
    actor: str | None
    recalled: bool
    version: int
    body: dict[str, Any] | None
    type: str = ""


class _Join(msgspec.Struct):
    """A membership, with what decided how far back it sees: the rule (None: that of the founding) and the last seq."""

    row: Member
    rule: str | None
    seq: int


class Replay:
    """The state that the entries so far lead to. `report` is called with each problem."""

    def __init__(
        self, group: Group, members: Sequence[Member], board: Board | None, report: Callable[[str], None]
    ) -> None:
        self._group = group
        self._say = report
        self._rows = {(member.user, member.period): member for member in members}
        self._head = self._at = self._seq = 0
        self._roles: dict[str, str] = {}
        self._floors: dict[str, int] = {}
        self._nicknames: dict[str, str] = {}
        self._periods: Counter[str] = Counter()
        self._joins: list[_Join] = []
        self._settings: dict[str, Any] = {}
        self._moderated = {"slow_s": 0, "restricted_until": 0}
        self._chosen: dict[str, Any] = {}
        # (message number, whether it is a message) at the positions that some membership names.
        self._named: dict[int, tuple[int, bool]] = dict.fromkeys((member.from_pos for member in members), (-1, False))
        self._named[0] = (0, True)
        self._takers: dict[str, Callable[[Entry], None]] = {
            "created": self._take_created,
            "members": self._take_members,
            "role": self._take_role,
            "settings": self._take_settings,
            "moderation": self._take_moderation,
            "nicknames": self._take_nicknames,
        }
        self._changes: dict[str, Callable[[Entry, Target], None]] = {
            "edit": self._take_edit,
            "recall": self._take_recall,
            "reaction": self._take_reaction,
            "card": self._take_card,
        }
        self.brought: Counter[str] = Counter()
        """How many people each invite brought who had never been in."""
        self.board = BoardReplay(board, self._at_group)
        # What entries say of messages minus what the messages say of themselves: zero when all is well.
        self.balance: Counter[str] = Counter()

    def take(
        self, entry: Entry, digest: bytes | None, target: Target | None, reacted: Sequence[tuple[str, str]]
    ) -> None:
        """The next entry, with the (user, sign) pairs kept for it."""
        self._number(entry)
        self.board.take(entry)
        self._check_row(entry, digest, reacted)
        if entry.kind == "message":
            self._take_message(entry, target, reacted)
        elif (take := self._takers.get(entry.kind)) is not None:
            take(entry)
        elif entry.kind in CHANGES:
            self._take_change(entry, target)
        else:
            self._at_entry(entry, "is of an unknown kind")
        if entry.pos in self._named:
            self._named[entry.pos] = (self._seq, entry.kind == "message")

    def finish(self) -> None:
        """After the last entry: what the group's rows say has to be what the entries led to."""
        group = self._group
        stored = (group.head, group.head_at, group.seq, group.members)
        for name, is_, should in zip(
            ("head", "head_at", "seq", "member_count"),
            stored,
            (self._head, self._at, self._seq, len(self._roles)),
            strict=True,
        ):
            if is_ != should:
                self._at_group(f"{name} is {is_}, its log says {should}")
        for name, value in self._settings.items():
            if getattr(group, _SETTINGS[name]) != value:
                self._at_group(f"{name} is not what its last entry about it says")
        for name, value in self._moderated.items():
            if group.settings.get(name, 0) != value:
                self._at_group(f"{name} is not what its last entry about it says")
        for name in _CHOSEN:
            if group.settings.get(name) != self._chosen.get(name):
                self._at_group(f"{name} is not what its last entry about it says")
        self.brought = check_attribution(self._rows.values(), self._at_group)
        self._finish_members()
        for join in self._joins:
            self._check_floor(join)

    # -- every entry

    def _number(self, entry: Entry) -> None:
        if entry.pos != self._head + 1:
            self._at_group(f"entry {entry.pos} follows entry {self._head}")
        self._head = entry.pos
        if entry.at < self._at:
            self._at_entry(entry, "is older than the one before")
        self._at = entry.at
        if (entry.seq is not None) != (entry.kind == "message"):
            self._at_entry(entry, "has a message number exactly if it is no message")
        elif entry.seq is not None:
            if entry.seq != self._seq + 1:
                self._at_entry(entry, f"is message {entry.seq} and follows message {self._seq}")
            self._seq = entry.seq

    def _check_row(self, entry: Entry, digest: bytes | None, reacted: Sequence[tuple[str, str]]) -> None:
        named = entry.kind == "message" or entry.kind in CHANGES - {"card"}
        if named and (entry.cid is None or len(entry.cid) != CID_CHARACTERS or digest is None):
            self._at_entry(entry, "has no cid, none of 22 characters or no digest")
        if not named and entry.cid is not None:
            self._at_entry(entry, "has a cid, which its kind has not")
        if entry.kind != "message" and (entry.recalled or entry.reactions or reacted):
            self._at_entry(entry, "is recalled or has reactions, and is no message")
        if entry.kind not in {"members", "created", "nicknames", "card"} and entry.actor not in self._roles:
            self._at_entry(entry, f"is by {entry.actor}, who was not in the group")

    # -- messages

    def _take_message(self, entry: Entry, target: Target | None, reacted: Sequence[tuple[str, str]]) -> None:
        if entry.target is not None:
            self._check_target(entry, target)
        keys = {"type", "recalled"} if entry.recalled else {"type", "body"}
        if entry.body.keys() - (set() if entry.recalled else {"tags", "forwarded"}) != keys:
            self._at_entry(entry, "is recalled and still holds content" if entry.recalled else "holds no content")
        if entry.reactions != Counter(sign for _, sign in reacted):
            self._at_entry(entry, "counts reactions that are not those kept for it")
        if entry.recalled:
            if reacted:
                self._at_entry(entry, "is recalled and still has reactions")
            self.balance["recall"] -= hash(("recall", entry.pos))
        else:
            self.balance["reaction"] -= sum(hash((entry.pos, user, sign)) for user, sign in reacted)
        self.balance["edit"] -= sum(hash((entry.pos, version)) for version in range(1, entry.version + 1))

    def _check_target(self, entry: Entry, target: Target | None) -> bool:
        if target is None or target.kind != "message" or (entry.target or 0) >= entry.pos:
            self._at_entry(entry, f"refers to {entry.target}, which is no message before it")
            return False
        if (entry.target or 0) <= self._floors.get(entry.actor or "", 0):
            self._at_entry(entry, f"refers to {entry.target}, which its author did not see")
        return True

    def _take_change(self, entry: Entry, target: Target | None) -> None:
        if not self._check_target(entry, target) or target is None:
            return
        if entry.kind in self._changes:  # The board follows the others.
            self._changes[entry.kind](entry, target)

    def _take_edit(self, entry: Entry, target: Target) -> None:
        if target.actor != entry.actor:
            self._at_entry(entry, f"edits {entry.target}, which somebody else wrote")
        self.balance["edit"] += hash((entry.target, entry.version))

    def _take_recall(self, entry: Entry, target: Target) -> None:
        mark = (target.body or {}).get("recalled")
        if not target.recalled or mark != {"by": entry.actor, "at": entry.at}:
            self._at_entry(entry, f"recalls {entry.target}, whose row does not say so")
        if target.actor != entry.actor and not self._outranks(entry.actor, target.actor):
            self._at_entry(entry, f"recalls {entry.target} without the right to")
        self.balance["recall"] += hash(("recall", entry.target))

    def _take_reaction(self, entry: Entry, target: Target) -> None:
        if not target.recalled:
            sign = hash((entry.target, entry.actor, entry.body.get("emoji")))
            self.balance["reaction"] += sign if entry.body.get("on") else -sign

    def _take_card(self, entry: Entry, target: Target) -> None:
        if target.type not in KIND_OF or entry.actor is not None or entry.body:
            self._at_entry(entry, f"tells of {entry.target}, which shows no item, or says more than that")

    # -- people and settings

    def _take_created(self, entry: Entry) -> None:
        body, group = entry.body, self._group
        if entry.pos != 1 or body.get("group_kind") != group.kind or entry.actor not in body.get("members", ()):
            self._at_entry(entry, "does not fit the group as its first entry")
        if group.kind == "direct" and ":".join(sorted(body.get("members", ()))) != group.direct_key:
            self._at_group("direct_key does not name the two who are in it")
        self._settings["title"] = body.get("title")
        for user in body.get("members", ()):
            owner = user == entry.actor and group.kind != "direct"
            self._enter(entry, user, "owner" if owner else "member", None if user == entry.actor else entry.actor)

    def _take_members(self, entry: Entry) -> None:
        joined, left = entry.body.get("joined", []), entry.body.get("left", [])
        names = [person.get("user") for person in [*joined, *left]]
        if not names or len(set(names)) != len(names):
            self._at_entry(entry, "names nobody, or somebody twice")
        for person in joined:
            self._enter(entry, person.get("user"), person.get("role", "member"), person.get("by"))
            self._check_way(entry, person)
        for person in left:
            self._go(entry, person.get("user"), person.get("by"))
        if entry.body.get("count") != len(self._roles):
            self._at_entry(entry, f"says that {entry.body.get('count')} are in, it is {len(self._roles)}")

    def _check_way(self, entry: Entry, person: dict[str, Any]) -> None:
        """Who brought or let somebody in could: an invite outlives its maker's stay, an open door needs nobody."""
        by, how = person.get("by"), person.get("how")
        if how not in {None, "invite", "request", "open"} or (by is None) != (how == "open"):
            self._at_entry(entry, f"has {person.get('user')} come in by no way there is")
        elif how == "invite" and not self._periods[by or ""]:
            self._at_entry(entry, f"has people brought by {by}, who was never in the group")
        elif how in {None, "request"} and by not in self._roles:
            self._at_entry(entry, f"has people brought by {by}, who was not in the group")

    def _take_role(self, entry: Entry) -> None:
        user, role = entry.body.get("user", ""), entry.body.get("role", "")
        if self._roles.get(entry.actor or "") != "owner" or self._roles.get(user, "owner") == "owner":
            self._at_entry(entry, f"sets the role of {user} without the right to")
        if user in self._roles:
            self._roles[user] = role

    def _take_settings(self, entry: Entry) -> None:
        if RANK.get(self._roles.get(entry.actor or "", ""), 0) < RANK["admin"]:
            self._at_entry(entry, "changes settings without the right to")
        self._settings.update((name, entry.body[name]) for name in _SETTINGS.keys() & entry.body.keys())
        self._chosen.update((name, entry.body[name]) for name in _CHOSEN & entry.body.keys())

    def _take_moderation(self, entry: Entry) -> None:
        if RANK.get(self._roles.get(entry.actor or "", ""), 0) < RANK["admin"]:
            self._at_entry(entry, "moderates without the right to")
        if "slow_s" in entry.body:
            self._moderated["slow_s"] = entry.body["slow_s"]
        if "restricted" in entry.body:
            until = entry.body.get("until", FOREVER) if entry.body["restricted"] else 0
            self._moderated["restricted_until"] = until

    def _take_nicknames(self, entry: Entry) -> None:
        named = {one.get("user"): one.get("nickname") for one in entry.body.get("names", ())}
        if not named or self._group.direct or entry.actor is not None or not named.keys() <= self._roles.keys():
            self._at_entry(entry, "calls nobody anything, or somebody who was not in the group")
        self._nicknames.update(named)

    def _enter(self, entry: Entry, user: str, role: str, by: str | None) -> None:
        if user in self._roles:
            self._at_entry(entry, f"has {user} come in, who was in already")
            return
        self._roles[user] = role
        self._periods[user] += 1
        row = self._rows.get((user, self._periods[user]))
        if row is None or row.joined_pos != entry.pos or row.by != by:
            self._at_entry(entry, f"has {user} come in, and no membership says so")
            return
        self._floors[user] = row.from_pos
        self._joins.append(_Join(row, self._settings.get("history"), self._seq))

    def _go(self, entry: Entry, user: str, by: str | None) -> None:
        if user not in self._roles:
            self._at_entry(entry, f"has {user} go, who was not in")
            return
        if by is not None and not self._outranks(by, user):
            self._at_entry(entry, f"has {user} put out by {by}, who has no right to")
        role = self._roles.pop(user)
        row = self._rows.get((user, self._periods[user]))
        went = (entry.pos - 1, self._seq, "left" if by is None else "kicked", role, self._nicknames.pop(user, ""))
        if row is None or (row.until_pos, row.until_seq, row.why, row.role, row.nickname) != went:
            self._at_entry(entry, f"has {user} go, and no membership says so")

    def _outranks(self, actor: str | None, other: str | None) -> bool:
        rank = RANK.get(self._roles.get(actor or "", ""), 0)
        return rank >= RANK["admin"] and rank > RANK.get(self._roles.get(other or "", "member"), 0)

    # -- at the end

    def _finish_members(self) -> None:
        for (user, period), row in self._rows.items():
            last = period == self._periods[user]
            if period > self._periods[user]:
                self._at_group(f"no entry says that {user} came in for period {period}")
            elif (row.until_pos is None) != (last and user in self._roles):
                self._at_group(f"period {period} of {user} is over exactly if its log says that it is not")
            elif row.until_pos is None and row.role != self._roles[user]:
                self._at_group(f"{user} is {row.role}, its log says {self._roles[user]}")
            elif row.until_pos is None and row.nickname != self._nicknames.get(user, ""):
                self._at_group(f"{user} is not called what its log says")

    def _check_floor(self, join: _Join) -> None:
        row = join.row
        before = self._rows.get((row.user, row.period - 1))
        until = (before.until_pos or 0, before.until_seq or 0) if before is not None else (0, 0)
        seq, is_message = self._named[row.from_pos]
        if row.from_pos >= row.joined_pos or row.from_seq != seq or row.from_pos < until[0]:
            self._at_group(f"the floor of {row.user} in period {row.period} fits no entry")
            return
        rule = join.rule or (None if "history" in self._settings else self._group.history)
        if rule is not None and not _fits(rule, join, until, is_message):
            self._at_group(f"the floor of {row.user} in period {row.period} is not what the history rule gives")

    def _at_group(self, what: str) -> None:
        self._say(f"group {self._group.id}: {what}")

    def _at_entry(self, entry: Entry, what: str) -> None:
        self._say(f"group {self._group.id}: entry {entry.pos} {what}")


def _fits(rule: str, join: _Join, until: tuple[int, int], is_message: bool) -> bool:
    """Whether a floor is what the rule gave: never below what an earlier period showed."""
    row, floor = join.row, (join.row.from_pos, join.row.from_seq)
    if rule == "none":
        return floor == (row.joined_pos - 1, join.seq)
    newest = join.seq if rule == "all" else int(rule.removeprefix("last:"))
    boundary = join.seq - newest
    if boundary <= 0 or until[1] >= boundary:
        return floor == until
    return row.from_seq == boundary and is_message
