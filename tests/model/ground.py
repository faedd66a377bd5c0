"""The model's nouns: groups, stays, entries, and the ground that all rules stand on (edges, logs, read positions).

Everything is a dict or a list in memory. It must not import the server's rules, know sockets, or care for speed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
RANK = {"member": 0, "admin": 1, "owner": 2}


class No(Exception):
    """The command is refused with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Bounds:
    """The counts that the server under test is configured with."""

    limit_default: int = 4
    limit_max: int = 6
    groups_per_user: int = 5
    following_max: int = 3
    signs_per_message: int = 2
    edits_per_message: int = 2
    window_ms: int = 120_000
    user_log_keep: int = 2


@dataclass
class Entry:
    """One entry of a group's log; `text`, `version`, `signs` and `recalled` are the present state of a message."""

    pos: int
    at: int
    kind: str
    by: str = ""
    body: Json = field(default_factory=dict)
    cid: str = ""
    seq: int = 0
    target: int = 0
    text: str = ""
    version: int = 0
    signs: dict[str, set[str]] = field(default_factory=dict)
    recalled: Json | None = None


@dataclass
class Stay:
    """One period of one person: they see what lies above `floor`."""

    role: str
    floor: int
    floor_seq: int
    until: int | None = None
    until_seq: int = 0
    why: str = ""


@dataclass
class Group:
    """A group, its whole log and everybody's stays in it."""

    id: str
    kind: str
    title: str
    intro: str
    history: str
    limit: int
    log: list[Entry] = field(default_factory=list)
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    seq: int = 0
    pair: tuple[str, str] | None = None
    read_only: bool = False
    archived: set[str] = field(default_factory=set)
    open_members: Entry | None = None

    @property
    def head(self) -> int:
        return len(self.log)

    @property
    def at(self) -> int:
        return self.log[-1].at if self.log else 0

    def stay(self, user: str) -> Stay | None:
        """The present stay of somebody, if they are in."""
        stays = self.stays.get(user)
        return stays[-1] if stays and stays[-1].until is None else None

    def people(self) -> list[str]:
        return sorted(user for user in self.stays if self.stay(user))


class Ground:
    """Users, edges, groups, the users' own logs, and every accepted command."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.users: list[str] = []
        self.follows: set[tuple[str, str]] = set()
        self.blocks: set[tuple[str, str]] = set()
        self.groups: dict[str, Group] = {}
        self.mine: dict[str, list[Json]] = {}
        self.mine_floor: dict[str, int] = {}
        self.accepted: dict[tuple[str, str], tuple[str, Json, Json]] = {}
        self.reads: dict[tuple[str, str], int] = {}
        self.stored_reads: dict[tuple[str, str], int] = {}
        self.now = 0
        self.fresh = ""
        self._touched: set[str] = set()

    def end_commit(self) -> None:
        """What follows belongs to another transaction."""
        for group in self.groups.values():
            group.open_members = None
        for user in self._touched:
            head, keep = len(self.mine[user]), self.bounds.user_log_keep
            if head - self.mine_floor.get(user, 0) > 2 * keep:
                self.mine_floor[user] = head - keep
        self._touched.clear()

    def save_reads(self) -> None:
        """Read positions are stored now."""
        self.stored_reads = dict(self.reads)

    def lose_reads(self) -> None:
        """The server died: only stored read positions are left."""
        self.reads = dict(self.stored_reads)

    # -- questions

    def mutual(self, one: str, other: str) -> bool:
        pairs = {(one, other), (other, one)}
        return pairs <= self.follows and not pairs & self.blocks

    def direct_of(self, one: str, other: str) -> Group | None:
        return next((g for g in self.groups.values() if g.pair and set(g.pair) == {one, other}), None)

    def group_count(self, user: str) -> int:
        return sum(group.stay(user) is not None for group in self.groups.values())

    def _inside(self, user: str, data: Json) -> tuple[Group, Stay]:
        group = self.groups.get(data["group"])
        stay = group.stay(user) if group is not None else None
        if group is None or stay is None:
            raise No("not_found")
        return group, stay

    # -- logs

    def _append(self, group: Group, kind: str, by: str, body: Json, cid: str = "", target: int = 0) -> Entry:
        entry = Entry(group.head + 1, max(group.at, self.now), kind, by, body, cid, target=target)
        group.log.append(entry)
        if kind != "members":
            group.open_members = None
        return entry

    def _log(self, user: str, kind: str, group: str, **body: Any) -> None:
        log = self.mine.setdefault(user, [])
        entry = {"upos": len(log) + 1, "at": self.now, "kind": kind, "group": group}
        log.append(entry | {k: v for k, v in body.items() if v is not None})
        self._touched.add(user)

    def mark_read(self, user: str, group: str, seq: int) -> None:
        """Read positions only move forward."""
        self.reads[group, user] = max(seq, self.reads.get((group, user), 0))
