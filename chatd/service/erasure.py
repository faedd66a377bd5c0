"""Erasing a person, step by step: looking up what is next to go, and proposing a portion of it.

The same steps serve the running server, which takes them in turns with everything else, and a database that nobody
serves, where they are taken to the end at once. What was done stands in the store: whoever begins anew goes on.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import orjson

from chatd.core.erasure import (
    BeginErasure,
    EndErasure,
    EraseEdges,
    EraseEntries,
    EraseInGroup,
    PruneOwnLog,
    Step,
    Trace,
    WipeRows,
)
from chatd.core.refusal import Refused
from chatd.core.wishes import AnyWish
from chatd.service.secrets import Secrets
from chatd.store import erasing as stored
from chatd.store.database import Database
from chatd.store.engine import Engine
from chatd.store.migrate import life
from chatd.store.outcome import Proposed, Verdict
from chatd.store.readers import Reader

PORTION: Final = 200
"""Entries, or edges, of one commit."""
GROUPS: Final = 20
"""Groups that are looked up in one go."""
SHOWN: Final = 50
"""Groups that are named before."""
T = TypeVar("T")
Ask = Callable[[AnyWish], Awaitable[Verdict]]


class Read(Protocol):
    """How the store is read: `Readers.read`."""

    def __call__(self, work: Callable[[Reader], Coroutine[Any, Any, T]]) -> Awaitable[T]: ...


class Eraser:
    """The steps of one person's erasure, which has begun. `done` of about `total` is for who watches."""

    def __init__(self, user: str, ask: Ask, read: Read) -> None:
        self.user = user
        self._ask = ask
        self._read = read
        self._stages = [self._own_log, self._entries, self._words, self._groups, self._edges, self._rows]
        self._cid = self._group = ""
        self._pos = 0
        self._places: list[tuple[str, str | None]] = []
        self._last: dict[str, tuple[int, int]] | None = None
        self.stage = "own_log"
        self.done = 0
        self.total = 0

    async def step(self) -> bool:
        """Take the next step. Returns whether there may be another one. Raises `Refused`, `ReaderLost`."""
        if not self.total:
            self.total = 1 + await self._read(partial(stored.size_of, user=self.user))
        while self._stages:
            self.stage = self._stages[0].__name__.removeprefix("_")
            wish = await self._stages[0]()
            if wish is not None:
                await self._propose(wish)
                return True
            self._stages.pop(0)
        await self._propose(EndErasure(self.user))
        self.stage, self.done = "done", self.total
        return False

    async def _propose(self, wish: Step) -> None:
        verdict = await self._ask(wish)
        if verdict.answer is None:
            raise Refused(verdict.code, verdict.message, **verdict.details)

    # -- what is next

    async def _own_log(self) -> Step | None:
        floor, head = await self._read(partial(stored.own_log, user=self.user))
        return PruneOwnLog(self.user, min(head, floor + stored.PORTION_ROWS)) if floor < head else None

    async def _entries(self) -> Step | None:
        rows = await self._read(partial(stored.traces_after, user=self.user, cid=self._cid, limit=PORTION))
        if not rows:
            return None
        self._cid = rows[-1][0]
        self.done += len(rows)
        return EraseEntries(self.user, [_trace_of(self.user, *row[1:]) for row in rows])

    async def _words(self) -> Step | None:
        """What names or calls them something in the groups that they ever were in, group by group."""
        while self._places or await self._next_groups():
            group, _ = self._places[0]
            found, more = await self._read(
                partial(stored.words_in, user=self.user, group=group, after=self._pos, limit=PORTION)
            )
            self._pos = more or 0
            if more is None:
                self._places.pop(0)
            if found:
                return EraseEntries(self.user, found)
        self._group = ""
        return None

    async def _groups(self) -> Step | None:
        if self._last is None:
            self._last = await self._read(partial(stored.messages_by_group, user=self.user))
            self._group = await self._read(partial(stored.cursor_of, user=self.user))
        after = self._places[0][0] if self._places else self._group
        if self._places:
            self._places.pop(0)
        if not self._places and not await self._next_groups():
            return None
        group, key = self._places[0]
        peer = next((one for one in (key or "").split(":") if one not in ("", self.user)), None)
        return EraseInGroup(self.user, group, after, self._last.get(group, (0, None))[1], peer)

    async def _next_groups(self) -> bool:
        self._places = await self._read(partial(stored.groups_of, user=self.user, after=self._group, limit=GROUPS))
        self._group = self._places[-1][0] if self._places else self._group
        return bool(self._places)

    async def _edges(self) -> Step | None:
        follows, followers = await self._read(partial(stored.follows_of, user=self.user, limit=PORTION))
        return EraseEdges(self.user, follows, followers) if follows or followers else None

    async def _rows(self) -> Step | None:
        return WipeRows(self.user) if await self._read(partial(stored.rows_left, user=self.user)) else None


