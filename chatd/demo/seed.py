"""Makes the community: every act goes through the commit engine, so the past obeys the rules that the present does.

Ids and `cid`s are derived from the database's own key: unguessable from outside, and found again at the next start.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import count
from operator import itemgetter
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from chatd.core.announcements import AnnounceInGroup
from chatd.core.bots import MakeBot
from chatd.core.catalogue import ChangeCatalogue
from chatd.core.featured import Feature
from chatd.core.groups import CreateDirect, CreateGroup, SetRole
from chatd.core.invites import CreateInvite
from chatd.core.limits import Bounds
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.pins import Pin
from chatd.core.pulls import AddMembers
from chatd.core.relations import Follow
from chatd.core.users import EnsureUser, SaveReads
from chatd.core.values import BOT_SUB
from chatd.core.wishes import AnyWish
from chatd.demo.community import BOTS, CATALOGUE, DIRECTS, FANS, FRIENDS, GROUPS, INVITE, PEOPLE, DirectPlan, GroupPlan
from chatd.demo.scenes import (
    Act,
    Announced,
    Changed,
    Featured,
    Pinned,
    Pulled,
    Reacted,
    Rewritten,
    Said,
    TakenBack,
    read_scene,
)
from chatd.service.author import DIGEST_BYTES, Author
from chatd.service.bots import token_digest
from chatd.service.secrets import Secrets
from chatd.store import lock
from chatd.store.database import Database, connect
from chatd.store.engine import Engine
from chatd.store.migrate import life, migrate
from chatd.store.outcome import Proposed
from chatd_protocol.bots import TOKEN_PREFIX

_NAMED: Final = re.compile(r"(@[a-z]+)")
BORN: Final = timedelta(days=9)
"""Everybody came, and every group was made, this long before the start."""
UNREAD: Final = timedelta(minutes=180)
"""What was said in the last hours is unread to those who have said nothing since."""


class Ids:
    """The ids of the community in the database with this key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def user(self, sub: str) -> str:
        return "u" + self._of(f"user {sub}")

    def group(self, scene: str) -> str:
        return "g" + self._of(f"group {scene}")

    def cid(self, number: int) -> str:
        return self._of(f"command {number}")

    def invite(self, scene: str) -> str:
        return "i" + self._of(f"invite {scene}")

    def code(self, maker: str, scene: str) -> str:
        """The code of the invite that somebody has made: what the server would give for that command."""
        secrets, cid = Secrets(self._key), self._of(f"code {scene}")
        author = Author(self.user(maker), 0, cid.encode()[:DIGEST_BYTES], lambda prefix: prefix + cid, secrets)
        return secrets.code(author, cid)

    def code_hash(self, maker: str, scene: str) -> str:
        """What the store finds it by."""
        return Secrets(self._key).hash(self.code(maker, scene))

    def bot_token(self, name: str) -> str:
        """What the bot of this name signs in with."""
        return TOKEN_PREFIX + self._of(f"bot token {name}") + self._of(f"more of it {name}")

    def bot_digest(self, name: str) -> str:
        """What the store finds that token by."""
        return token_digest(self._key, self.bot_token(name))

    def _of(self, name: str) -> str:
        """22 characters of base64url (RFC 4648, section 5)."""
        digest = hashlib.blake2b(f"demo {name}".encode(), key=self._key, digest_size=16).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def url_of(path: Path) -> str:
    """How `[store] url` names the database in this file."""
    return "sqlite:///" + quote(str(path))


def ids_of(path: Path) -> Ids:
    """The ids of the community in a database that exists."""
    database = connect(url_of(path))
    try:
        return Ids(life(database).key)
    finally:
        database.close()


def is_current(path: Path) -> bool:
    """Whether the community there has everything that this version makes; an older one made less."""
    database = connect(url_of(path))
    try:
        ids, invites = Ids(life(database).key), database.run("SELECT secret FROM invites")[0]
        subs = {sub for (sub,) in database.run("SELECT sub FROM users")[0]}
    finally:
        database.close()
    return {*PEOPLE, *(BOT_SUB + name for name in BOTS)} <= subs and (ids.code_hash(*INVITE),) in invites


