"""Rounds: one group under load, and people who go out of it in every way there is, while all their sockets are open.

From the entry on that puts somebody out nothing of the group reaches them; once somebody is shut out of the server,
nothing at all does. What came is judged when the round is over, byte by byte.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from chatd.core.bans import Expel
from chatd.hub import endings
from chatd_protocol import errors
from tests.after.across import Across
from tests.after.goers import FORMATS, Goer, Socket
from tests.after.judge import EVER, Judge, Marks, Stay, found_in
from tests.after.load import Crowd
from tests.after.seam import SEAM, Hold
from tests.e2e.phone import PATIENCE_S, Denied, Phone
from tests.e2e.test_cards import PRODUCT, QUICK, change
from tests.e2e.town import Town, living_town

# Small buffers and a short ring, so that who hangs is soon behind and reads on from pages of the store.
SETTINGS: Final[dict[str, Any]] = {
    "hub": {"heads_interval_s": 0.1, "read_flush_s": 0.1, "page_entries": 20, "ring_entries": 16},
    "ws": {"write_high_bytes": 16_384, "write_low_bytes": 4096, "send_buffer_bytes": 8192},
    "messages": {"receipt_interval_s": 0.05, "presence_interval_s": 0.05, "typing_interval_s": 0.01},
    "groups": {"dissolved_keep_days": 0.0},
    "search": {"on": True, "follow_every_s": 0.01},
    "catalogue": QUICK,
}
LATE: Final = 4
TTL_S: Final = 3
GRACE_MS: Final = 10_000
"""So long after its end a token may still be good: sessions are looked through once a second, if there is the time."""
OUT: Final = ("leave", "kicked", "banned", "removed")
FIRST_ENTRIES: Final = 40
"""So many entries there are at least before anybody goes."""
_numbers = itertools.count(1)


@asynccontextmanager
async def battery(url: str, folder: Path) -> AsyncIterator[Town]:
    """A server on this empty database, with something to sell."""
    with SEAM.watched():
        async with living_town(url, folder, **SETTINGS) as town:
            await change(town, PRODUCT | {"id": "pot", "rev": 1})
            yield town


class Round:
    """One group from its beginning to its end."""

    def __init__(self, town: Town, chance: random.Random, again: Collection[str] = OUT) -> None:
        """`again`: those who come back and go once more."""
        self.town = town
        self.again = again
        self.chance = chance
        self.marks = Marks()
        self.number = next(_numbers)
        self.goers: dict[str, Goer] = {}
        self.hosts: list[Phone] = []
        self.group = ""
        self.shut: list[tuple[Socket, int]] = []
        """Sockets that were closed from outside, and how many marks there were then."""
        self.leaks: list[str] = []
        self.stranger: dict[str, Any] = {}
        self.tally: Counter[str] = Counter()

    @property
    def owner(self) -> Phone:
        return self.hosts[0]

    async def play(self) -> list[str]:
        """The whole round. Returns the leaks."""
        await self._gather()
        crowd = Crowd(self.group, self.hosts, [goer.user for goer in self.goers.values()], self.marks, self.chance)
        async with asyncio.TaskGroup() as writers:
            crowd.begin(writers)
            await self.owner.up_to(self.group, FIRST_ENTRIES)
            for goer in self.goers.values():
                goer.begin_asking()
            await asyncio.gather(*(WAYS[way](self, goer) for way, goer in self.goers.items()))
            crowd.end()
        stays = await self._stays()
        await self._end(stays)
        self.tally.update(crowd.done)
        return self._judge(stays)

    # -- before

    async def _gather(self) -> None:
        """Four who write, and one for each way out, in a group whose newcomers see nothing of the past."""
        formats = itertools.cycle(FORMATS)
        names = ("owner", "admin", "mona", "nils")
        self.hosts = [await self.town.person(f"{name}{self.number}", fmt=next(formats)) for name in names]
        for host in self.hosts:
            await host.do("privacy.set", receipts=True, last_seen="everybody")
        self.group = await self.town.group_of(*self.hosts, history="none", title="Round")
        await self.owner.do("member.role", group=self.group, user=self.hosts[1].user, role="admin")
        for host in self.hosts:
            await host.ask("group.open", group=self.group)
        for way in WAYS:
            self.goers[way] = Goer(self.town, f"{way}.{self.number}", self.chance)
        await asyncio.gather(*(self._bring(goer) for goer in self.goers.values()))
        search = self.town.server.hub.search
        assert search is not None
        await search.caught_up()  # before it is there, searches are unavailable
        stranger = Goer(self.town, f"stranger.{self.number}", self.chance)
        one = await stranger.connect("one", "json")
        stranger.group, stranger.home = (
            self.group,
            (await one.do("group.create", kind="private", title="Home"))["group"],
        )
        self.stranger = await stranger.ask_everything(one)

    async def _bring(self, goer: Goer) -> None:
        first = await goer.connect("first", self.chance.choice(FORMATS))
        await first.do("privacy.set", receipts=True)
        goer.home = (await first.do("group.create", kind="private", title="Home"))["group"]
        await self.town.befriend(self.owner, first)
        await self._pull(goer)
        await first.ask("group.open", group=self.group)
        await goer.settle_in(self.group)

    async def _pull(self, goer: Goer) -> int:
        answer = await self.owner.do("member.add", group=self.group, users=[goer.user])
        assert [one["result"] for one in answer["results"]] == ["added"], answer
        return int(answer["pos"])

    async def _some_entries(self, most: int = 30) -> None:
        """The group goes on for a while."""
        head = self.owner.cursor[self.group]
        await self.owner.up_to(self.group, head + self.chance.randrange(1, most))

    # -- going out of the group

    async def go(self, goer: Goer, act: Callable[[], Awaitable[Any]]) -> None:
        """Out, in again, out again, with devices that come at that very moment."""
        way = goer.sub.partition(".")[0]
        for turn in (1, 2) if way in self.again else (1,):
            await self._some_entries()
            at_the_seam, hold, greeting = await self._open_seam(goer, turn)
            # Some are opening a session at that very moment, before and behind it.
            late = [await goer.dial(f"late-{turn}-{n}", self.chance.choice(FORMATS)) for n in range(LATE)]
            before = [
                socket for socket in goer.sockets if socket.close_code is None and socket not in (*late, at_the_seam)
            ]
            greetings = [goer.greet(socket, **self.chance.choice(({}, goer.away))) for socket in late]
            moment = self.chance.randrange(1, LATE + 1)
            await asyncio.gather(*greetings[:moment], act(), *greetings[moment:])
            removed = await goer.first.own("removed", self.group, turn)
            hold.over.set()
            cursors = await greeting
            if not cursors and at_the_seam.hello["mine"] >= removed["upos"]:
                # What was read at rest held no more, and was read anew behind the end: that is in the answer.
                assert self.group not in {line["group"] for line in at_the_seam.hello["groups"]}
            else:
                before.append(at_the_seam)
            for socket in before:
                socket.read_on()
                await socket.told(self.group, "removed", removed["pos"])
            await self._ask_as_outsider(goer, turn)
            if turn == 1 and way in self.again:
                await self._some_entries()
                await self._come_back(goer, banned=way == "banned")

    async def _open_seam(self, goer: Goer, turn: int) -> tuple[Socket, Hold, asyncio.Task[dict[str, Any]]]:
        """One more device, whose session is held where its snapshot still knows of the group; the task has the cursors
        that it came with."""
        socket = await goer.dial(f"seam-{turn}", self.chance.choice(FORMATS))
        hold = SEAM.hold(goer.sub, socket.device)
        cursors = self.chance.choice(({}, goer.away))

        async def greet() -> dict[str, Any]:
            await goer.greet(socket, **cursors)
            return cursors

        greeting = asyncio.create_task(greet())
        await asyncio.wait_for(hold.read.wait(), PATIENCE_S)
        return socket, hold, greeting

    async def _ask_as_outsider(self, goer: Goer, turn: int) -> None:
        """Whatever they try, they get what a stranger gets."""
        fresh = await goer.connect(f"fresh-{turn}", self.chance.choice(FORMATS))
        back = await goer.connect(f"back-{turn}", self.chance.choice(FORMATS), **goer.away)
        for socket in (fresh, back, self.chance.choice(goer.sockets[:3])):
            for op, answer in (await goer.ask_everything(socket)).items():
                self.tally["asked"] += 1
                if answer != self.stranger[op]:
                    self.leaks.append(f"{op} of {goer.sub}: {answer}, to a stranger {self.stranger[op]}")

    async def _come_back(self, goer: Goer, *, banned: bool) -> None:
        if banned:
            await self.owner.do("member.unban", group=self.group, user=goer.user)
        pos = await self._pull(goer)
        for socket in goer.sockets:
            if socket.close_code is None:
                await socket.told(self.group, "added", pos)
                await socket.ask("group.open", group=self.group)
        await self._some_entries()

    async def leave(self, goer: Goer) -> None:
        await self.go(goer, lambda: goer.first.do("member.leave", group=self.group))

    async def kicked(self, goer: Goer) -> None:
        await self.go(goer, lambda: self.hosts[1].do("member.kick", group=self.group, user=goer.user))

    async def banned(self, goer: Goer) -> None:
        await self.go(goer, lambda: self.owner.do("member.ban", group=self.group, user=goer.user))

    async def removed(self, goer: Goer) -> None:
        """By the operator."""
        expel = Expel(self.group, goer.user, "", ban=False)
        await self.go(goer, lambda: self.town.server.link.ask(expel))

    # -- shut out of the server

    async def _is_shut(self, sockets: list[Socket], code: int) -> None:
        """From now on nothing that is written reaches these sockets, which are closed."""
        cut = self.marks.count
        self.shut += [(socket, cut) for socket in sockets]
        for socket in sockets:
            socket.read_on()
            assert await socket.closed() == code, (socket.device, socket.close_code)
        await self._some_entries()

    async def _comes_not_back(self, goer: Goer, device: str, code: str, **more: Any) -> None:
        try:
            await goer.connect(device, "json", **more)
        except Denied as refusal:
            if refusal.code != code:
                raise
        else:
            raise AssertionError(f"{goer.sub} comes in on {device}")

    async def disabled(self, goer: Goer) -> None:
        await self._some_entries()
        before = [socket for socket in goer.sockets if socket.close_code is None]
        await self.town.server.hub.disable(goer.user, True)
        await self._is_shut(before, errors.CLOSE_DISABLED)
        await self._comes_not_back(goer, "off", "disabled", **goer.away)

    async def revoked(self, goer: Goer) -> None:
        """First one device, by another one of the same person, then all by the operator."""
        await self._some_entries()
        hit = goer.sockets[1]
        await goer.first.do("device.revoke", device=hit.device)
        await self._is_shut([hit], errors.CLOSE_REVOKED)
        await self._some_entries()
        before = [socket for socket in goer.sockets if socket.close_code is None]
        await self.town.server.hub.revoke(goer.user, None)
        await self._is_shut(before, errors.CLOSE_REVOKED)

    async def expired(self, goer: Goer) -> None:
        """The token of one device runs out while everything goes on."""
        brief = await self._brief(goer)
        brief.send("group.open", group=self.group)
        goer.ask_on(brief)
        await brief.closed()
        await self._is_shut([brief], errors.CLOSE_TOKEN_EXPIRED)
        last = brief.hello["expires"] + GRACE_MS
        late = [entry["pos"] for entry in brief.entries.get(self.group, ()) if entry["at"] > last]
        self.leaks += [f"{brief.sub} on {brief.device}, expired: {late}"] if late else []

    async def _brief(self, goer: Goer) -> Socket:
        """A device whose token is good for a moment, but long enough to come in, however busy the machine is."""
        for ttl_s in range(TTL_S, 10 * TTL_S, TTL_S):
            try:
                return await goer.connect(f"brief-{ttl_s}", self.chance.choice(FORMATS), ttl_s=ttl_s)
            except (Denied, AssertionError):
                continue
        raise TimeoutError

    async def blocked(self, goer: Goer) -> None:
        """One of those who write blocks them."""
        across = Across(self.hosts[2], goer.first, self.group)
        await self.town.befriend(across.blocker, across.blocked)
        await across.meet(self._seq_seen())
        await self._some_entries()
        await across.block()
        await across.try_to_reach(goer.home)
        await self._some_entries()
        self.leaks += await across.judge(self._seq_seen())

    def _seq_seen(self) -> int:
        return max(int(e["seq"]) for e in self.owner.entries[self.group] if e["kind"] == "message")

    # -- the end of the group

    async def _stays(self) -> dict[str, list[Stay]]:
        """Who was in from where to where, as the log says."""
        stays: dict[str, list[Stay]] = {}
        for entry in await whole_log(self.owner, self.group):
            for one in entry.get("left", ()):
                stays[one["user"]][-1] = stays[one["user"]][-1]._replace(until=entry["pos"])
            for one in entry.get("joined", ()):
                stays.setdefault(one["user"], []).append(Stay(entry["pos"] - 1, EVER))
        return stays

    async def _end(self, stays: Mapping[str, list[Stay]]) -> None:
        """The owner ends the group; when it is gone nobody gets anything of it, whoever was in it to the last."""
        last = self.goers["stays"]
        await self.owner.do("group.dissolve", group=self.group)
        self.town.server.hub.jobs.wake(endings.JOB)
        for socket in last.sockets:
            if socket.close_code is None:
                gone = await socket.own("removed", self.group)
                stays[last.user][-1] = stays[last.user][-1]._replace(until=gone["pos"])
        await self._ask_as_outsider(last, 0)
        await asyncio.gather(*(goer.stop_asking() for goer in self.goers.values()))

    async def stay(self, goer: Goer) -> None:
        """Stays to the end, and reads all that hung meanwhile."""
        await self._some_entries()
        for socket in goer.sockets:
            socket.read_on()

    def _judge(self, stays: Mapping[str, list[Stay]]) -> list[str]:
        leaks = list(self.leaks)
        for goer in self.goers.values():
            for socket in goer.sockets:
                assert socket._problem is None, socket._problem
                judge = Judge(socket.heard, self.group, stays[goer.user], self.marks)
                leaks += judge.judge()
                leaks += [f"{socket.heard.name}: {hole}" for hole in socket.holes]
                self.tally["deliveries"] += judge.deliveries
                self.tally["messages"] += len(socket.messages)
        for socket, cut in self.shut:
            late = {mark for payload in socket.raw for mark in found_in(payload) if mark > cut}
            leaks += [f"{socket.sub} on {socket.device}, shut out at {cut}: {sorted(late)}"] if late else []
        return leaks


async def whole_log(phone: Phone, group: str) -> list[dict[str, Any]]:
    """Every entry, from the beginning."""
    entries: list[dict[str, Any]] = []
    while True:
        after = entries[-1].get("to", entries[-1]["pos"]) if entries else 0
        page = await phone.ask("message.history", group=group, after=after, limit=200)
        entries += page["entries"]
        if not page["more"]:
            return entries


WAYS: Final[Mapping[str, Callable[[Round, Goer], Awaitable[None]]]] = {
    "leave": Round.leave,
    "kicked": Round.kicked,
    "banned": Round.banned,
    "removed": Round.removed,
    "disabled": Round.disabled,
    "revoked": Round.revoked,
    "expired": Round.expired,
    "blocked": Round.blocked,
    "stays": Round.stay,
}
