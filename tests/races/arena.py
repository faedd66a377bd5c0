"""Where races are held: a real server, people on real sockets, and a barrier that lets all requests go at once.

Everybody here follows everybody else. What a race means and who may win it is not known here.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from chatd.core.relations import Follow
from chatd.core.users import EnsureUser
from chatd.store import migrate
from chatd.store.database import connect as open_database
from chatd.store.engine import Engine
from chatd.store.outcome import Proposed
from chatd.testing import TestServer, make_config, running_server
from chatd.tuning import bounds_of

Json = dict[str, Any]
WAIT_S = 20.0
PEOPLE = 34
CROWD = 200
LIMITS: dict[str, Any] = {
    "requests_per_s": 1e6,
    "request_burst": 1_000_000,
    "user_requests_per_s": 1e6,
    "user_request_burst": 1_000_000,
    "groups_per_user": 1_000_000,
    "connections_per_user": 100,
}
SIGN_UP: dict[str, Any] = {"signup": "invite", "hash_memory_kib": 8, "hash_passes": 1, "hash_queue": 1000}


class Ask(NamedTuple):
    """What somebody is going to ask."""

    peer: Peer
    op: str
    data: Json


class Verdict(NamedTuple):
    """`code` is "ok" or why not; `error` is all that was said then."""

    code: str
    answer: Json
    error: Json = {}


class Peer:
    """One connection of somebody: asks, and keeps every event."""

    def __init__(self, sub: str, socket: ClientConnection) -> None:
        self.sub = sub
        self.user = ""
        self.events: list[Json] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[Verdict]] = {}
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for payload in self._socket:
            message = orjson.loads(payload)
            if "re" in message:
                error = message.get("error")
                verdict = Verdict("ok", message["ok"]) if error is None else Verdict(error["code"], {}, error)
                self._open.pop(message["re"]).set_result(verdict)
            else:
                self.events.append(message)
                self._news.set()

    def prepare(self, op: str, data: Json) -> tuple[str, asyncio.Future[Verdict]]:
        number = next(self._numbers)
        future = self._open[number] = asyncio.get_running_loop().create_future()
        return orjson.dumps({"id": number, "op": op, "data": data}).decode(), future

    async def write(self, payload: str) -> None:
        await self._socket.send(payload)

    async def ask(self, op: str, data: Json) -> Verdict:
        payload, future = self.prepare(op, data)
        await self.write(payload)
        return await asyncio.wait_for(future, WAIT_S)

    async def must(self, op: str, data: Json) -> Json:
        verdict = await self.ask(op, data)
        assert verdict.code == "ok", (op, data, verdict)
        return verdict.answer

    async def hear(self, group: str, kind: str) -> Json:
        """Wait until an entry of one's own log about this group has come."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for event in self.events:
                    for entry in event["data"]["entries"] if event["ev"] == "mine" else ():
                        if entry["group"] == group and entry["kind"] == kind:
                            found: Json = entry
                            return found
                self._news.clear()
                await self._news.wait()

    def entries(self, group: str) -> list[Json]:
        """The entries of a group that were pushed to this connection so far."""
        pushed = [event["data"] for event in self.events if event["ev"] == "entries"]
        return [entry for data in pushed if data["group"] == group for entry in data["entries"]]

    async def close(self) -> None:
        await self._socket.close()
        await asyncio.wait_for(self._reader, WAIT_S)


