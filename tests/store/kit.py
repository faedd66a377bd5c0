"""The commit engine in this process, with the wishes of everyday ready to hand, for tests of the store.

with Store(url) as store:
    ann, ben = store.people("ann", "ben")
    store.make_mutual(ann, ben)
    store.done(store.create(ann, "g"), store.add(ann, "g", ben))
    pos = store.say(ann, "g", "hello")
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from itertools import count
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from chatd.core.announcements import AnnounceInGroup
from chatd.core.bans import BanMember, Unban
from chatd.core.catalogue import ChangeCatalogue
from chatd.core.chats import UpdateChat
from chatd.core.dissolution import Dissolve
from chatd.core.groups import CreateDirect, CreateGroup, Kick, Leave, SetRole, UpdateGroup
from chatd.core.limits import Bounds
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.nicknames import SetNickname
from chatd.core.ownership import Transfer
from chatd.core.pulls import AddMembers
from chatd.core.relations import Block, Follow
from chatd.core.users import EnsureUser
from chatd.core.wishes import AnyWish
from chatd.store import schema
from chatd.store.database import Database, Row, connect
from chatd.store.engine import Engine
from chatd.store.outcome import Outcome, Proposed, Verdict
from chatd.store.statements import Lock, Probe, Write

T = TypeVar("T")
DIGEST: Final = b"0123456789abcdef"
OTHER_DIGEST: Final = b"another request "
START_MS: Final = 1_700_000_000_000
PATIENCE_S: Final = 60.0
TABLES: Final = tuple(name for name in schema.metadata.tables if name != "meta")
_cids = count(1)


def new_cid() -> str:
    """Another cid, well-formed."""
    return f"{next(_cids):021}A"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, or fail after a while."""

    async def bounded() -> T:
        return await asyncio.wait_for(work, PATIENCE_S)

    return asyncio.run(bounded())


class Wrapped:
    """A database that does what another does; tests override what should go differently."""

    def __init__(self, inner: Database) -> None:
        self.inner = inner
        self.kind = inner.kind
        self.exclusive = inner.exclusive

    def begin(self) -> None:
        self.inner.begin()

    def commit(self) -> None:
        self.inner.commit()

    def rollback(self) -> None:
        self.inner.rollback()

    def close(self) -> None:
        self.inner.close()

    def find(self, what: Probe | Lock, keys: Sequence[Row]) -> list[Row]:
        return self.inner.find(what, keys)

    def write(self, what: Write, rows: Sequence[Row]) -> None:
        self.inner.write(what, rows)

    def run(self, sql: str, params: Row = ()) -> tuple[list[Row], int]:
        return self.inner.run(sql, params)


