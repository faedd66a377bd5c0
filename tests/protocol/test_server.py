"""What a real server sends is what the types say, field by field, in both encodings."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import websockets

from chatd.testing import TestServer, running_server
from chatd_protocol.codec import FORMAT_OF, Format, decode, encode
from tests.protocol.messages import check_message

WAIT_S = 20.0


class Peer:
    """One connection that checks every message it gets and notes what it was."""

    def __init__(self, ws: websockets.ClientConnection, fmt: Format, seen: set[str], cids: list[int]) -> None:
        self.ws, self.fmt, self.seen, self.cids = ws, fmt, seen, cids
        self.number = 0
        self.events: list[dict[str, Any]] = []
        self.hello: dict[str, Any] = {}

    async def ask(self, op: str, **data: Any) -> dict[str, Any]:
        """The answer, or the error; events that come before it are kept."""
        self.number += 1
        payload = encode({"id": self.number, "op": op, "data": data}, self.fmt)
        await self.ws.send(payload.decode() if self.fmt == "json" else payload)
        while True:
            message = await self._next()
            if message.get("re") == self.number:
                answer: dict[str, Any] = message["ok"] if "ok" in message else message["error"]
                return answer

    async def do(self, op: str, **data: Any) -> dict[str, Any]:
        """A command, with a cid of its own."""
        self.cids.append(len(self.cids))
        cid = base64.urlsafe_b64encode(len(self.cids).to_bytes(16, "big")).decode()[:22]
        return await self.ask(op, cid=cid, **data)

    async def until(self, arrived: Callable[[dict[str, Any]], bool]) -> None:
        """Read until an event is there."""
        while not any(arrived(event) for event in self.events):
            await self._next()

    async def reach(self, group: str, pos: int) -> None:
        """Read until the entry at `pos` is there."""
        await self.until(lambda e: e["ev"] == "entries" and e["data"]["group"] == group and _end(e["data"]) >= pos)

    async def _next(self) -> dict[str, Any]:
        raw = await asyncio.wait_for(self.ws.recv(), WAIT_S)
        message = decode(raw.encode() if isinstance(raw, str) else raw, self.fmt)
        assert isinstance(message, dict)
        self.seen.add(check_message(message))
        if "ev" in message:
            self.seen.update(entry["kind"] for entry in message["data"].get("entries", ()))
            self.events.append(message)
        return message


def _end(data: dict[str, Any]) -> int:
    last = data["entries"][-1]
    return int(last.get("to", last["pos"]))


async def _talk(server: TestServer, fmt: Format) -> set[str]:
    """Two people do one of everything. Returns what was seen."""
    seen: set[str] = set()
    cids: list[int] = []
    subprotocol = websockets.Subprotocol(next(name for name, known in FORMAT_OF.items() if known == fmt))

    async def connect(sub: str, **kept: Any) -> Peer:
        peer = Peer(await websockets.connect(server.ws_url, subprotocols=[subprotocol]), fmt, seen, cids)
        peer.hello = await peer.ask("session.hello", token=server.token(sub, sub.title()), device=sub, **kept)
        return peer

    ann, ben = await connect("ann"), await connect("ben")
    try:
        group = await _live(ann, ben)
        ben = await _after_a_cut(connect, ben, group)
        await _apart(ann, ben, group)
    finally:
        await ann.ws.close()
        await ben.ws.close()
    return seen


async def _live(ann: Peer, ben: Peer) -> str:
    a, b = ann.hello["user"], ben.hello["user"]
    await ann.do("follow.add", user=b)
    await ben.do("follow.add", user=a)
    await ann.ask("follow.list", which="mutual")
    await ann.ask("user.get", users=[b], subs=["nobody"])
    group = str((await ann.do("group.create", kind="private", title="T"))["group"])
    early = (await ann.do("message.send", group=group, kind="text", body={"text": "early"}))["pos"]
    await ann.do("member.add", group=group, users=[b])
    await ann.do("reaction.add", group=group, pos=early, emoji="👍")
    sent = await ben.do("message.send", group=group, kind="text", body={"text": "你好"})
    await ben.do("message.edit", group=group, pos=sent["pos"], text="你好!")
    await ann.do("reaction.add", group=group, pos=sent["pos"], emoji="👍")
    await ann.do("reaction.remove", group=group, pos=sent["pos"], emoji="👍")
    await ann.ask("reaction.list", group=group, pos=sent["pos"])
    reply = await ann.do("message.send", group=group, kind="text", body={"text": "re"}, reply_to=sent["pos"])
    await ann.do("message.recall", group=group, pos=sent["pos"])
    await ben.ask("read.mark", group=group, seq=reply["seq"])
    await ben.ask("typing.start", group=group)
    await ann.until(lambda event: event["ev"] == "typing")
    await ann.do("group.update", group=group, title="T2", history="last:5")
    last = await ann.do("member.role", group=group, user=b, role="admin")
    await ben.reach(group, last["pos"])
    for op in ("group.get", "group.members", "message.history"):
        await ben.ask(op, group=group)
    await ben.ask("group.list", limit=1)
    await ben.until(lambda event: event["ev"] == "heads")
    return group


async def _after_a_cut(connect: Callable[..., Awaitable[Peer]], ben: Peer, group: str) -> Peer:
    """Come back with a cursor from before one's time, and with one of another past."""
    await ben.ws.close()
    again = await connect("ben", epoch=ben.hello["epoch"], mine=[0, 0], heads={group: [0, 0]})
    await again.until(lambda event: event["ev"] == "mine")
    assert [line.get("truncated") for line in again.hello["groups"]] == [2]
    await again.ws.close()
    return await connect("ben", epoch="another", heads={group: [1, 1]})


async def _apart(ann: Peer, ben: Peer, group: str) -> None:
    a, b = ann.hello["user"], ben.hello["user"]
    assert ben.hello["reset"]
    await ben.ask("group.close", group=group)
    await ben.ask("group.open", group=group, after=10**6, at=1)
    direct = (await ann.do("group.create", kind="direct", user=b))["group"]
    await ben.do("block.add", user=a)
    await ben.ask("block.list")
    await ann.until(lambda event: event["ev"] == "mine" and "read_only" in event["data"]["entries"][-1])
    await ben.do("member.leave", group=direct)
    await ann.do("member.kick", group=group, user=b)
    await ben.until(lambda event: event["ev"] == "mine" and event["data"]["entries"][-1]["kind"] == "removed")
    assert (await ben.ask("message.history", group=group))["code"] == "not_found"
    assert (await ann.do("member.leave", group=group))["code"] == "owner_must_stay"
    assert (await ann.ask("nothing.such"))["code"] == "unknown_op"
    assert (await ann.ask("group.get", group="x"))["code"] == "invalid"
    await ann.ask("session.renew", token="not a token")


@pytest.mark.parametrize("fmt", FORMAT_OF.values())
def test_everything_a_server_says_is_of_the_types(tmp_path: Path, fmt: Format) -> None:
    async def scenario() -> set[str]:
        async with running_server(f"sqlite:///{tmp_path}/chatd.db", hub={"heads_interval_s": 1.0}) as server:
            return await _talk(server, fmt)

    seen = asyncio.run(scenario())
    entries = {"created", "members", "role", "settings", "message", "edit", "recall", "reaction", "hidden"}
    mine = {"added", "removed", "direct", "archived"}
    assert seen >= entries | mine | {"ok", "entries", "mine", "heads", "typing", "unauthenticated", "invalid"}