class Arena:
    """People on sockets, and the barrier. `chance` decides the order in which requests are written."""

    def __init__(self, server: TestServer, chance: random.Random) -> None:
        self.server = server
        self.chance = chance
        self.people: list[Peer] = []
        self.pairs: Iterator[tuple[Peer, Peer]] = iter(())
        """Two who have no direct chat yet."""
        self.crowd: list[Peer] = []
        """Many whom nobody knows; see `gather_crowd`."""
        self.kept: dict[str, Any] = {}
        """What a race made once for all of its rounds."""
        self._cids = itertools.count(1)
        self._noise_group = ""

    def cid(self) -> str:
        return base64.urlsafe_b64encode(next(self._cids).to_bytes(16, "big")).rstrip(b"=").decode()

    async def enter(self, sub: str, device: str = "one") -> Peer:
        """Somebody connects."""
        socket = await connect(
            self.server.ws_url, subprotocols=[Subprotocol("chatd.v1.json")], max_queue=None, ping_interval=None
        )
        peer = Peer(sub, socket)
        peer.user = (await peer.must("session.hello", {"token": self.server.token(sub), "device": device}))["user"]
        return peer

    async def open(self) -> None:
        self.people = [await self.enter(f"p{number:02d}") for number in range(PEOPLE)]
        self.pairs = itertools.combinations(self.people, 2)
        noisy = self.people[-1]
        answer = await noisy.must("group.create", {"cid": self.cid(), "kind": "private", "title": "noise"})
        self._noise_group = answer["group"]

    async def gather_crowd(self) -> list[Peer]:
        """All of the crowd, who come when they are first asked for."""
        while len(self.crowd) < CROWD:
            self.crowd.append(await self.enter(f"stranger{len(self.crowd)}"))
        return self.crowd

    async def close(self) -> None:
        for peer in [*self.people, *self.crowd]:
            await peer.close()

    async def at_once(self, *asks: Ask, noise: int = 3) -> list[Verdict]:
        """Everything goes to the sockets before any answer is awaited; the order is drawn, but one peer's own stays.

        Somebody else talks in between, and in half of the rounds the server may begin to read while some is still
        being written, so that it does not always fall into one transaction.
        """
        order = [ask.peer for ask in asks] + [self.people[-1]] * self.chance.randrange(noise + 1)
        self.chance.shuffle(order)
        mine: dict[Peer, list[int]] = {}
        for index, ask in enumerate(asks):
            mine.setdefault(ask.peer, []).append(index)
        ready: list[tuple[Peer, str]] = []
        futures: dict[int, asyncio.Future[Verdict]] = {}
        spare: list[asyncio.Future[Verdict]] = []
        for peer in order:
            if mine.get(peer):
                index = mine[peer].pop(0)
                payload, futures[index] = peer.prepare(asks[index].op, asks[index].data)
            else:
                payload, future = peer.prepare("message.send", self.text(self._noise_group, "noise"))
                spare.append(future)
            ready.append((peer, payload))
        ragged = self.chance.random() < 0.5
        for peer, payload in ready:
            await peer.write(payload)
            if ragged and self.chance.random() < 0.5:
                await asyncio.sleep(0)  # one turn of the loop, in which the server reads too
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*spare)
            return [await futures[index] for index in range(len(asks))]

    # -- what the races begin with

    def text(self, group: str, text: str) -> Json:
        return {"group": group, "cid": self.cid(), "kind": "text", "body": {"text": text}}

    async def group(self, owner: Peer, members: Sequence[Peer], **settings: Any) -> str:
        """A group with these people in it."""
        data = {"cid": self.cid(), "kind": "private", "title": "race", "history": "all"} | settings
        group: str = (await owner.must("group.create", data))["group"]
        if members:
            users = [peer.user for peer in members]
            answer = await owner.must("member.add", {"group": group, "cid": self.cid(), "users": users})
            assert {one["result"] for one in answer["results"]} == {"added"}, answer
        return group

    async def promote(self, owner: Peer, group: str, member: Peer) -> None:
        data = {"group": group, "cid": self.cid(), "user": member.user, "role": "admin"}
        await owner.must("member.role", data)

    async def log(self, reader: Peer, group: str) -> list[Json]:
        """The whole log, as somebody reads it who was there from the beginning. Dense, or an error."""
        page = await reader.must("message.history", {"group": group, "limit": 200})
        assert not page["more"]
        entries: list[Json] = page["entries"]
        assert [entry["pos"] for entry in entries] == list(range(1, len(entries) + 1))
        return entries

    async def roster(self, reader: Peer, group: str) -> dict[str, str]:
        """user -> role of everybody in the group."""
        page = await reader.must("group.members", {"group": group})
        return {member["user"]: member["role"] for member in page["members"]}


def seed(url: str, server_limits: Json) -> None:
    """Everybody exists and follows everybody, by proposals to the engine before a server holds the database."""
    migrate.migrate(url)
    database = open_database(url)
    numbers = itertools.count(1)
    bounds = bounds_of(make_config(url, Path("/nonexistent"), limits=server_limits))
    engine = Engine(database, bounds, lambda: 1_700_000_000_000, "seed")
    ids = {f"p{number:02d}": f"u{number:021d}" for number in range(PEOPLE)}
    engine.settle([Proposed(next(numbers), EnsureUser(user, sub, "")) for sub, user in ids.items()])
    follows = [
        Proposed(next(numbers), Follow(one, f"seed{one[-2:]}{other[-2:]}", b"", other, True))
        for one in ids.values()
        for other in ids.values()
        if one != other
    ]
    outcomes = engine.settle(follows)
    assert all(verdict.answer for outcome in outcomes for verdict in outcome.verdicts)
    database.close()


@asynccontextmanager
async def arena(url: str, folder: Path, chance: random.Random) -> AsyncIterator[Arena]:
    """A server on this empty database, with everybody connected."""
    seed(url, LIMITS)
    async with running_server(url, folder, limits=LIMITS, accounts=SIGN_UP, drain_s=0.5) as server:
        place = Arena(server, chance)
        await place.open()
        try:
            yield place
        finally:
            await place.close()