def make_community(path: Path, now: datetime) -> bool:
    """Make a database with the community at `path` if there is none. Returns whether it was made.

    Whole or not at all: it grows beside its place and is moved there, so whoever is killed on the way begins anew.
    Raises `Held` if another process is at it, OSError, `StoreLost`.
    """
    held = lock.take(path)
    try:
        if path.exists():
            return False
        draft = path.with_name(path.name + ".draft")
        for leftover in path.parent.glob(draft.name + "*"):
            leftover.unlink()
        migrate(url_of(draft))
        database = connect(url_of(draft))
        try:
            fill_database(database, now)
        finally:
            database.close()  # The last one to close folds the write-ahead log into the file.
        draft.replace(path)
        _flush_folder(path.parent)
    finally:
        lock.release(held)
    return True


def fill_database(database: Database, now: datetime) -> None:
    """Let the community live through its past, in an empty database. `now` has a zone: days are those of that zone."""
    past = _Past(database, Ids(life(database).key), now - BORN)
    past.settle_people()
    past.make_bots()
    past.fill_catalogue()
    for plan in GROUPS:
        past.found_group(plan)
    past.make_invite(*INVITE)
    for direct in DIRECTS:
        past.found_direct(direct)
    scenes = [plan.scene for plan in (*GROUPS, *DIRECTS)]
    acts = [(at, scene, act) for scene in scenes for at, act in read_scene(_text_of(scene), now)]
    for at, scene, act in sorted(acts, key=itemgetter(0)):
        past.live(at, scene, act)
    past.remember_reads(now - UNREAD)


