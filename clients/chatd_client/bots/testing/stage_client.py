"""A session on a stage: what a `Client` is to a server. Its commands are answered in memory, at once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import msgspec

from chatd_client.bots.ops import derive_cid
from chatd_client.bots.testing.stage import NOT_HERE, Stage, StageUser
from chatd_client.bots.testing.stage_acts import ACTS
from chatd_client.bots.testing.stage_group import StageGroup
from chatd_client.client import check
from chatd_client.cursors import Cursors, CursorStore, Mark
from chatd_client.errors import ChatdError, ClientClosed
from chatd_client.events import Connected, EntriesEvent, Event, MineEvent
from chatd_client.port import Port
from chatd_protocol.bots import BotSelf
from chatd_protocol.groups import GroupLine
from chatd_protocol.log import MineEntry
from chatd_protocol.ops import OPS
from chatd_protocol.scopes import SCOPE_OF, SCOPES
from chatd_protocol.session import Bounds, HelloOk
from chatd_protocol.values import Data, View

V = TypeVar("V", bound=View)
_OP_OF = {op.request: op for op in OPS.values()}
_BOUNDS = Bounds(65_536, 4000, 50, 200, 1000.0, 120.0, 50, 60.0, 25.0)


class StageClient(Port):
    """One user's session. With `cursors` it goes on from there, as a `Client` does."""

    def __init__(self, stage: Stage, user: StageUser, *, cursors: CursorStore | None = None) -> None:
        self._stage = stage
        self.user = user
        self._cursors = cursors.load() if cursors is not None else Cursors()
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._hello: HelloOk | None = None
        self._closed = False
        self._cids = 0

    # --- the session

    @property
    def hello(self) -> HelloOk | None:
        return self._hello

    async def connect(self) -> HelloOk:
        stage, user, kept = self._stage, self.user, self._cursors
        known = kept.epoch == stage.epoch
        groups = [group for group in stage.groups.values() if user.id in group.members]
        lines = [group.line(user.id) for group in groups]
        at = user.mine[-1].at if user.mine else 0
        self._hello = HelloOk(
            user.id,
            "stage",
            stage.epoch,
            stage.clock.now_ms(),
            [*OPS],
            _BOUNDS,
            len(user.mine),
            lines,
            name=user.name,
            mine_at=at,
            bot=BotSelf(user.sub, list(SCOPES)) if user.bot else None,
        )
        for line, group in zip(list(lines), groups, strict=True):
            mark = kept.heads.get(group.id) if known else None
            if mark is not None and mark[0] < line.head:
                lines[lines.index(line)] = msgspec.structs.replace(line, after=max(mark[0], line.floor))
        self._hello = msgspec.structs.replace(self._hello, groups=lines)
        self._queue.put_nowait(Connected(self._hello, known, 0))
        user.sessions.append(self)
        self._resume(groups, kept.heads if known else {}, kept.mine if known else None)
        return self._hello

    def _resume(self, groups: list[StageGroup], heads: dict[str, Mark], mine: Mark | None) -> None:
        """What was missed."""
        if mine is not None:
            for one in self.user.mine[mine[0] :]:
                self.tell_mine(one)
        for group in groups:
            mark = heads.get(group.id)
            if mark is not None:
                for entry in group.log[max(mark[0], group.since[self.user.id][0]) :]:
                    self.tell_entry(group, entry)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self in self.user.sessions:
                self.user.sessions.remove(self)
            self._queue.put_nowait(None)

    async def events(self) -> AsyncIterator[Event]:
        while (event := await self._queue.get()) is not None:
            yield event

    async def open_group(self, group: str, *, from_start: bool = False) -> GroupLine:
        """Every group is open here."""
        del from_start
        return self._stage.group_of(group, self.user.id).line(self.user.id)

    def tell_entry(self, group: StageGroup, entry: Any) -> None:
        """An entry of a group that this user is in."""
        seen = group.visible(self.user.id, entry)
        self._queue.put_nowait(EntriesEvent(group.id, entry.pos - 1, len(group.log), (seen,), (entry.pos, entry.at)))

    def tell_mine(self, entry: MineEntry) -> None:
        """An entry of this user's own log."""
        self._queue.put_nowait(MineEvent(entry.upos - 1, (entry,)))

    # --- commands

    def new_cid(self) -> str:
        """Not by chance: a dialogue plays the same every time."""
        self._cids += 1
        return derive_cid("stage act", self.user.sub, id(self), self._cids)

    async def ask(self, request: Data, kind: type[V]) -> V:
        """As a server answers, or `unavailable_here`."""
        await asyncio.sleep(0)
        if self._closed:
            raise ClientClosed(1000, "closed by this client")
        check(request)
        op = _OP_OF[type(request)]
        act: Callable[[Stage, StageUser, Any], View] | None = ACTS.get(type(request))
        if act is None:
            raise ChatdError(NOT_HERE, f"the stage does not know {op.name}: try it against a server")
        if self.user.bot and SCOPE_OF[op.name] == "closed":
            raise ChatdError("not_for_bots")
        cid = getattr(request, "cid", None)
        if cid is None:
            return msgspec.convert(msgspec.to_builtins(act(self._stage, self.user, request)), kind)
        asked = msgspec.json.encode([op.name, request])
        before = self._stage.answers.get((self.user.id, cid))
        if before is None:
            answer = msgspec.to_builtins(act(self._stage, self.user, request))
            before = self._stage.answers[self.user.id, cid] = (asked, answer)
        elif before[0] != asked:
            raise ChatdError("conflict")
        return msgspec.convert(before[1], kind)
