"""The entries about the group itself: who is in it, as what, and how it is set."""

from __future__ import annotations

from typing import Literal

from chatd_protocol.log.entry import GroupEntry
from chatd_protocol.values import (
    EntryGate,
    GroupKind,
    HistoryRule,
    Millis,
    OnUnfollow,
    Role,
    SectionKind,
    SectionNumber,
    UserId,
    View,
)

Right = Literal[
    "edit", "pull", "invite", "post", "react", "pin", "feature", "mention_all", "announce", "admit", "sections"
]


class Created(GroupEntry, tag="created"):
    """The group exists; always entry 1. Its makers are in it from here on."""

    at: Millis
    by: UserId
    group_kind: GroupKind
    members: list[UserId]
    title: str = ""


class Joined(View):
    """Somebody who came. Without `how` they were pulled in by `by`; with `invite` that is who made the invite, with
    `request` who let them in; `open` is by nobody, and `operator` by the operator of the server. `role` where it is not
    `member`. `bot`: a program, and no person."""

    user: UserId
    by: UserId | None = None
    how: Literal["invite", "request", "open", "operator"] | None = None
    role: Role | None = None
    bot: bool = False


class Left(View):
    """`by`: who kicked them. `why`: put out by the operator (`removed`), or because a dissolved group is gone
    (`dissolved`), or because they ceased to follow the owner (`unfollowed`), or because the person was erased
    (`erased`). Without both they left by themselves."""

    user: UserId
    by: UserId | None = None
    why: Literal["removed", "dissolved", "unfollowed", "erased"] | None = None


class MembersChanged(GroupEntry, tag="members"):
    """People are in, or out, from this entry on. `count` is the number of members after it."""

    at: Millis
    count: int
    joined: list[Joined] = []
    left: list[Left] = []


class RoleChanged(GroupEntry, tag="role"):
    """Without `by` it was the operator."""

    at: Millis
    user: UserId
    role: Role
    by: UserId | None = None


class SettingsChanged(GroupEntry, tag="settings"):
    """The fields that changed, with their new values. Without `by` it was the operator."""

    at: Millis
    by: UserId | None = None
    title: str | None = None
    intro: str | None = None
    history: HistoryRule | None = None
    limit: int | None = None
    entry: EntryGate | None = None
    question: str | None = None
    invites: Literal["anyone", "mutual_only"] | None = None
    rules: str | None = None
    avatar: str | None = None
    rights: dict[Right, Role] | None = None
    """The whole table: for each right the lowest role that holds it."""
    on_unfollow_owner: OnUnfollow | None = None


class OwnerChanged(GroupEntry, tag="owner"):
    """`user` owns the group from here on, and `before`, who owned it, has `role`. What becomes of those who cease to
    follow the owner is `keep` again. Without `by` it was the operator, or the owner before was disabled."""

    at: Millis
    user: UserId
    before: UserId
    role: Role
    by: UserId | None = None


class Announced(GroupEntry, tag="announcement"):
    """The group's announcement reads `text`; without it there is none any more. `version` counts them."""

    at: Millis
    by: UserId
    version: int
    text: str = ""


class Dissolved(GroupEntry, tag="dissolved"):
    """Nothing can be written any more, and nothing read from `until` on. Without `by` it was the operator, or nobody
    was left who could own the group."""

    at: Millis
    until: Millis
    by: UserId | None = None


class Erased(GroupEntry, tag="erased"):
    """The person `user` was erased: whatever they wrote before this entry is gone, here as everywhere. Treat each of
    their messages like one that they had taken back at `since`, with `erased`: drop its content, its reactions, quotes
    of it, and its place among the pins and the featured posts. Drop their name, their nickname and the text of an
    announcement of theirs too. What they had reacted with was taken back by entries of its own."""

    at: Millis
    user: UserId
    since: Millis


class Section(View):
    """A section of a group, with numbers of its own. `kind` says who writes there: `chat` and `qa` whoever may post,
    `announce` whoever may announce, `showcase` cards whoever may post and anything whoever may feature. In `qa` a
    reply answers something of the same section. `closed`: it can be read and is not listed; nothing is written there.
    Only the main section can be without a title."""

    section: SectionNumber
    kind: SectionKind
    title: str = ""
    intro: str = ""
    closed: bool = False


class SectionsChanged(GroupEntry, tag="sections"):
    """The sections of the group are now exactly these: open ones in their order, then the closed ones. What was done,
    and to which `section`, unless it was their order."""

    at: Millis
    by: UserId
    act: Literal["create", "update", "close", "open", "order"]
    sections: list[Section]
    section: SectionNumber | None = None


class Moderated(GroupEntry, tag="moderation"):
    """Everybody below admin is `restricted`, `until` a time or without an end, or no longer; or members wait `slow_s`
    seconds between two messages, 0 for no longer. Without `by` it was the operator."""

    at: Millis
    by: UserId | None = None
    restricted: bool | None = None
    until: Millis | None = None
    slow_s: int | None = None


class Nicknamed(View):
    user: UserId
    nickname: str
    """What they are called in this group; empty: by their own name again."""


class NicknamesChanged(GroupEntry, tag="nicknames"):
    """What some members are called in this group from here on."""

    at: Millis
    names: list[Nicknamed]
