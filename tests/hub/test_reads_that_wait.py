"""A read is answered only with what may still be seen when its answer goes out, whatever happened meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.phone import PATIENCE_S, Phone
from tests.e2e.town import Town
from tests.hub.kit import held_hello, held_reads, says, texts

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


@pytest.mark.parametrize("op", ["message.history", "group.get", "group.open", "group.list", "reaction.list"])
@pytest.mark.promise("P9", "history", "line", "reactions")
async def test_a_recall_during_the_read_keeps_the_text_out_of_the_answer(town: Town, op: str) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await bob.ask("group.close", group=group)
    regretted = await ann.say(group, "regretted")
    assert regretted == READS["reaction.list"]["pos"]
    await ann.do("reaction.add", group=group, pos=regretted, emoji="👍")
    response = await ask_and_hold(town, bob, op, group, lambda: ann.do("message.recall", group=group, pos=regretted))
    assert not says(bob, "regretted")
    if op == "reaction.list":
        assert response["error"]["code"] == "gone"
    else:
        assert "ok" in response
    assert "body" not in {e["pos"]: e for e in await bob.history(group)}[regretted]


@pytest.mark.promise("P9", "hello.line")
@pytest.mark.parametrize("at_rest", [True, False])
async def test_a_recall_during_hello_keeps_the_text_out_of_its_lines(town: Town, at_rest: bool) -> None:
    ann, bob, group, pos = await town.two_who_read("regretted")
    again = await town.dial()
    with held_hello(town.server.hub, at_rest=at_rest) as reads:
        greeting = asyncio.ensure_future(again.say_hello(town.server.token(bob.sub, "Bob"), "second"))
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        await ann.do("message.recall", group=group, pos=pos)
        await town.server.link.settled()
    hello = await asyncio.wait_for(greeting, PATIENCE_S)
    assert [line["group"] for line in hello["groups"]] == [group]
    if hello["groups"][0]["head"] == pos:
        await again.up_to(group, pos + 1)
    await again.settle()
    assert not says(again, "regretted")


@pytest.mark.promise("P4", "hello.seam")
@pytest.mark.parametrize("at_rest", [True, False])
async def test_what_is_stored_as_read_during_hello_is_read_in_its_answer(town: Town, at_rest: bool) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    desk = await town.phone_of(bob.sub, "desk")
    pos = max([await ann.say(group, str(number)) for number in range(3)])
    for phone in (bob, desk):
        await phone.up_to(group, pos)
    await desk.hang_up()
    await bob.ask("read.mark", group=group, seq=3)
    await bob.hang_up()
    hub = town.server.hub
    with held_hello(hub, at_rest=at_rest) as reads:
        coming = asyncio.ensure_future(town.back(desk))
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        hub.reads.save(hub.link)
        await hub.link.settled()
        assert len(hub.reads) == 0
    again = await asyncio.wait_for(coming, PATIENCE_S)
    assert again.hello["reads"] == {group: 3}
    assert (await again.line(group))["read"] == 3


@pytest.mark.promise("P4", "hello.seam")
@pytest.mark.parametrize("at_rest", [True, False])
async def test_what_is_marked_as_read_in_a_section_during_hello_is_read_in_its_answer(
    town: Town, at_rest: bool
) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    section = (await ann.do("section.create", group=group, kind="chat", title="More"))["section"]
    desk = await town.phone_of(bob.sub, "desk")
    pos = max([await ann.say(group, str(number), section=section) for number in range(3)])
    for phone in (bob, desk):
        await phone.up_to(group, pos)
    await desk.hang_up()
    await bob.ask("read.mark", group=group, seq=1, section=section)
    with held_hello(town.server.hub, at_rest=at_rest) as reads:
        coming = asyncio.ensure_future(town.back(desk))
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        town.server.hub.reads.move(group, bob.user, 3, section)
    again = await asyncio.wait_for(coming, PATIENCE_S)
    assert again.hello["section_reads"] == [{"group": group, "section": section, "read": 3}]


@pytest.mark.promise("P7", "receipts")
async def test_what_is_stored_as_read_during_the_read_has_a_receipt(town: Town) -> None:
    ann, bob, group, _ = await town.two_who_read("seen?")
    await bob.ask("read.mark", group=group, seq=1)
    for phone in (ann, bob):
        await phone.do("privacy.set", receipts=True)
    hub = town.server.hub
    with held_reads(hub) as reads:
        response = ann.send("receipt.get", group=group, seq=1)
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        hub.reads.save(hub.link)
        await hub.link.settled()
        assert len(hub.reads) == 0
    assert (await asyncio.wait_for(response, PATIENCE_S))["ok"]["users"] == [bob.user]


@pytest.mark.parametrize("op", [*READS, "group.list"])
@pytest.mark.promise("P7", "awaited")
async def test_who_is_put_out_during_the_read_gets_nothing_of_it(town: Town, op: str) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob, title="Inner circle")
    await bob.ask("group.close", group=group)
    await ann.say(group, "among us")
    response = await ask_and_hold(town, bob, op, group, lambda: ann.do("member.kick", group=group, user=bob.user))
    if op == "group.list":
        assert response["ok"]["groups"] == []
    else:
        assert response["error"]["code"] == "not_found"
    await bob.own("removed", group)
    await bob.settle()
    assert not says(bob, "among us")


@pytest.mark.parametrize("op", ["message.history", "group.list"])
@pytest.mark.promise("P7", "awaited")
async def test_out_and_in_again_during_the_read_hides_the_old_stay(town: Town, op: str) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await bob.ask("group.close", group=group)
    old = await ann.say(group, "in the old days")

    async def out_and_in() -> None:
        await ann.do("member.kick", group=group, user=bob.user)
        await ann.do("member.add", group=group, users=[bob.user])

    response = await ask_and_hold(town, bob, op, group, out_and_in)
    assert all(line["floor"] > old for line in response.get("ok", {}).get("groups", []))
    await bob.own("added", group, nth=2)
    await bob.settle()
    assert not says(bob, "in the old days")


@pytest.mark.parametrize("op", ["group.get", "group.open", "group.list"])
@pytest.mark.promise("P4", "own_log.lines")
async def test_a_line_is_not_older_than_what_the_own_log_said_before_it(town: Town, op: str) -> None:
    ann, bob = await town.people("ann", "bob")
    await town.befriend(ann, bob)
    group = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    await bob.own("added", group)
    response = await ask_and_hold(town, bob, op, group, lambda: ann.do("block.add", user=bob.user))
    assert (await bob.own("direct", group))["read_only"] is True
    ok = response["ok"]
    line = ok["groups"][0] if op == "group.list" else ok.get("line", ok)
    assert line["read_only"] is True


@pytest.mark.promise("P4", "hello.seam")
async def test_while_nothing_is_on_its_way_to_the_store_hello_is_one_read(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await ann.say(group, "before")
    cursors = bob.cursors()
    await bob.hang_up()
    await ann.say(group, "meanwhile")
    await town.server.link.settled()
    with held_reads(town.server.hub, passing=1, at_rest=True) as reads:
        back = await asyncio.wait_for(town.phone_of(bob.sub, "phone", **cursors), PATIENCE_S)
        assert texts(await back.up_to(group, back.hello["groups"][0]["head"])) == ["meanwhile"]
        assert not reads.begun.is_set()
        history = back.send("message.history", group=group)
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)  # the second read is of something else
    assert "ok" in await asyncio.wait_for(history, PATIENCE_S)
