"""The writer dies after its commit and before anybody heard of it: the hub finds out by itself, once."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.phone import PATIENCE_S, Phone, new_cid
from tests.e2e.town import Town
from tests.hub.engines import LAST_WORDS
from tests.hub.kit import held_hello, one_commit, says, session_of, texts

SETTINGS = {"engine": "tests.hub.engines:DiesAfterCommit"}
STORES = ["sqlite", "postgresql"]


def send(phone: Phone, group: str, text: str) -> asyncio.Future[dict[str, object]]:
    """Send without waiting for the answer."""
    return phone.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": text})


@pytest.mark.promise("P2", "retry.writer_died")
@pytest.mark.promise("P4", "writer_died")
@pytest.mark.promise("P7", "writer_died")
async def test_nobody_misses_or_doubles_anything_and_everybody_is_where_they_belong(town: Town) -> None:
    ann, bob, cat, dan = await town.people("ann", "bob", "cat", "dan")
    before = town.server.link.restarts
    group = await town.group_of(ann, bob, cat)
    await town.befriend(ann, dan)
    answers = [
        send(ann, group, "said before"),
        ann.send("member.kick", group=group, user=bob.user, cid=new_cid()),
        ann.send("member.add", group=group, users=[dan.user], cid=new_cid()),
        send(ann, group, LAST_WORDS),
        send(ann, group, "said later"),
    ]
    answered = [await ann.answer_to(answer) for answer in answers]
    last = int(answered[-1]["pos"])
    assert town.server.link.restarts == before + 1
    for phone in (ann, cat, dan):
        await phone.up_to(group, last)
    assert texts(ann.entries[group]) == texts(cat.entries[group]) == ["said before", LAST_WORDS, "said later"]
    assert [answered[0]["pos"], answered[3]["pos"]] == [e["pos"] for e in cat.entries[group] if e["kind"] == "message"][
        :2
    ]
    added = await dan.own("added", group)
    assert dan.entries[group][0]["pos"] == added["pos"]
    assert texts(dan.entries[group]) == [LAST_WORDS, "said later"]
    await bob.own("removed", group)
    await bob.settle()
    assert not says(bob, LAST_WORDS)
    assert not says(bob, "said later")
    assert (await bob.denied("message.history", group=group)).code == "not_found"


@pytest.mark.promise("P9", "writer_died")
async def test_a_recall_nobody_heard_of_counts(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    start = (await bob.up_to(group, 2))[-1]
    await bob.ask("group.close", group=group)
    cat = await town.person("cat")
    await town.befriend(ann, cat)
    await ann.do("member.add", group=group, users=[cat.user])
    regretted = await ann.say(group, "regretted")
    await cat.up_to(group, regretted)
    recalled = ann.send("message.recall", group=group, pos=regretted, cid=new_cid())
    last = await ann.answer_to(send(ann, group, LAST_WORDS))
    await ann.answer_to(recalled)
    await bob.ask("group.open", group=group, after=start["pos"], at=start["at"])
    await bob.up_to(group, int(last["pos"]))
    assert not says(bob, "regretted")
    entries = {e["pos"]: e for e in await cat.up_to(group, int(last["pos"]))}
    assert entries[regretted + 1]["kind"] == "recall"


@pytest.mark.promise("P4", "hello.writer_died")
@pytest.mark.parametrize("at_rest", [True, False])
async def test_hello_is_answered_with_what_was_committed(town: Town, at_rest: bool) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group, other = await town.group_of(ann, bob), await town.group_of(ann, bob)
    hub, before = town.server.hub, town.server.link.restarts
    cursors = bob.cursors()
    await bob.hang_up()
    again = await town.dial()
    with held_hello(hub, at_rest=at_rest) as reads:
        greeting = asyncio.ensure_future(again.say_hello(town.server.token(bob.sub, "Bob"), "phone", **cursors))
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        async with one_commit(town.server):
            kicked = ann.send("member.kick", group=other, user=bob.user, cid=new_cid())
            last = send(ann, group, LAST_WORDS)
            await ann.settle()
        pos = int((await ann.answer_to(last))["pos"])
        await ann.answer_to(kicked)
        assert town.server.link.restarts > before
        await ann.say(other, "behind his back")
    await asyncio.wait_for(greeting, PATIENCE_S)
    await again.up_to(group, pos)
    await again.own("removed", other)
    await again.settle()
    assert texts(again.entries[group]) == [LAST_WORDS]
    assert not says(again, "behind his back")
    assert list(session_of(hub, again).follows) == [group]
    assert session_of(hub, again).follows[group].cursor == pos
    await cat.settle()


@pytest.mark.promise("P4", "writer_died.own_log")
async def test_a_group_of_which_nobody_heard_is_told_of(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    await town.befriend(ann, bob)
    made = ann.send("group.create", kind="direct", user=bob.user, cid=new_cid())
    last = send(ann, group, LAST_WORDS)
    direct = str((await ann.answer_to(made))["group"])
    await ann.answer_to(last)
    await ann.say(direct, "hello")
    for phone in (ann, bob):
        await phone.own("added", direct)
        assert [e["kind"] for e in await phone.up_to(direct, 2)] == ["created", "message"]
