"""Moments in which the store says more than was published: what is answered then is for those who may still see it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.phone import PATIENCE_S, Phone, new_cid
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import held_outcomes, held_reads, one_commit, says, texts

BEHIND = "behind his back"


@pytest.mark.promise("P7", "live")
async def test_who_goes_gets_no_entry_as_it_became_after_they_had_gone(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    head = (await ann.line(group))["head"]
    async with one_commit(town.server):
        for text in ("as it was", "this one changes", "and this"):
            ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": text})
        ann.send("member.kick", group=group, user=bob.user, cid=new_cid())
        ann.send("message.edit", group=group, pos=head + 2, text=BEHIND, cid=new_cid())
        await ann.settle()
    assert (await bob.own("removed", group))["pos"] == head + 4
    await bob.settle()
    assert not says(bob, BEHIND)
    assert texts(bob.entries[group]) == ["as it was"]
    last = [m["data"] for m in bob.messages if m.get("ev") == "entries"][-1]
    assert last["as_of"] == head + 1


ASKED: dict[str, dict[str, Any]] = {
    "message.history": {},
    "reaction.list": {"pos": 3},
    "pin.list": {},
    "feature.list": {},
    "group.get": {},
    "group.open": {},
    "group.members": {},
    "presence.get": {},
    "receipt.get": {"seq": 1},
    "invite.list": {},
    "message.at": {"at": 0},
    "member.suggest": {},
}


async def act_behind_his_back(ann: Phone, bob: Phone, group: str, pos: int) -> None:
    """Put somebody out, and change what they saw."""
    await ann.do("member.kick", group=group, user=bob.user)
    await ann.do("message.edit", group=group, pos=pos, text=BEHIND)
    await ann.do("pin.add", group=group, pos=pos)
    await ann.do("feature.add", group=group, pos=pos, note=BEHIND)
    await ann.do("group.update", group=group, title=BEHIND)


@pytest.mark.promise("P7", "awaited")
@pytest.mark.parametrize("op", sorted(ASKED))
async def test_what_was_read_ahead_of_the_end_of_a_stay_is_not_answered(town: Town, op: str) -> None:
    ann, bob, group, pos = await town.two_who_read("while he was in")
    assert pos == 3
    for phone in (ann, bob):
        await phone.do("privacy.set", receipts=True)
    with held_outcomes(town.server):
        await act_behind_his_back(ann, bob, group, pos)
        asked = bob.send(op, group=group, **ASKED[op])
        listed = bob.send("group.list")
        await bob.settle()
    assert (await asked)["error"]["code"] == "not_found"
    assert (await listed)["ok"]["groups"] == []
    await bob.own("removed", group)
    await bob.settle()
    assert not says(bob, BEHIND)


@on_loop
@pytest.mark.promise("P7", "behind")
async def test_a_page_read_ahead_of_the_end_of_a_stay_is_not_sent(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, hub={"ring_entries": 16, "page_entries": 10}) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        said = [await ann.say(group, f"while he was in, {n}") for n in range(30)]
        await bob.up_to(group, said[-1])
        first = bob.entries[group].pop(0)
        fresh = await town.phone_of(bob.sub, "fresh")
        with held_outcomes(town.server):
            # The first page is read before he is put out, the second one after that.
            with held_reads(town.server.hub, passing=1) as reads:
                opened = fresh.send("group.open", group=group, after=first["pos"], at=first["at"])
                await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
                await act_behind_his_back(ann, bob, group, said[14])
            assert "ok" in await opened
            await fresh.up_to(group, said[8])
            for _ in range(5):
                await fresh.settle()
        await fresh.own("removed", group)
        await fresh.settle()
        assert not says(fresh, BEHIND)
        assert fresh.entries[group][-1]["pos"] < said[14]
