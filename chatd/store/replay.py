"""One group's log replayed, and what does not fit it: the judge of `verify`, without SQL.

Fed with the group's row, its memberships and then every entry in order, it follows who is in with which role, what the
settings are, and compares that with the rows kept beside the log. What retention took is a piece at the beginning, up
to the group's floor, of which only what says who is in and what is set is left: it is replayed like the rest, without
numbers. Memory depends on the people of the group and not on
its entries. Problems name ids and positions, never what somebody wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from chatd.core.board import Board, Featured
from chatd.core.kinds import NOTICE
from chatd.core.restrictions import FOREVER
from chatd.core.rights import DEFAULT_RIGHTS, RANK
from chatd.core.section_rows import SectionCount
from chatd.core.values import Entry, Group, Member
from chatd.core.visibility import CHANGES
from chatd.store.attribution import check_attribution
from chatd.store.boards import BoardReplay
from chatd.store.replay_floors import FloorReplay
from chatd.store.replay_messages import MessageReplay, Target
from chatd.store.sections import SectionReplay

CID_CHARACTERS: Final = 22
_OF_OPERATOR: Final = frozenset({"owner", "dissolved", "role", "settings", "moderation"})
"""Kinds of entries that are by nobody where the operator did it."""
_SETTINGS: Final = {"title": "title", "intro": "intro", "history": "history", "limit": "member_limit"}
_HOW_OUT: Final = {why: {why} for why in ("dissolved", "unfollowed", "erased")} | {
    "": {"left"},
    "removed": {"removed", "banned"},
}
"""By what the entry says of who is out without anybody's doing: what their membership may say."""

_CHOSEN: Final = frozenset({"entry", "question", "invites", "rules", "avatar", "rights", "on_unfollow_owner"})
"""Settings that are kept together, each with the entry that set it."""


