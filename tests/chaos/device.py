"""One device of one person: connects, resumes from its cursors, sends again what was not answered, writes all down.

It keeps to `protocol/README.md` and to nothing else of the project.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from tests.chaos.history import Attempt, Connection, Entries, Mine, Recorder
from tests.chaos.process import SECRET, ServerProcess
from tests.chaos.wire import Format, Wire, connect

RETRY = frozenset({"unavailable", "overloaded", "rate_limited", "storage_full"})
RETRY_AFTER_S = 0.05
TOKEN_TTL_S = 86_400


@dataclass(slots=True)
class Command:
    """Something to be done once. `done` is called with the answer, or None for a refusal that is final."""

    op: str
    data: dict[str, Any]
    done: Callable[[dict[str, Any] | None], None]


class Device:
    """`fmt` is the encoding it speaks; a `fresh` one has no past and reads everything it is told of. A bot has a
    `token`, a person gets one by the `sub` for each connection."""

    def __init__(
        self,
        server: ServerProcess,
        recorder: Recorder,
        sub: str,
        device: str,
        fmt: Format,
        *,
        fresh: bool = False,
        token: str | None = None,
    ) -> None:
        self.user = ""
        self.groups: set[str] = set()
        self.pending: dict[str, Command] = {}
        self.cursors: dict[str, int] = {}
        """Where each live group is now."""
        self.mine_seen = 0
        self.ready = asyncio.Event()
        self.moved: Callable[[], None] = lambda: None
        """Called when something arrived."""
        self._server = server
        self._recorder = recorder
        self._sub = sub
        self._name = device
        self._format = fmt
        self._fresh = fresh
        self._token = token
        self._epoch: str | None = None
        self._mine: list[int] | None = None
        self._heads: dict[str, list[int]] = {}
        self._wire: Wire | None = None
        self._waiting: dict[int, tuple[Attempt, Command | None]] = {}
        self._numbers = itertools.count(1)
        self._stopped = False
        self._runner: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self.connection: Connection | None = None

    # -- life

    def afresh(self) -> Device:
        """Another one of the same person, which has no past."""
        return Device(self._server, self._recorder, self._sub, "fresh", "json", fresh=True, token=self._token)

    def start(self) -> None:
        """Connect, and come back whenever the connection ends."""
        self._runner = asyncio.create_task(self._run(), name=f"{self._sub} {self._name}")

    async def stop(self) -> None:
        """Go, and do not come back."""
        self._stopped = True
        self.cut()
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)

    def cut(self) -> None:
        """Lose the connection, in the middle of whatever was under way."""
        if self._wire is not None:
            self._wire.abort()

    def stall(self, on: bool) -> None:
        """Stop reading, or read on."""
        if self._wire is not None:
            self._wire.stall(on)

    async def _run(self) -> None:
        while not self._stopped:
            await self._server.up.wait()
            self._over.clear()
            try:
                await connect(self._make_wire, "127.0.0.1", self._server.port)
            except OSError:
                await asyncio.sleep(RETRY_AFTER_S)  # as a client does it, whose server was killed just now
                continue
            await self._over.wait()

    def _make_wire(self) -> Wire:
        self._wire = Wire(
            self._server.ws_url, self._format, opened=self._opened, received=self._received, closed=self._closed
        )
        return self._wire

    def _opened(self) -> None:
        cursors: dict[str, Any] = {}
        if self._epoch is not None:
            cursors = {"epoch": self._epoch, "heads": {g: list(c) for g, c in self._heads.items()}}
            if self._mine is not None:
                cursors["mine"] = list(self._mine)
        asked = self._recorder.moment()
        self.connection = Connection(self.user, self._name, cursors, asked=asked, fresh=self._fresh)
        self._recorder.connections.append(self.connection)
        self._waiting.clear()
        claims = {"sub": self._sub, "exp": int(time.time()) + TOKEN_TTL_S}
        token = self._token or jwt.encode(claims, SECRET, algorithm="HS256")
        self._transmit(0, "session.hello", {"token": token, "device": self._name, **cursors})

    def _closed(self, code: int | None) -> None:
        self._wire = None
        self.ready.clear()
        self._over.set()

    # -- asking

    def command(self, cid: str, command: Command) -> None:
        """Do something once, however often it has to be said."""
        self.pending[cid] = command
        if self.ready.is_set():
            self._send(command)

    def ask(self, op: str, data: dict[str, Any], done: Callable[[dict[str, Any] | None], None] | None = None) -> bool:
        """Ask once, on this connection only. False if there is none."""
        if not self.ready.is_set():
            return False
        self._send(Command(op, data, done or (lambda _: None)))
        return True

    def open_again(self, group: str) -> None:
        """Follow a group from where its last entry was."""
        data: dict[str, Any] = {"group": group}
        if group in self._heads:
            data |= {"after": self._heads[group][0], "at": self._heads[group][1]}
        self.ask("group.open", data)

    def _send(self, command: Command) -> None:
        assert self.connection is not None
        attempt = Attempt(command.op, command.data, self._recorder.moment())
        self.connection.attempts.append(attempt)
        number = next(self._numbers)
        self._waiting[number] = attempt, command
        self._transmit(number, command.op, command.data)

    def _transmit(self, number: int, op: str, data: dict[str, Any]) -> None:
        if self._wire is not None and self._wire.open:
            self._wire.send({"id": number or 2**31, "op": op, "data": data})

    # -- hearing

    def _received(self, message: dict[str, Any]) -> None:
        assert self.connection is not None
        if "re" in message:
            if message["re"] == 2**31:
                self._welcome(message)
            else:
                self._answered(message)
        elif self.connection.hello is None:
            self.connection.early += 1
        elif message["ev"] == "entries":
            self._take_entries(message["data"])
        elif message["ev"] == "mine":
            self._take_mine(message["data"])
        self.moved()

    def _welcome(self, message: dict[str, Any]) -> None:
        assert self.connection is not None
        hello = message.get("ok")
        if hello is None:
            return  # the server closes, and we come back
        self.connection.hello = hello
        self.connection.user = self.user = hello["user"]
        self._epoch = hello["epoch"]
        if self._mine is None or hello.get("mine_truncated") is not None:
            self._mine = [hello["mine"], hello.get("mine_at", 0)]
        self.mine_seen = self._mine[0]
        self.cursors = {group: cursor[0] for group, cursor in self._heads.items()}
        for line in hello["groups"]:
            self._take_line(line)
        self.ready.set()
        for command in list(self.pending.values()):
            self._send(command)

    def _take_line(self, line: dict[str, Any]) -> None:
        group = line["group"]
        self.groups.add(group)
        if line.get("live"):
            self.cursors[group] = line["after"]
            if line["after"] == line["head"]:
                self._heads[group] = [line["head"], line["at"]]

    def _answered(self, message: dict[str, Any]) -> None:
        assert self.connection is not None
        attempt, command = self._waiting.pop(message["re"])
        attempt.answered = self._recorder.moment()
        attempt.ok, attempt.error = message.get("ok"), message.get("error")
        if attempt.op == "message.history" and attempt.ok is not None:
            group = attempt.ok["group"]
            shown = [self._recorder.shown(group, raw) for raw in attempt.ok.pop("entries")]
            attempt.ok["shown"] = tuple(shown)
        if "cid" not in attempt.data or attempt.code == "internal":
            self.connection.events.append(attempt)
        if attempt.op == "group.close" and attempt.ok is not None:
            self.cursors.pop(attempt.data["group"], None)
        elif attempt.op == "group.open" and attempt.ok is not None:
            self._take_line(attempt.ok)
        if command is not None:
            self._conclude(attempt, command)

    def _conclude(self, attempt: Attempt, command: Command) -> None:
        cid = attempt.data.get("cid")
        if attempt.code in RETRY:
            if cid is None or self.pending.get(cid) is not command:
                command.done(None)
            else:
                asyncio.get_running_loop().call_later(RETRY_AFTER_S, self._send_again, cid, command, self.connection)
            return
        if cid is not None and self.pending.get(cid) is command:
            del self.pending[cid]
        command.done(attempt.ok)

    def _send_again(self, cid: str, command: Command, connection: Connection | None) -> None:
        if self.pending.get(cid) is command and self.connection is connection and self.ready.is_set():
            self._send(command)

    def _take_entries(self, data: dict[str, Any]) -> None:
        assert self.connection is not None
        group = data["group"]
        shown = tuple(self._recorder.shown(group, raw) for raw in data["entries"])
        self.connection.events.append(Entries(group, data["after"], data["as_of"], shown))
        if not shown:
            return
        self.cursors[group] = shown[-1].upto
        for entry in reversed(shown):
            if "at" in entry.raw:
                self._heads[group] = [entry.pos, entry.raw["at"]]
                break

    def _take_mine(self, data: dict[str, Any]) -> None:
        assert self.connection is not None
        self.connection.events.append(Mine(data["after"], tuple(data["entries"]), data.get("truncated")))
        for entry in data["entries"]:
            self._mine = [entry["upos"], entry["at"]]
            self.mine_seen = entry["upos"]
            group = entry["group"]
            if entry["kind"] == "added":
                self.groups.add(group)
                self._heads.setdefault(group, [0, 0])
                if entry["upos"] > (self.connection.hello or {})["mine"]:
                    self.cursors[group] = entry["pos"] - 1
            elif entry["kind"] == "removed":
                self.groups.discard(group)
                self._heads.pop(group, None)
                if entry["upos"] > (self.connection.hello or {})["mine"]:
                    self.cursors.pop(group, None)
