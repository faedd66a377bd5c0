"""Coming and going in the middle of what is joined, read or being opened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatd.hub.session import Session
from chatd.service.tokens import Claims
from chatd_protocol.codec import encode
from tests.e2e.phone import PATIENCE_S, new_cid
from tests.e2e.town import Town
from tests.hub.kit import held_hello, one_commit, says, session_of, texts


@pytest.mark.promise("P7", "live.joined")
async def test_a_kick_in_the_middle_of_one_commit_cuts_what_is_joined(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    async with one_commit(town.server):
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": "said before"})
        ann.send("member.kick", group=group, user=bob.user, cid=new_cid())
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": "said later"})
        await ann.settle()
    out = await bob.own("removed", group)
    await cat.up_to(group, out["pos"] + 1)
    await bob.settle()
    assert texts(cat.entries[group]) == ["said before", "said later"]
    assert texts(bob.entries[group]) == ["said before"]
    assert bob.entries[group][-1]["pos"] == out["pos"] - 1
    assert not says(bob, "said later")


@pytest.mark.promise("P7", "live.joined")
async def test_a_join_in_the_middle_of_one_commit_begins_there(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    await town.befriend(ann, bob)
    async with one_commit(town.server):
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": "said before"})
        ann.send("member.add", group=group, users=[bob.user], cid=new_cid())
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": "said later"})
        await ann.settle()
    added = await bob.own("added", group)
    await bob.up_to(group, added["pos"] + 1)
    assert [e["kind"] for e in bob.entries[group]] == ["members", "message"]
    assert not says(bob, "said before")


@pytest.mark.promise("P4", "own_log.first")
async def test_in_and_out_in_one_commit_is_told_in_this_order(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    await town.befriend(ann, bob)
    async with one_commit(town.server):
        ann.send("member.add", group=group, users=[bob.user], cid=new_cid())
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": "short stay"})
        ann.send("member.kick", group=group, user=bob.user, cid=new_cid())
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": "said later"})
        await ann.settle()
    await bob.own("removed", group)
    await bob.settle()
    told = [m for m in bob.messages if m.get("ev") in ("mine", "entries")]
    kinds = [e["kind"] for m in told for e in m["data"]["entries"]]
    assert kinds[0] == "added", "nothing of a group comes before the person's own log says that they are in it"
    assert not says(bob, "said later")
    # Whether the short stay itself is pushed is up to the moment; afterwards it cannot be read any more.
    assert (await bob.denied("message.history", group=group)).code == "not_found"


@pytest.mark.promise("P4", "live.joined")
async def test_the_last_one_who_listened_goes_and_another_comes_in_one_commit(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob)
    await town.befriend(ann, cat)
    hub = town.server.hub
    async with one_commit(town.server):
        ann.send("member.kick", group=group, user=bob.user, cid=new_cid())
        ann.send("member.add", group=group, users=[cat.user], cid=new_cid())
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": "hello cat"})
        await ann.settle()
        gone = session_of(hub, ann)
        await ann.cut_off()
        while gone.phase.value != "closed":
            await cat.settle()
    added = await cat.own("added", group)
    await cat.up_to(group, added["pos"] + 1)
    assert texts(cat.entries[group]) == ["hello cat"]
    assert (await bob.own("removed", group))["why"] == "kicked"


@pytest.mark.promise("P4", "hello.seam")
async def test_what_happens_while_hello_is_answered_comes_after_the_answer(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    other = await town.group_of(ann)
    cursors = bob.cursors()
    await bob.hang_up()
    again = await town.dial()
    with held_hello(town.server.hub, at_rest=False) as reads:
        greeting = asyncio.ensure_future(again.say_hello(town.server.token(bob.sub, "Bob"), "phone", **cursors))
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        await ann.say(group, "meanwhile")
        await ann.do("member.add", group=other, users=[bob.user])
        await ann.say(other, "in the other")
        await ann.do("member.kick", group=group, user=bob.user)
        await ann.say(group, "behind your back")
    await asyncio.wait_for(greeting, PATIENCE_S)
    await again.own("removed", group)
    added = await again.own("added", other)
    await again.up_to(other, added["pos"] + 1)
    assert again.messages[0].get("re") == 1, "no event comes before the answer"
    assert texts(again.entries[other]) == ["in the other"]
    assert not says(again, "behind your back")
    await again.settle()
    assert group not in again.entries or texts(again.entries[group]) == ["meanwhile"]


@pytest.mark.promise("P4", "hello.seam")
async def test_what_happens_during_a_read_at_rest_is_in_the_answer(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    other, third = await town.group_of(ann), await town.group_of(ann, bob)
    cursors = bob.cursors()
    await bob.hang_up()
    again = await town.dial()
    with held_hello(town.server.hub, at_rest=True) as reads:
        greeting = asyncio.ensure_future(again.say_hello(town.server.token(bob.sub, "Bob"), "phone", **cursors))
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        await ann.say(third, "meanwhile")
        await ann.do("member.add", group=other, users=[bob.user])
        await ann.say(other, "in the other")
        await ann.do("member.kick", group=group, user=bob.user)
        await ann.say(group, "behind your back")
    hello = await asyncio.wait_for(greeting, PATIENCE_S)
    assert {line["group"]: line["last"]["body"]["text"] for line in hello["groups"]} == {
        other: "in the other",
        third: "meanwhile",
    }
    await again.own("removed", group)
    await again.own("added", other)
    assert texts(await again.up_to(third, hello["groups"][-1]["head"])) == ["meanwhile"]
    await ann.say(group, "and again")
    await again.settle()
    assert not says(again, "behind your back")
    assert not says(again, "and again")


@pytest.mark.promise("P4", "hello.pipelined")
async def test_what_arrives_in_the_moment_of_the_answer_waits_for_what_came_before(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    opened = Session.opened

    def message(number: int, text: str) -> dict[str, Any]:
        data = {"group": group, "cid": new_cid(), "kind": "text", "body": {"text": text}}
        return {"id": number, "op": "message.send", "data": data}

    def opened_and_more(self: Session, claims: Claims) -> None:
        opened(self, claims)
        self.received(encode(message(3, "second"), self.format))

    monkeypatch.setattr(Session, "opened", opened_and_more)
    again = await town.dial()
    greeting = again.send("session.hello", token=town.server.token(ann.sub), device="second")
    again.write(message(2, "first"))
    await again.answer_to(greeting)
    await ann.up_to(group, 3)
    assert texts(ann.entries[group]) == ["first", "second"]


@pytest.mark.promise("P4", "hello.pipelined")
async def test_what_is_sent_behind_hello_is_done_in_that_order(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    again = await town.dial()
    greeting = asyncio.ensure_future(again.say_hello(town.server.token(ann.sub, "Ann"), "second"))
    await asyncio.sleep(0)  # hello is the first thing written
    told = [f"{number}" for number in range(300)]
    answers = [
        again.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": text}) for text in told
    ]
    await greeting
    for answer in answers:
        await again.answer_to(answer)
    await ann.up_to(group, 301)
    assert texts(ann.entries[group]) == told