class Replay:
    """The state that the entries so far lead to. `report` is called with each problem. `erased`: the people who were
    erased, and whether that is still under way."""

    def __init__(
        self,
        group: Group,
        members: Sequence[Member],
        board: Board | None,
        report: Callable[[str], None],
        erased: Mapping[str, bool] | None = None,
        *,
        featured: Sequence[Featured] = (),
        sections: Sequence[SectionCount] = (),
    ) -> None:
        self._group = group
        self._say = report
        self._erased = erased or {}
        self._rows = {(member.user, member.period): member for member in members}
        self._head = self._at = self._seq = 0
        self._passed = not group.floor
        """Whether what is left below the floor is behind us."""
        self._roles: dict[str, str] = {}
        self._floors: dict[str, int] = {}
        self._nicknames: dict[str, str] = {}
        self._periods: Counter[str] = Counter()
        self._joins = FloorReplay(self._rows, group, self._at_group)
        self._settings: dict[str, Any] = {}
        self._moderated = {"slow_s": 0, "restricted_until": 0}
        self._chosen: dict[str, Any] = {}
        self._announced: dict[str, Any] = {}
        self._fans_since = 0
        self._dissolved: int | None = None
        self._takers: dict[str, Callable[[Entry], None]] = {
            "created": self._take_created,
            "members": self._take_members,
            "role": self._take_role,
            "settings": self._take_settings,
            "moderation": self._take_moderation,
            "nicknames": self._take_nicknames,
            "owner": self._take_owner,
            "announcement": self._take_announcement,
            "dissolved": self._take_dissolved,
            "sections": self._take_sections,
            "erased": self._take_erased,
        }
        self.brought: Counter[str] = Counter()
        """How many people each invite brought who had never been in."""
        self.board = BoardReplay(board, featured, group.floor, self._at_group)
        self.sections = SectionReplay(group, sections, self._at_group)
        self.messages = MessageReplay(self._at_entry, self._floor_of, self._outranks)

    def take(
        self, entry: Entry, digest: bytes | None, target: Target | None, reacted: Sequence[tuple[str, str]]
    ) -> None:
        """The next entry, with the (user, sign) pairs kept for it."""
        gone = target is None and entry.target is not None and entry.target <= self._group.floor
        self._number(entry)
        self.board.take(entry, target is not None and target.erased, gone)
        self._check_row(entry, digest, reacted)
        if entry.kind == "message":
            self.messages.take(entry, target, reacted, gone)
        elif (take := self._takers.get(entry.kind)) is not None:
            take(entry)
        elif entry.kind in CHANGES and not gone:
            self.messages.take_change(entry, target)
        elif entry.kind in CHANGES:
            pass  # what it was about is no longer there
        else:
            self._at_entry(entry, "is of an unknown kind")
        self._joins.take(entry, self._seq)

    def finish(self) -> None:
        """After the last entry: what the group's rows say has to be what the entries led to."""
        group = self._group
        self._pass_floor()
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
        self.messages.finish(self._is_going, self._at_group)
        self._finish_governed()
        self._finish_members()
        self.board.finish()
        self.sections.finish()
        self._joins.finish(None if "history" in self._settings else group.history)

    def _finish_governed(self) -> None:
        group = self._group
        if group.settings.get("announcement", {}) != self._announced:
            self._at_group("its announcement is not what its last entry about it says")
        if group.settings.get("fans_since", 0) != self._fans_since:
            self._at_group("fans_since is not when its log says that it began")
        if group.dissolved_at != self._dissolved:
            self._at_group(f"dissolved_at is {group.dissolved_at}, its log says {self._dissolved}")
        owners = sum(role == "owner" for role in self._roles.values())
        if owners != 1 and not (group.direct or (group.dissolved_at is not None and owners == 0)):
            self._at_group(f"has {owners} owners")

    # -- every entry

    def _number(self, entry: Entry) -> None:
        if entry.pos <= self._group.floor:
            self._check_kept(entry)
        else:
            self._pass_floor()
            if entry.pos != self._head + 1:
                self._at_group(f"entry {entry.pos} follows entry {self._head}")
        self._head = entry.pos
        if entry.at < self._at:
            self._at_entry(entry, "is older than the one before")
        self._at = entry.at
        if (entry.seq is not None) != (entry.kind == "message" and entry.body.get("type") != NOTICE):
            self._at_entry(entry, "has a message number exactly if it is no message")
        elif not self._passed:
            pass  # the numbers of what is left have holes
        elif entry.section and entry.kind == "message":
            self.sections.count(entry)
        elif entry.seq is not None:
            if entry.seq != self._seq + 1:
                self._at_entry(entry, f"is message {entry.seq} and follows message {self._seq}")
            self._seq = entry.seq

    def _check_kept(self, entry: Entry) -> None:
        """What is left at or below the floor: messages that stand on the board, what refers to those, and what is no
        message and refers to none. Behind `swept` some of the others are still to go."""
        about = entry.pos if entry.kind == "message" else entry.target
        if entry.pos <= self._group.swept and about is not None and about not in self.board.standing:
            self._at_entry(entry, "lies below the floor, and nothing keeps it")

    def _pass_floor(self) -> None:
        """From here on everything is there: the numbers go on from those at the floor."""
        if self._passed:
            return
        group, self._passed = self._group, True
        if not group.swept <= group.floor <= group.head:
            self._at_group(f"is swept to {group.swept}, its floor is {group.floor} and its head {group.head}")
        self._head, self._seq = group.floor, group.floor_seq
        self._at = max(self._at, group.floor_at)
        self.sections.pass_floor()
        self._joins.pass_floor(self._seq + self.sections.gone)

    def _check_row(self, entry: Entry, digest: bytes | None, reacted: Sequence[tuple[str, str]]) -> None:
        named = entry.kind == "message" or entry.kind in CHANGES - {"card"}
        if named and (entry.cid is None or len(entry.cid) != CID_CHARACTERS or digest is None):
            self._at_entry(entry, "has no cid, none of 22 characters or no digest")
        if not named and entry.cid is not None:
            self._at_entry(entry, "has a cid, which its kind has not")
        if entry.kind != "message" and (entry.recalled or entry.reactions or reacted or entry.section):
            self._at_entry(entry, "is recalled, has reactions or stands in a section, and is no message")
        nobodys = entry.kind in _OF_OPERATOR and entry.actor is None
        nobodys |= entry.kind == "message" and entry.body.get("operator") is True
        # By whom it was in a life that the database had before a restore; here they may not be in, or not yet.
        again = entry.kind == "recall" and bool(entry.body.get("again"))
        unsigned = {"members", "created", "nicknames", "card", "erased"}
        taken_back = entry.kind == "reaction" and entry.actor in self._erased and not entry.body.get("on")
        late = taken_back or again
        if entry.kind not in unsigned and not (nobodys or late) and entry.actor not in self._roles:
            self._at_entry(entry, f"is by {entry.actor}, who was not in the group")
        if self._dissolved is not None and not late and entry.kind not in {"members", "card", "erased"}:
            self._at_entry(entry, "comes after the end of the group")

    # -- people and settings

    def _take_created(self, entry: Entry) -> None:
        body, group = entry.body, self._group
        if entry.pos != 1 or body.get("group_kind") != group.kind or entry.actor not in body.get("members", ()):
            self._at_entry(entry, "does not fit the group as its first entry")
        if group.kind == "direct" and ":".join(sorted(body.get("members", ()))) != group.direct_key:
            self._at_group("direct_key does not name the two who are in it")
        self._settings["title"] = body.get("title")
        if group.kind == "public":
            self._chosen["entry"] = "open"
        for user in body.get("members", ()):
            owner = user == entry.actor and group.kind != "direct"
            self._enter(entry, user, "owner" if owner else "member", None if user == entry.actor else entry.actor)

    def _take_members(self, entry: Entry) -> None:
        joined, left = entry.body.get("joined", []), entry.body.get("left", [])
        names = [person.get("user") for person in [*joined, *left]]
        if self._dissolved is not None and joined:
            self._at_entry(entry, "has people come in after the end of the group")
        if not names or len(set(names)) != len(names):
            self._at_entry(entry, "names nobody, or somebody twice")
        for person in joined:
            self._enter(entry, person.get("user"), person.get("role", "member"), person.get("by"))
            self._check_way(entry, person)
        for person in left:
            self._go(entry, person.get("user"), person.get("by"), person.get("why", ""))
        if entry.body.get("count") != len(self._roles):
            self._at_entry(entry, f"says that {entry.body.get('count')} are in, it is {len(self._roles)}")

    def _check_way(self, entry: Entry, person: dict[str, Any]) -> None:
        """Who brought or let somebody in could: an invite outlives its maker's stay, an open door needs nobody."""
        by, how = person.get("by"), person.get("how")
        if how not in {None, "invite", "request", "open", "operator"} or (by is None) != (how in {"open", "operator"}):
            self._at_entry(entry, f"has {person.get('user')} come in by no way there is")
        elif how == "invite" and not self._periods[by or ""]:
            self._at_entry(entry, f"has people brought by {by}, who was never in the group")
        elif how in {None, "request"} and by not in self._roles:
            self._at_entry(entry, f"has people brought by {by}, who was not in the group")

    def _take_role(self, entry: Entry) -> None:
        user, role = entry.body.get("user", ""), entry.body.get("role", "")
        above = self._outranks(entry.actor, user) and self._rank_of(entry.actor) > RANK.get(role, 0)
        if entry.actor is None:
            above = "owner" not in {role, self._roles.get(user)}
        if not above or user not in self._roles:
            self._at_entry(entry, f"sets the role of {user} without the right to")
        if user in self._roles:
            self._roles[user] = role

    def _take_settings(self, entry: Entry) -> None:
        least = "owner" if entry.body.keys() & {"rights", "on_unfollow_owner"} else self._right("edit")
        if entry.actor is None:
            least = "member"
        if self._rank_of(entry.actor) < RANK[least]:
            self._at_entry(entry, "changes settings without the right to")
        self._settings.update((name, entry.body[name]) for name in _SETTINGS.keys() & entry.body.keys())
        self._chosen.update((name, entry.body[name]) for name in _CHOSEN & entry.body.keys())
        if "on_unfollow_owner" in entry.body:
            self._fans_since = 0 if entry.body["on_unfollow_owner"] == "keep" else self._fans_since or entry.pos

    def _take_owner(self, entry: Entry) -> None:
        user, before, role = (entry.body.get(key, "") for key in ("user", "before", "role"))
        if self._roles.get(before) != "owner" or user not in self._roles or entry.actor not in (None, before):
            self._at_entry(entry, f"gives the group to {user} without the right to")
            return
        self._roles |= {before: role, user: "owner"}
        self._chosen.pop("on_unfollow_owner", None)
        self._fans_since = 0

    def _take_announcement(self, entry: Entry) -> None:
        if self._rank_of(entry.actor) < RANK[self._right("announce")]:
            self._at_entry(entry, "announces without the right to")
        if entry.body.get("version") != self._announced.get("version", 0) + 1:
            self._at_entry(entry, f"is announcement {entry.body.get('version')}, and not the next one")
        self._announced = entry.body | {"by": entry.actor, "at": entry.at}

    def _take_sections(self, entry: Entry) -> None:
        if self._rank_of(entry.actor) < RANK[self._right("sections")]:
            self._at_entry(entry, "changes sections without the right to")
        self.sections.take(entry)

    def _take_erased(self, entry: Entry) -> None:
        """From here on nothing of the person stands in the log."""
        user = entry.body.get("user", "")
        if user not in self._erased or entry.actor is not None:
            self._at_entry(entry, f"says that {user} was erased, who was not")
        self.messages.erase(entry, user)

    def _take_dissolved(self, entry: Entry) -> None:
        if entry.actor is not None and self._roles.get(entry.actor) != "owner":
            self._at_entry(entry, f"ends the group by {entry.actor}, who did not own it")
        if entry.body.get("until") != self._group.settings.get("gone_at"):
            self._at_entry(entry, "says another time for its end than the group")
        self._dissolved = entry.at

    def _take_moderation(self, entry: Entry) -> None:
        if entry.actor is not None and self._rank_of(entry.actor) < RANK["admin"]:
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
        self._joins.join(row, self._settings.get("history"), self._seq if self._passed else None)

    def _go(self, entry: Entry, user: str, by: str | None, why: str) -> None:
        if user not in self._roles:
            self._at_entry(entry, f"has {user} go, who was not in")
            return
        if by is not None and not self._outranks(by, user):
            self._at_entry(entry, f"has {user} put out by {by}, who has no right to")
        if why == "unfollowed" and self._chosen.get("on_unfollow_owner") != "remove":
            self._at_entry(entry, f"has {user} go for a reason for which nobody goes there")
        role = self._roles.pop(user)
        row = self._rows.get((user, self._periods[user]))
        ways = {"kicked", "banned"} if by is not None else _HOW_OUT.get(why, set())
        called = self._nicknames.pop(user, "")
        seq = self._seq if self._passed or row is None or row.until_seq is None else row.until_seq
        went = (entry.pos - 1, seq, role, row.nickname if row and self._is_going(user) else called)
        if row is None or (row.until_pos, row.until_seq, row.role, row.nickname) != went or row.why not in ways:
            self._at_entry(entry, f"has {user} go, and no membership says so")

    def _floor_of(self, user: str | None) -> int:
        """Below which position somebody who is in sees nothing; who is erased takes back what they did ever."""
        return 0 if user in self._erased else self._floors.get(user or "", 0)

    def _right(self, right: str) -> str:
        """The lowest role that holds a right now."""
        role: str = self._chosen.get("rights", {}).get(right, DEFAULT_RIGHTS[right])
        return role

    def _rank_of(self, user: str | None) -> int:
        return RANK.get(self._roles.get(user or "", ""), 0)

    def _outranks(self, actor: str | None, other: str | None) -> bool:
        rank = self._rank_of(actor)
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
            elif row.until_pos is None and not self._is_going(user) and row.nickname != self._nicknames.get(user, ""):
                self._at_group(f"{user} is not called what its log says")

    def _is_going(self, user: str | None) -> bool:
        """Whether somebody's erasure is under way: some of their words are gone, and some are not."""
        return self._erased.get(user or "", False)

    def _at_group(self, what: str) -> None:
        self._say(f"group {self._group.id}: {what}")

    def _at_entry(self, entry: Entry, what: str) -> None:
        self._say(f"group {self._group.id}: entry {entry.pos} {what}")
