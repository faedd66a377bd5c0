"""A device of somebody: asks, hears answers and events, and keeps its replica by them, whatever carries its bytes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from chatd.hub.ports import Format
from tests.model.replica import Broken, Replica

Json = dict[str, Any]


class Device:
    """One device of the person `sub`. `say` takes requests while there is a connection."""

    def __init__(self, sub: str, name: str, fmt: Format) -> None:
        self.sub = sub
        self.name = name
        self.format: Format = fmt
        self.replica = Replica("")
        self.answers: dict[int, Json] = {}
        self.say: Callable[[Json], None] | None = None
        self.quiet_reads = True
        """No signal about a read position can have been dropped."""
        self._numbers = itertools.count(1)
        self._asked: dict[int, tuple[str, Json]] = {}
        self._resumes = False
        self.broken: Broken | None = None

    @property
    def connected(self) -> bool:
        return self.say is not None

    def connect(self, say: Callable[[Json], None], token: str, *, resume: bool) -> int:
        """Say hello, with what is kept or as somebody new. Returns the number of the request."""
        self.lose()
        if not resume:
            self.replica = Replica(self.replica.user)
        self.say = say
        self._asked.clear()
        self.answers.clear()
        data = self.replica.hello() if resume else {}
        self._resumes = bool(data)
        return self.ask("session.hello", {"token": token, "device": self.name} | data)

    def lose(self) -> None:
        """The connection is gone."""
        self.say = None
        self.replica.disconnected()

    def ask(self, op: str, data: Json) -> int:
        """Send a request. Returns its number."""
        assert self.say is not None
        number = next(self._numbers)
        self._asked[number] = (op, data)
        self.say({"id": number, "op": op, "data": data})
        return number

    @property
    def waits(self) -> bool:
        """Whether something that was asked is not answered yet."""
        return self.connected and len(self.answers) < len(self._asked)

    def hear(self, message: Json) -> None:
        """One message of the server. A contradiction is kept for whoever checks: here is the server's own stack."""
        try:
            if "re" in message:
                self._answered(message)
            else:
                self.replica.event(message["ev"], message["data"])
        except Broken as broken:
            self.broken = self.broken or broken

    def _answered(self, message: Json) -> None:
        number = message["re"]
        if number not in self._asked or number in self.answers:
            raise Broken(f"an answer to {number}, which is not open")
        self.answers[number] = message
        op, data = self._asked[number]
        if "ok" in message:
            self._learn(op, data, message["ok"])

    def _learn(self, op: str, data: Json, ok: Json) -> None:
        replica = self.replica
        if op == "session.hello":
            replica.user = ok["user"]
            replica.opened(ok, self._resumes)
        elif op == "group.open":
            replica.take_line(ok)
        elif op == "group.close":
            replica.close(data["group"])
        elif op == "group.get" and data["group"] in replica.groups:
            replica.take_line(ok["line"], told=False)
        elif op == "read.mark":
            replica.take_read(ok)

    def ok(self, number: int) -> Json:
        """The answer to a request that must have been accepted."""
        answer = self.answers.get(number)
        assert answer is not None, f"no answer to {self._asked[number]}"
        assert "ok" in answer, (self._asked[number], answer)
        result: Json = answer["ok"]
        return result

    def verdict(self, number: int) -> tuple[str, Json]:
        """("ok", answer) or (code, {})."""
        answer = self.answers.get(number)
        assert answer is not None, f"no answer to {self._asked[number]}"
        return ("ok", answer["ok"]) if "ok" in answer else (answer["error"]["code"], {})
