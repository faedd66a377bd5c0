"""The model's nouns: groups, stays, entries, invites, requests; and how a rule says no.

Everything is a dict or a list in memory. It must not import the server's rules, know sockets, or care for speed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
    gone: bool = False
    """It went by age: a message that is no longer there."""
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
    floor: int = 0
    """No message at or below is kept but what stands on the board, or did when its time was over."""
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

    def begins(self, user: str) -> int:
        """Behind which entry the log begins for somebody who is in, or was last."""
        return max(self.stays[user][-1].floor, self.floor)

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
