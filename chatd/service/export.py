"""What a group, or a person, can be given of what is stored: records, one after the other, for files that outlive us.

Everything comes from one snapshot, a page at a time: memory depends on the size of a page and not on how much there is.
A record is an object with `type`; the first says what it is an export of, the last (`end`) how many there were, so that
a file that broke off is known. What is shown of a message is what its readers are shown: one that was taken back is a
tombstone. A person is given what is theirs and what they themselves may see, and nothing of other people's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from chatd.core import cards
from chatd.core.bots import Bot
from chatd.core.chats import Chat, Draft
from chatd.core.contacts import Contact
from chatd.core.devices import Devices
from chatd.core.profiles import privacy_of, profile_of
from chatd.core.requests import JoinRequest
from chatd.core.values import Entry, Group, Member
from chatd.core.visibility import view, view_mine
from chatd.store import export as stored
from chatd.store import groups, messages, users
from chatd.store.catalogue import read_items
from chatd.store.database import Database, Row

VERSION: Final = 1
Line = dict[str, Any]
_RELATIONS: Final = {
    "following": stored.FOLLOWING,
    "follower": stored.FOLLOWERS,
    "blocked": stored.BLOCKED,
}


class Missing(Exception):
    """There is no such group, or no such person."""


class GroupExport:
    """The log of a group as somebody would have seen it who was in it all the time, with who was in it when and the
    items that its cards show. What went by age is not there: the log begins behind `floor`, and before it stand only
    the messages that were kept because they are pinned or featured."""

    def __init__(self, database: Database, group: str, now_ms: int) -> None:
        """Raises `Missing`."""
        self._db = database
        row = stored.one(database, stored.GROUP, (group,))
        if row is None:
            raise Missing
        self._group = groups.group_from(row)
        self._now_ms = now_ms
        self.total = self._group.head - self._group.floor

    def lines(self) -> Iterator[Line]:
        """The records. Raises `StoreLost`."""
        group = self._group
        yield {"type": "export", "version": VERSION, "of": "group", "group": group.id, "at": self._now_ms}
        yield _group_line(group)
        for row in stored.pages(self._db, stored.MEMBERS, (group.id,), 2):
            yield self._member_line(row)
        standing: set[int] = set()
        for name, pins, featured in stored.boards(self._db, group.id):
            standing = {*pins, *featured}
            yield {"type": "board", "group": name, "pins": pins, "featured": featured}
        yield from self._entries(standing)
        for row in stored.pages(self._db, stored.ITEMS, (group.id,), 2):
            yield from self._item_lines(row)

    def _member_line(self, row: Row) -> Line:
        member = groups.member_from(row[: len(groups.MEMBER_COLUMNS)])
        name, profile = row[len(groups.MEMBER_COLUMNS) :]
        handle = orjson.loads(profile).get("handle")
        return {"type": "member", "user": member.user} | _told({"name": name, "handle": handle}) | _stay(member)

    def _entries(self, standing: set[int]) -> Iterator[Line]:
        after, head = 0, self._group.head
        while after < head:
            rows, _ = self._db.run(messages.PAGE_UP, (self._group.id, after, head, stored.PAGE_ROWS))
            if not rows:
                return
            page = messages.page_of(rows)
            fill_cards(self._db, page.shown)
            for entry in page.entries:
                if entry.pos > self._group.floor or entry.pos in standing:
                    yield {"type": "entry", "entry": view(entry, page.targets.get(entry.target or 0), 0)}
            after = page.entries[-1].pos

    def _item_lines(self, row: Row) -> Iterator[Line]:
        kind, item_id = row
        for item in read_items(self._db, [(kind, item_id)]):
            shown = {name: item.data[name] for name in ("title", "cover", "url", "author") if name in item.data}
            yield {"type": "item", "kind": kind, "id": item_id, "rev": item.rev} | shown
            return
        yield {"type": "item", "kind": kind, "id": item_id}


class UserExport:
    """What is stored of a person: who they are, what they chose, said, asked and kept, and whom they follow."""

    def __init__(self, database: Database, name: str, now_ms: int) -> None:
        """`name` is a `sub`, an id, or a handle behind an `@`. Raises `Missing`."""
        self._db = database
        found = (stored.one(database, statement, (value,)) for statement, value in users.ways_to_name(name))
        row = next((row for row in found if row is not None), None)
        if row is None:
            raise Missing
        self._user = users.user_from(row)
        self._now_ms = now_ms
        self.total = int(database.run(stored.OWN_ENTRIES_COUNT, (self._user.id,))[0][0][0])

    def lines(self) -> Iterator[Line]:
        """The records. Raises `StoreLost`."""
        user = self._user
        yield {"type": "export", "version": VERSION, "of": "user", "user": user.id, "at": self._now_ms}
        yield self._profile()
        yield from self._own()
        for kind, sql in _RELATIONS.items():
            for row in stored.pages(self._db, sql, (user.id,), 1):
                yield {"type": kind, "user": row[0], "name": row[1], "since": row[2]}
        yield from self._groups()
        yield from self._asked()
        yield from self._said()
        for row in stored.pages(self._db, stored.MINE, (user.id,), 1):
            shown = view_mine(users.mine_from((user.id, *row)))
            yield {"type": "log"} | {key: value for key, value in shown.items() if key not in _OTHERS_WORDS}

    def _profile(self) -> Line:
        user = self._user
        line: Line = {"type": "profile", "user": user.id, "sub": user.sub, "created": user.created_at}
        line |= profile_of(user) | _told({key: user.profile.get(key) for key in ("handle", "tags")})
        return line | {"privacy": privacy_of(user), "disabled": user.disabled} | _told({"erased": user.erased_at})

    def _own(self) -> Iterator[Line]:
        user = self._user.id
        for login, changed_at in self._db.run(stored.ACCOUNT, (user,))[0]:
            yield {"type": "account", "login": login, "password_changed": changed_at}
        for key, since, until in self._db.run(stored.HANDLES, (user,))[0]:
            yield {"type": "handle", "handle": key, "since": since} | _told({"reserved_until": until})
        for row in stored.records_of(self._db, Devices, "user_id = ?", (user,)):
            for device, (program, first, last) in sorted(row.devices.items()):
                yield {"type": "device", "device": device, "program": program, "first_seen": first, "last_seen": last}
        for bot in stored.records_of(self._db, Bot, "user_id = ?", (user,)):
            yield {"type": "bot", "bot": bot.name, "scopes": bot.scopes, "commands": bot.commands}

    def _groups(self) -> Iterator[Line]:
        user = self._user.id
        for row in stored.pages(self._db, stored.STAYS, (user,), 2):
            member, title = groups.member_from(row[2:-1]), row[-1]
            # What a group one is out of is called now is not to be seen from outside.
            called = {"title": title} if member.present else {}
            yield {"type": "membership", "group": member.group} | _told(called) | _stay(member)
        for chat in stored.records_of(self._db, Chat, "user_id = ? ORDER BY group_id", (user,)):
            yield {"type": "chat", "group": chat.group_id} | chat.view()
        for group, section, seq in stored.pages(self._db, stored.READS, (user,), 2):
            yield {"type": "read", "group": group, "section": section, "read": seq}
        for draft in stored.records_of(self._db, Draft, "user_id = ? ORDER BY group_id", (user,)):
            yield {"type": "draft", "group": draft.group_id, "at": draft.at, "text": draft.text}

    def _asked(self) -> Iterator[Line]:
        user = self._user.id
        for asked in stored.records_of(self._db, JoinRequest, "user_id = ? ORDER BY group_id", (user,)):
            line = {"type": "join_request", "group": asked.group_id, "state": asked.state, "at": asked.at}
            yield line | _told({"answer": asked.answer, "decided": asked.decided_at})
        for contact in stored.records_of(self._db, Contact, "asker_id = ? ORDER BY user_id", (user,)):
            # Who was asked and has said no, or has blocked them, has not told them so.
            state = "accepted" if contact.state == "accepted" else "sent"
            line = {"type": "contact_request", "to": contact.user_id, "state": state, "at": contact.at}
            yield line | _told({"text": contact.text if contact.state in ("waiting", "unseen") else ""})
        for row in stored.pages(self._db, stored.INVITES, (user,), 1):
            yield {"type": "invite"} | _told(dict(zip(stored.INVITE_FIELDS, row, strict=True)))

    def _said(self) -> Iterator[Line]:
        """Their messages in the order of their keys, also from groups that they are out of; their signs; their words
        about featured posts. Nothing of what they answer or react to."""
        for rows in stored.chunks(self._db, stored.OWN_ENTRIES, (self._user.id,), 1):
            entries = [messages.entry_from(row[1:]) for row in rows]
            fill_cards(self._db, entries)
            for entry in entries:
                yield _own_line(entry)


def _own_line(entry: Entry) -> Line:
    shown = {key: value for key, value in view(entry, None, 0).items() if key not in _OF_LOG}
    if entry.kind != "message":
        words = {key: value for key, value in entry.body.items() if key in ("emoji", "on", "note")}
        return {"type": entry.kind, "group": entry.group} | shown | words
    kind = shown.pop("type")
    return {"type": "message", "group": entry.group, "kind": kind} | shown


_OF_LOG: Final = ("kind", "sender", "by", "reactions")
_OTHERS_WORDS: Final = ("text", "reason")


def _group_line(group: Group) -> Line:
    kept = ("rules", "avatar", "announcement", "rights", "sections", "entry", "question", "invites", "slow_s")
    settings = {name: group.settings[name] for name in kept if group.settings.get(name)}
    line: Line = {"type": "group", "group": group.id, "kind": group.kind, "title": group.title, "intro": group.intro}
    line |= {"history": group.history, "limit": group.member_limit, "members": group.members, "head": group.head}
    line |= {"created": group.created_at} | _told({"dissolved": group.dissolved_at, "floor": group.floor or None})
    return line | settings


def _stay(member: Member) -> Line:
    """One stay of somebody in a group: `from` is the first entry they saw, `until` the last."""
    line: Line = {"role": member.role, "joined": member.joined_at, "from": member.from_pos + 1}
    told = {"until": member.until_pos, "why": member.why, "by": member.by, "nickname": member.nickname}
    return line | _told(told)


def _told(values: Line) -> Line:
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def fill_cards(database: Database, entries: Sequence[Entry]) -> None:
    """Give messages what the catalogue says of the items that they show."""
    keys = sorted(cards.keys_of(entries))
    items = {item.key: item for item in read_items(database, keys)} if keys else {}
    for entry in entries:
        key = cards.key_of(entry)
        if key is not None:
            cards.fill(entry, items.get(key))


def end_line(lines: int) -> Line:
    """The last record."""
    return {"type": "end", "lines": lines}
