"""A read is answered only with what may still be seen when its answer goes out, whatever happened meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.phone import PATIENCE_S, Phone
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import held_reads, says

READS: dict[str, dict[str, Any]] = {
    "message.history": {},
    "group.get": {},
    "group.open": {},
    "group.members": {},
    "reaction.list": {"pos": 3},
}
"""The ops that read something of one group."""


async def ask_and_hold(town: Town, phone: Phone, op: str, group: str, act: Any) -> dict[str, Any]:
    """The response to a read during which, after its snapshot was taken, something is done."""
    data = READS.get(op, {}) | ({"group": group} if op != "group.list" else {})
    with held_reads(town.server.hub) as reads:
        response = phone.send(op, **data)
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        await act()
        await town.server.link.settled()
    return await asyncio.wait_for(response, PATIENCE_S)


@on_loop
@pytest.mark.parametrize("op", ["message.history", "group.get", "group.open", "group.list", "reaction.list"])
@pytest.mark.promise("P9", "history", "line", "reactions")
async def test_a_recall_during_the_read_keeps_the_text_out_of_the_answer(
    sqlite_url: str, tmp_path: Path, op: str
) -> None:
    async with living_town(sqlite_url, tmp_path) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        await bob.ask("group.close", group=group)
        regretted = await ann.say(group, "regretted")
        assert regretted == READS["reaction.list"]["pos"]
        await ann.do("reaction.add", group=group, pos=regretted, emoji="👍")
        response = await ask_and_hold(
            town, bob, op, group, lambda: ann.do("message.recall", group=group, pos=regretted)
        )
        assert not says(bob, "regretted")
        if op == "reaction.list":
            assert response["error"]["code"] == "gone"
        else:
            assert "ok" in response
        assert "body" not in {e["pos"]: e for e in await bob.history(group)}[regretted]


@on_loop
@pytest.mark.promise("P9", "hello.line")
async def test_a_recall_during_hello_keeps_the_text_out_of_its_lines(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        pos = await ann.say(group, "regretted")
        await bob.up_to(group, pos)
        hub = town.server.hub
        again = await town.dial()
        with held_reads(hub) as reads:
            greeting = asyncio.ensure_future(again.say_hello(town.server.token(bob.sub, "Bob"), "second"))
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
            reads.go.set()  # that was the look-up of the user; what follows is the snapshot
            while not hub._watching:
                await asyncio.sleep(0)
            reads.go.clear()
            reads.begun.clear()
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
            await ann.do("message.recall", group=group, pos=pos)
            await town.server.link.settled()
        hello = await asyncio.wait_for(greeting, PATIENCE_S)
        assert [line["group"] for line in hello["groups"]] == [group]
        await again.up_to(group, pos + 1)
        assert not says(again, "regretted")


@on_loop
@pytest.mark.parametrize("op", [*READS, "group.list"])
@pytest.mark.promise("P7", "awaited")
async def test_who_is_put_out_during_the_read_gets_nothing_of_it(sqlite_url: str, tmp_path: Path, op: str) -> None:
    async with living_town(sqlite_url, tmp_path) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob, title="Inner circle")
        await bob.ask("group.close", group=group)
        await ann.say(group, "among us")
        response = await ask_and_hold(
            town, bob, op, group, lambda: ann.do("member.kick", group=group, user=bob.user)
        )
        if op == "group.list":
            assert response["ok"]["groups"] == []
        else:
            assert response["error"]["code"] == "not_found"
        await bob.own("removed", group)
        await bob.settle()
        assert not says(bob, "among us")


@on_loop
@pytest.mark.parametrize("op", ["message.history", "group.list"])
@pytest.mark.promise("P7", "awaited")
async def test_out_and_in_again_during_the_read_hides_the_old_stay(sqlite_url: str, tmp_path: Path, op: str) -> None:
    async with living_town(sqlite_url, tmp_path) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        await bob.ask("group.close", group=group)
        await ann.say(group, "in the old days")

        async def out_and_in() -> None:
            await ann.do("member.kick", group=group, user=bob.user)
            await ann.do("member.add", group=group, users=[bob.user])

        response = await ask_and_hold(town, bob, op, group, out_and_in)
        assert response.get("ok", {}).get("groups", []) == []
        await bob.own("added", group, nth=2)
        await bob.settle()
        assert not says(bob, "in the old days")


@on_loop
@pytest.mark.promise("P9", "behind.page")
async def test_a_recall_while_a_page_is_read_has_it_read_again(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, hub={"ring_entries": 1, "page_entries": 5}) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        start = (await bob.up_to(group, 2))[-1]
        await bob.ask("group.close", group=group)
        regretted = await ann.say(group, "regretted")
        for number in range(12):
            await ann.say(group, f"{number}")
        with held_reads(town.server.hub) as reads:
            response = bob.send("group.open", group=group, after=start["pos"], at=start["at"])
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
            reads.begun.clear()
            reads.go.set()
            await bob.answer_to(response)
            reads.go.clear()
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
            last = (await ann.do("message.recall", group=group, pos=regretted))["pos"]
        await bob.up_to(group, last)
        assert not says(bob, "regretted")


@on_loop
@pytest.mark.promise("P7", "behind")
async def test_who_is_put_out_while_their_page_is_read_does_not_get_it(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, hub={"ring_entries": 1, "page_entries": 5}) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        start = (await bob.up_to(group, 2))[-1]
        await bob.ask("group.close", group=group)
        for number in range(12):
            await ann.say(group, f"number {number}")
        with held_reads(town.server.hub) as reads:
            response = bob.send("group.open", group=group, after=start["pos"], at=start["at"])
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
            reads.begun.clear()
            reads.go.set()
            await bob.answer_to(response)
            reads.go.clear()
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
            await ann.do("member.kick", group=group, user=bob.user)
        await bob.own("removed", group)
        await bob.settle()
        assert all(entry["pos"] <= start["pos"] for entry in bob.entries[group])


async def one_of(*answers: asyncio.Future[dict[str, Any]]) -> list[str]:
    """The codes of several responses, "" for an acceptance."""
    return [(await asyncio.wait_for(answer, PATIENCE_S)).get("error", {}).get("code", "") for answer in answers]


@on_loop
@pytest.mark.promise("P5", "shared_page")
async def test_those_who_wait_for_the_same_page_share_one_read(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, hub={"ring_entries": 1, "page_entries": 50}) as town:
        ann, *others = await town.people("ann", "bob", "cat", "dan")
        group = await town.group_of(ann, *others)
        start = (await ann.up_to(group, 2))[-1]
        for phone in others:
            await phone.ask("group.close", group=group)
        for number in range(20):
            pos = await ann.say(group, f"{number}")
        hub = town.server.hub
        before = hub.pages.reads
        with held_reads(hub) as reads:
            opened = [phone.send("group.open", group=group, after=2, at=start["at"]) for phone in others]
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        assert await one_of(*opened) == ["", "", ""]
        for phone in others:
            await phone.up_to(group, pos)
        assert hub.pages.reads - before <= 2


@on_loop
@pytest.mark.promise("P7", "live")
async def test_an_answer_for_another_floor_is_never_mixed_up(sqlite_url: str, tmp_path: Path) -> None:
    """Two who wait for the same page and see different things in it."""
    async with living_town(sqlite_url, tmp_path, hub={"ring_entries": 1, "page_entries": 50}) as town:
        ann, old, new = await town.people("ann", "old", "new")
        group = await town.group_of(ann, old)
        early = await ann.say(group, "early")
        await town.befriend(ann, new)
        joined = (await ann.do("member.add", group=group, users=[new.user]))["pos"]
        entry = (await new.up_to(group, joined))[-1]
        for phone in (old, new):
            await phone.ask("group.close", group=group)
        await ann.do("reaction.add", group=group, pos=early, emoji="👍")
        pos = await ann.say(group, "answering", reply_to=early)
        with held_reads(town.server.hub) as reads:
            opened = [phone.send("group.open", group=group, after=joined, at=entry["at"]) for phone in (old, new)]
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        assert await one_of(*opened) == ["", ""]
        seen = (await old.up_to(group, pos))[-2:]
        assert [seen[0]["kind"], seen[1]["quote"]["text"]] == ["reaction", "early"]
        seen = (await new.up_to(group, pos))[-2:]
        assert (seen[0]["kind"], seen[0]["pos"], seen[0]["to"]) == ("hidden", pos - 1, pos - 1)
        assert "👍" not in str(seen[0])
        assert "quote" not in seen[1]
        assert seen[1]["reply_to"] == early