def _trace_of(user: str, group: str, pos: int, kind: str, target: int | None, body: str) -> Trace:
    if kind == "feature":
        return Trace(group, pos, kind, target)
    if kind != "reaction":
        return Trace(group, pos, kind)
    emoji = str(orjson.loads(body)["emoji"])
    # The same whenever it is proposed, and not that of any command: whoever makes those draws them at random.
    named = orjson.dumps(["erase", user, group, target, emoji])
    digest = hashlib.blake2b(named, digest_size=16).digest()
    cid = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return Trace(group, pos, kind, target, emoji, cid, digest)


async def plan_of(reader: Reader, user: str) -> dict[str, Any]:
    """What the erasure of somebody takes away, counted: messages and other doings by kind, messages by group (those
    with the most, and how many more groups there are), rows beside the logs by table."""
    by_group = await stored.messages_by_group(reader, user)
    most = sorted(by_group, key=lambda group: (-by_group[group][0], group))
    titles = await stored.titles_of(reader, most[:SHOWN])
    groups = [{"group": one, "title": titles.get(one, ""), "messages": by_group[one][0]} for one in most[:SHOWN]]
    plan: dict[str, Any] = {"user": user, "entries": await stored.kinds_of(reader, user), "groups": groups}
    return plan | {"more_groups": len(most) - len(groups), "rows": await stored.counts_of(reader, user)}


async def begin(user: str, ask: Ask, read: Read, secrets: Secrets) -> dict[str, Any]:
    """Begin, or find that it began. Raises `Refused`: `not_found`, `unavailable`."""
    known = await read(partial(stored.known_of, user=user))
    if known is None:
        raise Refused("not_found")
    verdict = await ask(BeginErasure(user, secrets.hash_sub(known.user.sub), known.login, known.handles))
    if verdict.answer is None:
        raise Refused(verdict.code, verdict.message, **verdict.details)
    return verdict.answer


def erase_offline(engine: Engine, database: Database, user: str) -> bool:
    """Erase somebody in a database that no server holds, to the end; harmless to repeat, and goes on with what was
    begun. `engine` writes it, `database` is a connection to read it by. Returns whether there was such a person."""
    work = _erase_all(engine, database, user)
    try:
        work.send(None)
    except StopIteration as ended:
        return bool(ended.value)
    raise RuntimeError("a database that is at hand was waited for")


async def _erase_all(engine: Engine, database: Database, user: str) -> bool:
    reader = stored.FromDatabase(database)

    async def ask(wish: AnyWish) -> Verdict:
        return engine.settle([Proposed(1, wish)])[-1].verdicts[0]

    async def read(work: Callable[[Reader], Coroutine[Any, Any, T]]) -> T:
        return await work(reader)

    if await stored.known_of(reader, user) is None:
        return False
    await begin(user, ask, read, Secrets(life(database).key))
    if any(erasure.user_id == user for erasure in await stored.erasures(reader)):
        eraser = Eraser(user, ask, read)
        while await eraser.step():
            pass
    return True