class Store:
    """An engine with a clock that the test turns (`now_ms`), and a second connection to look with (`rows`)."""

    def __init__(self, url: str, bounds: Bounds | None = None, database: Database | None = None) -> None:
        self.url = url
        self.bounds = bounds or Bounds()
        self.now_ms = START_MS
        self.database = database or connect(url)
        self.engine = self.make_engine()
        self._pids = count(1)
        self._eyes = connect(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.database.close()
        self._eyes.close()

    def make_engine(self, holder: str = "the first") -> Engine:
        return Engine(self.database, self.bounds, lambda: self.now_ms, holder)

    def reopen(self, database: Database | None = None) -> None:
        """As after the writer died: another connection, another engine."""
        self.database.close()
        self.database = database or connect(self.url)
        self.engine = self.make_engine("the next")

    # -- committing

    def settle(self, *wishes: AnyWish) -> list[Outcome]:
        """Hand over one batch."""
        return self.engine.settle([Proposed(next(self._pids), wish) for wish in wishes])

    def commit(self, *wishes: AnyWish) -> Outcome:
        """Hand over one batch that makes one outcome."""
        (outcome,) = self.settle(*wishes)
        return outcome

    def decide(self, *wishes: AnyWish) -> list[Verdict]:
        """The verdicts of one batch, in the order of its proposals."""
        verdicts = [verdict for outcome in self.settle(*wishes) for verdict in outcome.verdicts]
        return sorted(verdicts, key=lambda verdict: verdict.pid)

    def codes(self, *wishes: AnyWish) -> list[str]:
        """The refusals of one batch, "" for what was accepted."""
        return [verdict.code for verdict in self.decide(*wishes)]

    def done(self, *wishes: AnyWish) -> list[dict[str, Any]]:
        """The answers of one batch that must be accepted whole."""
        verdicts = self.decide(*wishes)
        assert [verdict.code for verdict in verdicts] == [""] * len(wishes)
        return [verdict.answer for verdict in verdicts if verdict.answer is not None]

    # -- wishes

    def people(self, *ids: str) -> Sequence[str]:
        self.done(*(EnsureUser(user, f"sub of {user}", user) for user in ids))
        return ids

    def make_mutual(self, one: str, *others: str) -> None:
        self.done(*(follow(a, b) for other in others for a, b in ((one, other), (other, one))))

    def found(self, group: str, owner: str, *members: str, history: str = "none", limit: int | None = None) -> str:
        """A group of people who follow each other (from now on)."""
        if members:
            self.make_mutual(owner, *members)
        self.done(create(owner, group, history, limit))
        for start in range(0, len(members), 50):
            self.done(add(owner, group, *members[start : start + 50]))
        return group

    def say(self, user: str, group: str, text: str = "hello", reply_to: int | None = None) -> int:
        """The pos of a new message."""
        pos: int = self.done(send(user, group, text, reply_to))[0]["pos"]
        return pos

    # -- looking

    def rows(self, sql: str, *params: object) -> list[Row]:
        """What another connection sees: only what was committed."""
        return self._eyes.run(sql, params)[0]

    def sizes(self) -> dict[str, int]:
        """Rows of each table."""
        return {table: self.rows(f'SELECT count(*) FROM "{table}"')[0][0] for table in TABLES}

    def everything(self) -> dict[str, list[Row]]:
        """All rows of all tables."""
        return {table: sorted(self.rows(f'SELECT * FROM "{table}"'), key=repr) for table in TABLES}


def create(
    owner: str,
    group: str,
    history: str = "none",
    limit: int | None = None,
    *,
    kind: str = "private",
    title: str = "Tea",
) -> CreateGroup:
    return CreateGroup(owner, new_cid(), DIGEST, group, title, "", history, limit, kind)


def direct(actor: str, group: str, user: str) -> CreateDirect:
    return CreateDirect(actor, new_cid(), DIGEST, group, user)


def add(actor: str, group: str, *users: str) -> AddMembers:
    return AddMembers(actor, new_cid(), DIGEST, group, list(users))


def kick(actor: str, group: str, user: str) -> Kick:
    return Kick(actor, new_cid(), DIGEST, group, user)


def leave(actor: str, group: str, successor: str | None = None) -> Leave:
    return Leave(actor, new_cid(), DIGEST, group, successor)


def ban(actor: str, group: str, user: str, reason: str = "") -> BanMember:
    return BanMember(actor, new_cid(), DIGEST, group, user, reason)


def unban(actor: str, group: str, user: str) -> Unban:
    return Unban(actor, new_cid(), DIGEST, group, user)


def transfer(actor: str, group: str, user: str) -> Transfer:
    return Transfer(actor, new_cid(), DIGEST, group, user)


def dissolve(actor: str, group: str) -> Dissolve:
    return Dissolve(actor, new_cid(), DIGEST, group)


def announce(actor: str, group: str, text: str) -> AnnounceInGroup:
    return AnnounceInGroup(actor, new_cid(), DIGEST, group, text)


def set_role(actor: str, group: str, user: str, role: str) -> SetRole:
    return SetRole(actor, new_cid(), DIGEST, group, user, role)


def update(actor: str, group: str, **changes: Any) -> UpdateGroup:
    fields: dict[str, Any] = dict.fromkeys(("title", "intro", "history", "limit")) | changes
    return UpdateGroup(actor, new_cid(), DIGEST, group, **fields)


def send(
    user: str,
    group: str,
    text: str = "hello",
    reply_to: int | None = None,
    *,
    after: str | None = None,
    cid: str | None = None,
    digest: bytes = DIGEST,
) -> Send:
    return Send(user, cid or new_cid(), digest, group, "text", {"text": text}, reply_to, after)


def recall(user: str, group: str, pos: int) -> Recall:
    return Recall(user, new_cid(), DIGEST, group, pos, START_MS)


def edit(user: str, group: str, pos: int, text: str = "better") -> Edit:
    return Edit(user, new_cid(), DIGEST, group, pos, {"text": text}, START_MS)


def react(user: str, group: str, pos: int, emoji: str = "👍", on: bool = True) -> React:
    return React(user, new_cid(), DIGEST, group, pos, emoji, on)


def chat(actor: str, group: str, **changes: Any) -> UpdateChat:
    fields = dict.fromkeys(("pinned", "order", "level", "until", "marked", "archived")) | changes
    return UpdateChat(actor, new_cid(), DIGEST, group, **fields)


def nickname(actor: str, group: str, called: str) -> SetNickname:
    return SetNickname(actor, new_cid(), DIGEST, group, called)


def follow(user: str, other: str, on: bool = True) -> Follow:
    return Follow(user, new_cid(), DIGEST, other, on)


def block(user: str, other: str, on: bool = True) -> Block:
    return Block(user, new_cid(), DIGEST, other, on)


def send_card(user: str, group: str, kind: str, item: str, text: str | None = None) -> Send:
    """A card of a video or a product."""
    body = {kind: item} | ({} if text is None else {"text": text})
    return Send(user, new_cid(), DIGEST, group, f"{kind}_card", body, None, None)


def put_product(item: str, rev: int = 1, **data: Any) -> ChangeCatalogue:
    """A product on the shelf."""
    plain = {"title": "Teapot", "price": 12800, "currency": "CNY", "shop_url": "https://shop/1", "status": "on_shelf"}
    return ChangeCatalogue([("product", item, rev, plain | data)], [])


def put_video(item: str, rev: int = 1, **data: Any) -> ChangeCatalogue:
    """A public video."""
    plain = {"title": "Kiln day", "url": "https://video/1", "cover": "https://cdn/1", "visibility": "public"}
    return ChangeCatalogue([("video", item, rev, plain | data)], [])


def delete_item(kind: str, item: str, rev: int) -> ChangeCatalogue:
    return ChangeCatalogue([], [(kind, item, rev)])