def _text_of(scene: str) -> str:
    return (files("chatd.demo") / "scenes" / f"{scene}.txt").read_text(encoding="utf-8")


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class _Past:
    """The engine with a clock that we turn, and what has happened so far."""

    def __init__(self, database: Database, ids: Ids, begin: datetime) -> None:
        self._ids = ids
        self._at = begin
        self._numbers = count(1)
        self._engine = Engine(database, Bounds(), lambda: int(self._at.timestamp() * 1000), "demo")
        self._pos: dict[tuple[str, int], int] = {}
        self._items: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        """The catalogue: `rev` and data of each item."""
        self._said: list[tuple[datetime, str, str, int]] = []
        """When, where, by whom, and the message's `seq`."""

    def settle_people(self) -> None:
        self._do(EnsureUser(self._ids.user(sub), sub, name) for sub, name in PEOPLE.items())
        edges = [pair.split() for pair in (*FRIENDS, *FANS)] + [pair.split()[::-1] for pair in FRIENDS]
        self._do(Follow(*self._who(one), self._ids.user(other), True) for one, other in edges)

    def make_bots(self) -> None:
        for name, plan in BOTS.items():
            user, digest = self._ids.user(f"bot {name}"), self._ids.bot_digest(name)
            self._do([MakeBot(user, name, plan.shown, plan.intro, plan.scopes.split(), True, digest)])

    def fill_catalogue(self) -> None:
        status = {"product": {"status": "on_shelf"}, "video": {"visibility": "public"}}
        self._items = {item: (1, data | status[item[0]]) for item, data in CATALOGUE.items()}
        self._do([ChangeCatalogue([(*item, *stands) for item, stands in self._items.items()], [])])

    def found_group(self, plan: GroupPlan) -> None:
        group = self._ids.group(plan.scene)
        owner = plan.owner
        self._do([CreateGroup(*self._who(owner), group, plan.title, plan.intro, plan.history, None)])
        self._pull(plan.scene, owner, plan.members.split())
        if plan.bots:
            self._pull(plan.scene, owner, [f"bot {name}" for name in plan.bots.split()])
        self._do(SetRole(*self._who(owner), group, self._ids.user(sub), "admin") for sub in plan.admins.split())

    def make_invite(self, maker: str, scene: str) -> None:
        """For anybody who has its code, without an end."""
        ids = self._ids
        named = (ids.group(scene), ids.invite(scene), "code", ids.code_hash(maker, scene))
        self._do([CreateInvite(*self._who(maker), *named, None, "member", None, None, False, "demo")])

    def found_direct(self, plan: DirectPlan) -> None:
        one, other = plan.two.split()
        self._do([CreateDirect(*self._who(one), self._ids.group(plan.scene), self._ids.user(other))])

    def live(self, at: datetime, scene: str, act: Act) -> None:
        """Let one act of a scene happen."""
        self._at = at
        if isinstance(act, Pulled):
            self._pull(scene, act.who, act.others)
            return
        if isinstance(act, Changed):
            self._change(act)
            return
        answer = self._do([self._wish(scene, act)])[0]
        if isinstance(act, Said):
            self._pos[scene, act.number] = answer["pos"]
            self._said.append((at, scene, act.who, answer["seq"]))

    def remember_reads(self, until: datetime) -> None:
        """Everybody has read what was said before `until`, or before they last said something themselves."""
        read: dict[tuple[str, str], int] = {}
        members = {plan.scene: {plan.owner, *plan.members.split()} for plan in GROUPS}
        members |= {plan.scene: set(plan.two.split()) for plan in DIRECTS}
        for at, scene, sender, seq in self._said:
            members[scene].add(sender)
            for user in members[scene] if at < until else {sender}:
                read[scene, user] = seq
        rows = [(self._ids.group(scene), self._ids.user(user), 0, seq) for (scene, user), seq in read.items()]
        self._do([SaveReads(rows)])

    def _wish(self, scene: str, act: Said | Reacted | Rewritten | TakenBack | Pinned | Featured | Announced) -> AnyWish:
        who, group = self._who(act.who), self._ids.group(scene)
        now_ms = int(self._at.timestamp() * 1000)
        match act:
            case Said():
                return Send(*who, group, *self._body(act), self._pos_of(scene, act.answers), None)
            case Reacted(emoji=emoji, to=to):
                return React(*who, group, self._pos[scene, to], emoji, True)
            case Rewritten(text=text, to=to):
                return Edit(*who, group, self._pos[scene, to], {"text": text}, now_ms)
            case TakenBack(to=to):
                return Recall(*who, group, self._pos[scene, to], now_ms)
            case Pinned(to=to):
                return Pin(*who, group, self._pos[scene, to], None)
            case Featured(note=note, to=to):
                return Feature(*who, group, self._pos[scene, to], note)
            case Announced(text=text):
                return AnnounceInGroup(*who, group, text)

    def _body(self, said: Said) -> tuple[str, dict[str, Any]]:
        """Kind and body of a message; `@ali` in it mentions her."""
        text, entities = "", []
        for part in _NAMED.split(said.text):
            name = PEOPLE.get(part[1:]) if part.startswith("@") else None
            if name is not None:
                entities.append({"offset": len(text), "length": len(name) + 1, "user": self._ids.user(part[1:])})
            text += part if name is None else f"@{name}"
        body: dict[str, Any] = {"text": text} if text else {}
        if said.card is not None:
            return f"{said.card[0]}_card", {said.card[0]: said.card[1]} | body
        return "text", body | ({"entities": entities} if entities else {})

    def _pos_of(self, scene: str, number: int | None) -> int | None:
        return None if number is None else self._pos[scene, number]

    def _change(self, act: Changed) -> None:
        rev, data = self._items[act.item]
        self._items[act.item] = rev + 1, data | act.values
        self._do([ChangeCatalogue([(*act.item, rev + 1, data | act.values)], [])])

    def _pull(self, scene: str, who: str, others: list[str]) -> None:
        users = [self._ids.user(sub) for sub in others]
        answer = self._do([AddMembers(*self._who(who), self._ids.group(scene), users)])[0]
        if any(one["result"] != "added" for one in answer["results"]):
            raise ValueError(f"{who} cannot pull {others} into {scene}")

    def _who(self, sub: str) -> tuple[str, str, bytes]:
        """What every command begins with: the actor, a `cid` and its digest."""
        cid = self._ids.cid(next(self._numbers))
        return self._ids.user(sub), cid, cid.encode()[:16]

    def _do(self, wishes: Iterable[AnyWish]) -> list[dict[str, Any]]:
        """Commit these at the time it is now. Raises ValueError if a rule refuses one: the scene is wrong then."""
        outcomes = self._engine.settle([Proposed(number, wish) for number, wish in enumerate(wishes, 1)])
        answers = []
        for verdict in (verdict for outcome in outcomes for verdict in outcome.verdicts):
            if verdict.answer is None:
                raise ValueError(f"refused at {self._at}: {verdict.code}")
            answers.append(verdict.answer)
        return answers
