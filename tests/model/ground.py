"""The model's nouns: groups, stays, entries, and the ground that all rules stand on (edges, logs, read positions).

Everything is a dict or a list in memory. It must not import the server's rules, know sockets, or care for speed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.model.bounds import Bounds

Json = dict[str, Any]
RANK = {"silent": -1, "member": 0, "admin": 1, "owner": 2}
RIGHTS = dict.fromkeys(("pull", "invite", "post", "react"), "member") | dict.fromkeys(
    ("edit", "pin", "feature", "mention_all", "admit", "announce", "sections"), "admin"
)
"""Who may do what where nobody changed it."""
FOREVER = 2**53 - 1
MAIN: Json = {"section": 0, "kind": "chat", "title": ""}


class No(Exception):
    """The command is refused with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Anything:
    """Equal to all: what the server makes up and tells nobody before."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


@dataclass
class Item:
    """A video or product of the catalogue. `version` counts the states that look different."""

    rev: int
    look: Json
    version: int = 1
    gone: bool = False


Key = tuple[str, str]


@dataclass
class Entry:
    """One entry of a group's log; `body`, `version`, `signs` and `recalled` are the present state of a message.

    `text` is what a message says, `card` the item that it shows, `mentions` whom it reached by name. `seq` is its
    number in its `section`, 0 for what has none.
    """

    pos: int
    at: int
    kind: str
    by: str = ""
    body: Json = field(default_factory=dict)
    cid: str | Anything = ""
    seq: int = 0
    section: int = 0
    target: int = 0
    type: str = "text"
    text: str = ""
    more: Json = field(default_factory=dict)
    card: Key | None = None
    version: int = 0
    signs: dict[str, set[str]] = field(default_factory=dict)
    recalled: Json | None = None
    mentions: set[str] = field(default_factory=set)
    calls_all: bool = False
    forwarded: Json | None = None
    bot: bool = False
    told: bool = False
    """A `card` entry refers to it."""
    showed: set[Key] = field(default_factory=set)
    """The item that it showed before it was recalled."""


def numbers_of(entry: Entry) -> Json:
    """What counts a message, and where it is counted."""
    return {name: value for name, value in (("seq", entry.seq), ("section", entry.section)) if value}


@dataclass
class Stay:
    """One period of one person: they see what lies above `floor`. What they keep about the group goes with it."""

    role: str
    floor: int
    since: tuple[int, int] = (0, 0)
    by: str | None = None
    until: int | None = None
    why: str = ""
    archived: bool = False
    nickname: str = ""
    chat: Json | None = None


@dataclass
class Invite:
    """`made`: the number of the group's acts before it; `dead` says why nobody comes in by it any more."""

    id: str
    group: str
    kind: str
    maker: str
    role: str
    made_at: int
    expires: int | None
    max_uses: int | None
    target: str | None
    approval: bool
    secret: str
    made: int
    uses: int = 0
    dead: str = ""
    pull: bool = False
    """It asks somebody who would else have been pulled in."""
    declined: bool = False

    def state(self, now: int) -> str:
        if self.dead:
            return self.dead
        if self.expires is not None and self.expires <= now:
            return "expired"
        return "used_up" if self.max_uses is not None and self.uses >= self.max_uses else "open"


@dataclass
class Request:
    """The newest request of one person to come into one group."""

    number: int
    state: str
    at: int
    answer: str
    role: str
    invite: str | None
    inviter: str | None


@dataclass
class Group:
    """A group, its whole log and everybody's stays in it. `items` is the catalogue, which cards look into."""

    id: str
    kind: str
    title: str
    intro: str
    history: str
    limit: int
    items: dict[Key, Item] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    sections: list[Json] = field(default_factory=lambda: [dict(MAIN)])
    """What each is, the main one among them: open ones in their order, then the closed ones."""
    pair: tuple[str, str] | None = None
    not_mutual: bool = False
    accepted: bool = False
    """One of the two said yes to the other's request."""
    open_entry: Entry | None = None
    entry: str = "invite"
    question: str = ""
    invites: str = "anyone"
    rules: str = ""
    avatar: str = ""
    rights: dict[str, str] = field(default_factory=lambda: dict(RIGHTS))
    announcement: Json = field(default_factory=dict)
    announced: int = 0
    bans: dict[str, Json] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    restricted: dict[str, int] = field(default_factory=dict)
    quiet_until: int = 0
    slow_s: int = 0
    paces: dict[str, int] = field(default_factory=dict)
    pins: list[Json] = field(default_factory=list)
    featured: dict[int, Json] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    """When everybody was called; also by what was taken back since."""
    on_unfollow: str = "keep"
    estranged: set[str] = field(default_factory=set)
    """Who ceased to follow the owner since the group minds that."""
    gone_at: int = 0
    acts: int = 0
    """Counts invites and departures, to tell which came first."""
    staff: list[str] = field(default_factory=list)
    """Owner and admins, the oldest first, as they were before this commit: who is told of requests."""
    gone_act: dict[str, int] = field(default_factory=dict)
    brought: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """By whom and by which invite everybody came, the first time."""

    @property
    def head(self) -> int:
        return len(self.log)

    @property
    def at(self) -> int:
        return self.log[-1].at if self.log else 0

    @property
    def seq(self) -> int:
        return len(self.messages(0))

    @property
    def read_only(self) -> bool:
        return self.not_mutual or bool(self.gone_at)

    def stay(self, user: str) -> Stay | None:
        """The present stay of somebody, if they are in."""
        stays = self.stays.get(user)
        return stays[-1] if stays and stays[-1].until is None else None

    def people(self) -> list[str]:
        return sorted(user for user in self.stays if self.stay(user))

    def role(self, user: str) -> str | None:
        stay = self.stay(user)
        return stay.role if stay else None

    def bosses(self) -> list[str]:
        ranked = [(stay, one) for one in self.people() if (stay := self.stay(one)) and RANK[stay.role] >= 1]
        return [one for stay, one in sorted(ranked, key=lambda x: (x[0].role != "owner", x[0].since[0], x[1]))]

    def owner(self) -> str | None:
        return next((one for one in self.people() if self.role(one) == "owner"), None)

    def messages(self, section: int, upto: int = FOREVER) -> list[Entry]:
        """Those with a number in a section."""
        return [entry for entry in self.log[:upto] if entry.seq and entry.section == section]

    def forget_choice(self) -> None:
        """It does not mind who follows the owner."""
        self.on_unfollow = "keep"
        self.estranged.clear()

    def restricted_until(self, user: str) -> int:
        """Until when one person may not write, whatever the reason."""
        silenced = self.on_unfollow == "restrict" and user in self.estranged and self.role(user) == "member"
        return FOREVER if silenced else self.restricted.get(user, 0)


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
