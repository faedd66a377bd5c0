"""What people do beside writing: reading on, typing. Told to those it concerns, and to nobody for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatd.core.chats import ClearMark
from chatd.hub.feed import Follow

if TYPE_CHECKING:
    from chatd.hub.hub import Hub
    from chatd.hub.session import Session


def move_read(hub: Hub, session: Session, follow: Follow, seq: int) -> None:
    """A person read up to `seq` in the main section; their other devices learn it."""
    person = session.person
    clear_mark(hub, follow)
    if person is None or seq <= follow.read:
        return
    group = follow.feed.group
    hub.reads.move(group, person.user, seq)
    hub.receipts.note(follow.feed, person.user, seq)
    for other in person.sessions:
        theirs = other.follows.get(group)
        if theirs is None:
            continue
        theirs.read = max(theirs.read, seq)
        if other is not session:
            other.signal("read", {"group": group, "read": theirs.read})


def move_read_in(hub: Hub, session: Session, follow: Follow, section: int, read: int) -> None:
    """The same in another section, where they had read less so far."""
    person, group = session.person, follow.feed.group
    clear_mark(hub, follow)
    if person is None or read <= hub.reads.of(group, person.user, section):
        return
    hub.reads.move(group, person.user, read, section)
    hub.receipts.note(follow.feed, person.user, read, section)
    for other in person.sessions:
        if other is not session and group in other.follows:
            other.signal("read", {"group": group, "read": read, "section": section})


def clear_mark(hub: Hub, follow: Follow) -> None:
    """Reading ends that the group is marked as unread; the commit tells the person's devices."""
    person = follow.session.person
    if not follow.marked or person is None:
        return
    if hub.link.propose(ClearMark(person.user, follow.feed.group), lambda _: None):
        for session in person.sessions:
            theirs = session.follows.get(follow.feed.group)
            if theirs is not None:
                theirs.marked = False


def tell_typing(hub: Hub, session: Session, follow: Follow) -> None:
    """Tell who has the group open, in small groups where one can write, at most once per interval and person."""
    feed, now_s = follow.feed, hub.clock_s()
    if feed.read_only or feed.members > hub.settings.typing_group_max or session.person is None:
        return
    user = session.person.user
    if feed.typed_at_s is None or len(feed.typed_at_s) > 2 * hub.settings.typing_group_max:
        feed.typed_at_s = {}
    if now_s - feed.typed_at_s.get(user, float("-inf")) < hub.settings.typing_interval_s:
        return
    feed.typed_at_s[user] = now_s
    for other in feed.live:
        if other.session.person is not session.person:
            other.session.signal("typing", {"group": feed.group, "user": user})
