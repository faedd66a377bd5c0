"""The ground that all rules stand on: edges, logs, read positions, and what each act looks at first.

Everything is a dict or a list in memory. It must not import the server's rules, know sockets, or care for speed.
"""

from __future__ import annotations

from typing import Any

from tests.model.bounds import Bounds
from tests.model.nouns import RANK, Anything, Entry, Group, Invite, Item, Json, Key, No, Stay


class Ground:
    """Users, edges, groups, the users' own logs, and every accepted command."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.users: list[str] = []
        self.bots: list[str] = []
        self.names: dict[str, str] = {}
        """People here have none."""
        self.follows: set[tuple[str, str]] = set()
        self.blocks: set[tuple[str, str]] = set()
        self.groups: dict[str, Group] = {}
        self.invites: dict[str, Invite] = {}
        self.items: dict[Key, Item] = {}
        self.untold: dict[Key, dict[str, int]] = {}
        """Items that changed -> groups that are to be told ("": all that show it) -> since when."""
        self.contacts: dict[tuple[str, str], Json] = {}
        """(who is asked, who asks) -> state and words."""
        self.shows_reads: set[str] = set()
        self.pull_wishes: dict[str, str] = {}
        """Whether people may be pulled in: mutual (without a wish), ask, nobody."""
        self.no_requests: set[str] = set()
        self.mine: dict[str, list[Json]] = {}
        self.mine_floor: dict[str, int] = {}
        self.accepted: dict[tuple[str, str], tuple[str, Json, Json]] = {}
        self.reads: dict[tuple[str, str, int], int] = {}
        """(group, user, section) -> number of a message."""
        self.stored_reads: dict[tuple[str, str, int], int] = {}
        self.fan_groups: dict[str, list[str]] = {}
        """By owner: groups that mind who follows, in the order in which that was chosen."""
        self.drafts: dict[tuple[str, str, int], Json] = {}
        """(group, user, which of their stays) -> unsent text."""
        self.stored_drafts: dict[tuple[str, str, int], Json] = {}
        self.now = 0
        self.fresh: Json = {}
        self._touched: set[str] = set()
        self.unmarking: list[tuple[str, str]] = []
        """(user, group) of those who wrote in a group that they had marked as unread before this commit."""

    @property
    def known(self) -> list[str]:
        """Everybody who has an id: people and bots."""
        return self.users + self.bots

    def end_commit(self) -> None:
        """What follows belongs to another transaction."""
        for group in self.groups.values():
            group.open_entry = None
            group.staff = group.bosses()
        for user in self._touched:
            head, keep = len(self.mine[user]), self.bounds.user_log_keep
            if head - self.mine_floor.get(user, 0) > 2 * keep:
                self.mine_floor[user] = head - keep
        self._touched.clear()

    def save_reads(self) -> None:
        """Read positions and unsent texts are stored now."""
        self.stored_reads, self.stored_drafts = dict(self.reads), dict(self.drafts)

    def lose_reads(self) -> None:
        """The server died: only stored read positions and unsent texts are left."""
        self.reads, self.drafts = dict(self.stored_reads), dict(self.stored_drafts)

    def save_draft(self, user: str, group: str, text: str, at: int) -> None:
        """The last one saved counts, an empty one removes it."""
        key = (group, user, len(self.groups[group].stays[user]))
        if text:
            self.drafts[key] = {"at": at, "text": text}
        else:
            self.drafts.pop(key, None)

    def draft_of(self, group: Group, user: str) -> Json | None:
        """Unsent text, of this stay."""
        return self.drafts.get((group.id, user, len(group.stays[user])))

    def unmark(self, user: str, group: Group) -> None:
        """Writing ends that a group is marked as unread, in a commit of its own."""
        stay = group.stay(user)
        if stay is not None and stay.chat is not None and stay.chat["marked"]:
            self.unmarking.append((user, group.id))

    # -- questions

    def mutual(self, one: str, other: str) -> bool:
        return {(one, other), (other, one)} <= self.follows and not self.apart(one, other)

    def apart(self, one: str, other: str) -> bool:
        """Whether one of the two has blocked the other."""
        return bool({(one, other), (other, one)} & self.blocks)

    def direct_of(self, one: str, other: str) -> Group | None:
        return next((g for g in self.groups.values() if g.pair and set(g.pair) == {one, other}), None)

    def group_count(self, user: str) -> int:
        return sum(group.stay(user) is not None for group in self.groups.values())

    # -- what many rules ask first

    def _inside(self, user: str, data: Json) -> tuple[Group, Stay]:
        group = self.groups.get(data["group"])
        stay = group.stay(user) if group is not None else None
        if group is None or stay is None:
            raise No("not_found")
        return group, stay

    def _inside_as(self, user: str, data: Json, right: str) -> tuple[Group, Stay]:
        """For what needs a right; a direct chat has people with none but those of members."""
        group, stay = self._inside(user, data)
        self._check_right(group, stay, right)
        return group, stay

    def _check_right(self, group: Group, stay: Stay, right: str) -> None:
        if RANK[stay.role] < RANK[group.rights[right]]:
            raise No("forbidden")

    def _inside_as_admin(self, user: str, data: Json) -> tuple[Group, Stay]:
        group, stay = self._inside(user, data)
        if group.kind == "direct" or RANK[stay.role] < RANK["admin"]:
            raise No("forbidden")
        return group, stay

    def _check_writable(self, group: Group) -> None:
        if group.read_only:
            raise No("read_only")

    def _under(self, stay: Stay, group: Group, user: str) -> Stay:
        """The stay of somebody over whom one stands."""
        other = group.stay(user)
        if other is None:
            raise No("not_found")
        if RANK[stay.role] <= RANK[other.role]:
            raise No("forbidden")
        return other

    # -- logs

    def _append(self, group: Group, kind: str, by: str, body: Json, cid: str | Anything = "", target: int = 0) -> Entry:
        entry = Entry(group.head + 1, max(group.at, self.now), kind, by, body, cid, target=target)
        group.log.append(entry)
        group.open_entry = None
        return entry

    def _log(self, user: str, kind: str, group: str | None, /, **body: Any) -> None:
        log = self.mine.setdefault(user, [])
        entry = {"upos": len(log) + 1, "at": self.now, "kind": kind, "group": group}
        log.append({k: v for k, v in (entry | body).items() if v is not None})
        self._touched.add(user)

    def mark_read(self, user: str, group: str, seq: int, section: int = 0) -> None:
        """Read positions only move forward."""
        key = (group, user, section)
        self.reads[key] = max(seq, self.reads.get(key, 0))
