"""Notices in the terminal chat and through the client."""

from __future__ import annotations

from chatd.testing import running_server
from chatd_client import Client
from tests.client.peer import in_loop
from tests.client.scene import Person


@in_loop
async def test_a_notice_is_marked_as_one_and_counted_by_nobody(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "阿宝", "zh")
        await ann.scene.sees("connected")
        await bob.scene.sees("已登录")
        bob.scene.type("/follow ann")
        await bob.scene.sees("已关注")
        ann.scene.type("/follow bob", "/new Tea", "/add bob", "/notice closed on Monday", "hello")
        await ann.scene.sees("you", "[notice] closed on Monday")
        await bob.scene.sees("把你拉进了“Tea”")
        await bob.scene.sees("Ann", "【通知】closed on Monday")
        await bob.scene.sees("hello")
        bob.scene.type("/groups", "/open 1", "/notice me too")
        await bob.scene.sees("Tea", "1 条未读")
        await bob.scene.sees("【通知】closed on Monday")
        await bob.scene.sees("forbidden")
        assert [await ann.leave(), await bob.leave()] == [0, 1]


@in_loop
async def test_the_client_sends_notices_in_line_with_its_texts(sqlite_url: str) -> None:
    async with (
        running_server(sqlite_url) as server,
        Client(server.ws_url, token=server.token("ann", "Ann"), device="phone", format="msgpack") as ann,
    ):
        group = (await ann.create_group("Tea")).group
        placed = await ann.send_notice(group, "closed on Monday")
        assert (placed.seq, (await ann.send(group, "hello")).seq) == (0, 1)
        entries = (await ann.read_history(group)).entries
        assert [entry["type"] for entry in entries if entry["kind"] == "message"] == ["notice", "text"]
