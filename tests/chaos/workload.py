"""What the people of the battery do: they talk, all at once, and come and go, whether the server lives or not.

Messages come at a steady rate, answered or not; a seeded generator decides who does what. What it believes about who is
in which group may be out of date: then the server refuses, which is as good.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.chaos.daily import Daily
from tests.chaos.device import Command, Device
from tests.chaos.history import Recorder
from tests.chaos.menus import Menus
from tests.chaos.process import ServerProcess
from tests.chaos.relations import Relations
from tests.chaos.sections import Sections
from tests.chaos.shop import Shop
from tests.chaos.wire import Format

RULES = ("none", "last:5", "all", "none", "last:40", "all")
SIGNS = ("👍", "❤️", "哈", "+1")
TICK_S = 0.01
RECENT = 60
ALL_HISTORY_MAX = 1500


@dataclass(frozen=True)
class Scale:
    """How much: people, groups (each with an owner), members at the start, messages a second, open commands at most."""

    users: int = 20
    groups: int = 6
    members: int = 8
    messages_per_s: float = 550.0
    open_max: int = 5000


class Workload:
    """The crowd. `start` makes it, `run` lets it loose until cancelled."""

    def __init__(self, server: ServerProcess, recorder: Recorder, scale: Scale, seed: int) -> None:
        self.offered = 0
        self.acks = 0
        self.done: Counter[str] = Counter()
        self._scale = scale
        self.rng = random.Random(seed)
        self._subs = [f"person-{number}" for number in range(scale.users)]
        formats: tuple[Format, Format] = ("json", "msgpack")
        self.devices = [
            Device(server, recorder, sub, device, formats[(number + extra) % 2])
            for number, sub in enumerate(self._subs)
            for extra, device in enumerate(("phone", "desk") if number % 2 == 0 else ("phone",))
        ]
        self.of: dict[str, list[Device]] = {}
        """user -> their devices."""
        self.founder: dict[str, str] = {}
        """group -> who is mutual with everybody, and always in it: as its owner, or for a moment as an admin."""
        self.owner: dict[str, str] = {}
        self.members: dict[str, set[str]] = {}
        self.recent: dict[str, deque[tuple[int, str]]] = {}
        self.shop = Shop(server)
        self.daily = Daily(self)
        self.sections = Sections(self)
        self.relations = Relations(self)
        self.menus = Menus(self, server, recorder)
        self.over = False
        """Nobody begins anything more; what was begun is brought to its end."""
        self._acked: deque[tuple[str, Command]] = deque(maxlen=200)
        self._stalled: list[Device] = []
        self._waits: list[tuple[int, asyncio.Future[None]]] = []

    # -- waiting for what happens

    @property
    def open(self) -> int:
        """Commands without a final answer."""
        return sum(len(device.pending) for device in self.devices)

    async def acked(self, count: int, timeout_s: float) -> None:
        """Wait until so many commands were acknowledged. Raises TimeoutError when for so long none was."""
        while self.acks < count:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waits.append((self.acks + 1, future))
            await asyncio.wait_for(future, timeout_s)

    async def settled(self, timeout_s: float) -> None:
        """Wait until every command has its final answer. Raises TimeoutError."""
        for device in self._stalled:
            device.stall(False)
        self._stalled.clear()
        async with asyncio.timeout(timeout_s):
            await self.shop.settled()
            while self.open:
                await self.acked_or_refused()

    async def acked_or_refused(self) -> None:
        """Wait until something is answered."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits.append((-1, future))
        await asyncio.wait([future], timeout=1.0)

    def _wake(self) -> None:
        ready = [future for count, future in self._waits if count <= self.acks]
        self._waits = [(count, future) for count, future in self._waits if count > self.acks]
        for future in ready:
            if not future.done():
                future.set_result(None)

    # -- the start

    async def start(self) -> None:
        """Everybody connects; the owners become mutual with all, found their groups and fill them."""
        for device in self.devices:
            device.start()
        async with asyncio.timeout(60):
            for device in self.devices:
                await device.ready.wait()
        for device in self.devices:
            self.of.setdefault(device.user, []).append(device)
        people = list(self.of)
        owners = people[: self._scale.groups]
        for one in owners:
            for other in people:
                if one != other:
                    self.do(one, "follow.add", {"user": other})
                    if other not in owners:
                        self.do(other, "follow.add", {"user": one})
        await self.settled(60)
        for number, owner in enumerate(owners):
            data = {"kind": "private", "title": f"群 {number}", "history": RULES[number % len(RULES)]}
            self.do(owner, "group.create", data, partial(self._founded, owner))
        await self.settled(60)
        self.daily.start()
        self.relations.start()
        await self.menus.start()
        for group, owner in self.owner.items():
            self._add(group, self.rng.sample([p for p in people if p != owner], self._scale.members - 1))
        await self.settled(60)

    def _founded(self, owner: str, ok: dict[str, Any] | None) -> None:
        assert ok is not None
        group = ok["group"]
        self.founder[group] = self.owner[group] = owner
        self.members[group] = {owner}
        self.recent[group] = deque(maxlen=RECENT)

    # -- the run

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._act_on())
                group.create_task(self.shop.run())
        finally:
            self.over = True

    async def _act_on(self) -> None:
        """What the clock owes is made up for: the rate is that of the wall clock."""
        loop = asyncio.get_running_loop()
        began, made = loop.time(), 0
        while True:
            due = int((loop.time() - began) * self._scale.messages_per_s)
            for _ in range(due - made):
                if self.open_cheaply() < self._scale.open_max:
                    self._act()
            made = due
            await asyncio.sleep(TICK_S)  # the load's own clock: a rate is what is asked for

    def open_cheaply(self) -> int:
        """Commands under way."""
        return self._started - self._ended

    _started = 0
    _ended = 0

    def _act(self) -> None:
        """One message, and now and then something else."""
        group = self.rng.choice(list(self.members))
        self.talk(group)
        dice = self.rng.random()
        for share, act in self._acts:
            if dice < share:
                act(self, self.rng.choice(list(self.members)))
                return
            dice -= share
        for of in (self.daily, self.sections, self.relations, self.menus):
            of.act(self.rng.choice(list(self.members)))

    def talk(self, group: str) -> None:
        """Somebody says something, to all or in answer to what was said."""
        user = self.rng.choice(self.daily.speakers(group))
        data: dict[str, Any] = {"group": group, "kind": "text"}
        recent = self.recent[group]
        if recent and self.rng.random() < 0.2:
            data["reply_to"] = self.rng.choice(recent)[0]
        cid = self.cid()
        data |= self.sections.place(group, user)
        data["body"] = {"text": f"{cid} {self.rng.choice(('hello', '你好', '晚上吃什么', 'x' * 90))}"}
        self.daily.dress(data, user)
        self.offered += 1
        self.do(user, "message.send", data, lambda ok: self._sent(user, ok), cid)

    def _sent(self, user: str, ok: dict[str, Any] | None) -> None:
        if ok is not None:
            self.recent[ok["group"]].append((ok["pos"], user))
            self.sections.said(ok)

    def _edit(self, group: str) -> None:
        if recent := list(self.recent[group])[-8:]:
            pos, user = self.rng.choice(recent)
            self.do(user, "message.edit", {"group": group, "pos": pos, "text": f"edited {self.cid()}"})

    def _recall(self, group: str) -> None:
        if recent := list(self.recent[group])[-12:]:
            pos, user = self.rng.choice(recent)
            actor = self.founder[group] if self.rng.random() < 0.3 else user
            self.do(actor, "message.recall", {"group": group, "pos": pos})

    def _react(self, group: str) -> None:
        if recent := list(self.recent[group])[-6:]:
            user = self.rng.choice(sorted(self.members[group]))
            op = self.rng.choice(("reaction.add", "reaction.add", "reaction.remove"))
            data = {"group": group, "pos": self.rng.choice(recent)[0], "emoji": self.rng.choice(SIGNS)}
            self.do(user, op, data)

    def _move_member(self, group: str) -> None:
        """Somebody comes, goes, or is put out and pulled in again in one breath, while they talk."""
        members = self.members[group]
        inside = sorted(members - {self.founder[group], self.owner[group]})
        outside = sorted(set(self.of) - members)
        if outside and (len(inside) < 4 or self.rng.random() < 0.5):
            self._add(group, self.rng.sample(outside, min(len(outside), self.rng.choice((1, 1, 2)))))
        elif self.rng.random() < 0.4:
            self._leave(group, self.rng.choice(inside))
        else:
            self._kick(group, victim := self.rng.choice(inside))
            if self.rng.random() < 0.6:
                self.talk(group)
                self._add(group, [victim])
                if self.rng.random() < 0.6:
                    self.talk(group)
                    self._kick(group, victim)

    def _add(self, group: str, users: list[str]) -> None:
        def added(ok: dict[str, Any] | None) -> None:
            for one in ok["results"] if ok is not None else ():
                if one["result"] in {"added", "already"}:
                    self.members[group].add(one["user"])

        self.do(self.founder[group], "member.add", {"group": group, "users": users}, added)

    def _leave(self, group: str, user: str) -> None:
        self.do(user, "member.leave", {"group": group}, lambda _: self.members[group].discard(user))

    def _kick(self, group: str, user: str) -> None:
        data = {"group": group, "user": user}
        self.do(self.founder[group], "member.kick", data, lambda _: self.members[group].discard(user))

    def _set_rule(self, group: str) -> None:
        rules = ["none", "last:5", "last:40"]
        recent = self.recent[group]
        if recent and recent[-1][0] < ALL_HISTORY_MAX:
            rules.append("all")
        self.do(self.founder[group], "group.update", {"group": group, "history": self.rng.choice(rules)})

    def _read_page(self, group: str) -> None:
        device = self.rng.choice(self.devices)
        recent = self.recent[group]
        data: dict[str, Any] = {"group": group, "limit": self.rng.choice((5, 30))}
        if recent and (way := self.rng.choice(("", "before", "after"))):
            data[way] = self.rng.choice(recent)[0]
        device.ask("message.history", data)

    def _mark(self, group: str) -> None:
        self.sections.mark(group)

    def _reopen(self, group: str) -> None:
        """Look away, and come back with the cursor."""
        device = self.rng.choice(self.devices)
        if device.cursors.get(group) is not None and device.ask("group.close", {"group": group}):
            device.open_again(group)

    def _probe(self, _: str) -> None:
        """The same cid again after it was answered: as it was, or as another request."""
        if not self._acked:
            return
        user, command = self.rng.choice(self._acked)
        data = dict(command.data)
        if self.rng.random() < 0.5 and command.op == "message.send":
            data |= {"kind": "text", "body": {"text": "not what it was"}}
        self.rng.choice(self._devices_of(user)).ask(command.op, data)

    def _cut(self, _: str) -> None:
        self.rng.choice(self.devices).cut()

    def _stall(self, _: str) -> None:
        for device in self._stalled:
            device.stall(False)
        self._stalled = self.rng.sample(self.devices, 3)
        for device in self._stalled:
            device.stall(True)

    _acts: tuple[tuple[float, Callable[[Workload, str], None]], ...] = (
        (0.06, _edit),
        (0.05, _recall),
        (0.05, _react),
        (0.02, _move_member),
        (0.002, _set_rule),
        (0.008, _read_page),
        (0.01, _mark),
        (0.003, _reopen),
        (0.01, _probe),
        (0.008, _cut),
        (0.002, _stall),
    )

    # -- commands

    def _devices_of(self, user: str) -> list[Device]:
        """Those of a person, or the one of a bot."""
        return self.of.get(user) or [self.menus.bots[user]]

    def cid(self) -> str:
        return base64.urlsafe_b64encode(self.rng.randbytes(16)).decode().rstrip("=")

    def do(
        self,
        user: str,
        op: str,
        data: dict[str, Any],
        then: Callable[[dict[str, Any] | None], None] | None = None,
        cid: str | None = None,
    ) -> None:
        cid = cid or self.cid()
        device = self._devices_of(user)[0]
        command = Command(op, data | {"cid": cid}, lambda ok: self._done(user, command, ok, then))
        self._started += 1
        device.command(cid, command)

    def _done(
        self,
        user: str,
        command: Command,
        ok: dict[str, Any] | None,
        then: Callable[[dict[str, Any] | None], None] | None,
    ) -> None:
        self._ended += 1
        if ok is not None:
            self.acks += 1
            self.done[command.op] += 1
            if self._ended % 10 == 0:
                self._acked.append((user, command))
        else:
            self.done[f"{command.op} refused"] += 1
        if then is not None:
            then(ok)
        self._wake()
