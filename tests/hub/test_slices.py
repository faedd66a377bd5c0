"""What happens between two slices of one fan-out: people come, go and come back, and messages are taken back."""

from __future__ import annotations

import pytest

from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town
from tests.hub.kit import says, session_of, texts, turn_by_turn

SLICE = 3
SETTINGS = {"hub": {"slice_deliveries": SLICE}}


def send(phone: Phone, group: str, text: str) -> None:
    """Send without waiting for the answer."""
    phone.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": text})


async def big_group(town: Town, count: int = 9) -> tuple[list[Phone], str]:
    """A group of an owner and `count` members, whose fan-out needs several turns."""
    people = await town.people("ann", *(f"m{i}" for i in range(count)))
    return people, await town.group_of(*people)


@pytest.mark.promise("P9", "slice")
async def test_a_recall_between_two_slices_keeps_the_text_from_those_who_come_later(town: Town) -> None:
    people, group = await big_group(town)
    ann, head = people[0], people[0].cursor[group]
    with turn_by_turn(town.server) as turns:
        send(ann, group, "regretted")
        await turns.committed(group, head=head + 1)
        assert turns.next(), "the first slice leaves some to be served"
        ann.send("message.recall", group=group, pos=head + 1, cid=new_cid())
        await turns.committed(group, head=head + 2)
    for phone in people:
        await phone.up_to(group, head + 2)
    served_before = [phone for phone in people if says(phone, "regretted")]
    assert 0 < len(served_before) <= SLICE


@pytest.mark.promise("P7", "live.slice")
async def test_whoever_is_put_out_between_two_slices_gets_what_came_before_and_nothing_after(town: Town) -> None:
    people, group = await big_group(town)
    ann, head = people[0], people[0].cursor[group]
    with turn_by_turn(town.server) as turns:
        send(ann, group, "said before")
        await turns.committed(group, head=head + 1)
        turns.next()
        for phone in people[1:]:
            ann.send("member.kick", group=group, user=phone.user, cid=new_cid())
        send(ann, group, "said later")
        await turns.committed(group, seq=2)
        turns.next()
    await ann.until(lambda: len(texts(ann.entries[group])) == 2)
    for phone in people[1:]:
        out = await phone.own("removed", group)
        await phone.settle()
        assert texts(phone.entries[group]) == ["said before"]
        assert phone.entries[group][-1]["pos"] == out["pos"] - 1
        assert not says(phone, "said later")


@pytest.mark.promise("P4", "live.slice")
async def test_whoever_comes_between_two_slices_begins_where_they_came(town: Town) -> None:
    people, group = await big_group(town)
    ann, head = people[0], people[0].cursor[group]
    late = await town.person("late")
    await town.befriend(ann, late)
    with turn_by_turn(town.server) as turns:
        send(ann, group, "said before")
        await turns.committed(group, head=head + 1)
        turns.next()
        ann.send("member.add", group=group, users=[late.user], cid=new_cid())
        send(ann, group, "said later")
        await turns.committed(group, head=head + 3)
        turns.next()
    added = await late.own("added", group)
    for phone in (*people, late):
        await phone.up_to(group, added["pos"] + 1)
    assert late.entries[group][0]["pos"] == added["pos"]
    assert texts(late.entries[group]) == ["said later"]


@pytest.mark.promise("P7", "live.slice")
async def test_put_out_and_back_in_between_two_slices(town: Town) -> None:
    people, group = await big_group(town)
    ann, last = people[0], people[-1]
    head = ann.cursor[group]
    with turn_by_turn(town.server) as turns:
        send(ann, group, "said before")
        await turns.committed(group, head=head + 1)
        turns.next()
        ann.send("member.kick", group=group, user=last.user, cid=new_cid())
        send(ann, group, "said between")
        ann.send("member.add", group=group, users=[last.user], cid=new_cid())
        send(ann, group, "said later")
        await turns.committed(group, head=head + 5)
        turns.next()
    back = await last.own("added", group, nth=2)
    await last.up_to(group, back["pos"] + 1)
    assert texts(last.entries[group]) == ["said before", "said later"]
    assert not says(last, "said between")
    assert texts(await last.history(group)) == ["said later"]


@pytest.mark.promise("P4", "heads")
async def test_heads_name_an_entry_with_its_own_time(town: Town) -> None:
    people, group = await big_group(town)
    ann, quiet, hub = people[0], people[1], town.server.hub
    head = ann.cursor[group]
    await quiet.ask("group.close", group=group)
    with turn_by_turn(town.server) as turns:
        send(ann, group, "one")
        await turns.committed(group, head=head + 1)
        turns.next()
        send(ann, group, "two")
        await turns.committed(group, head=head + 2)
        session_of(hub, quiet).signal_heads()
    told = (await quiet.signal("heads"))["heads"][group]
    ats = {entry["pos"]: entry["at"] for entry in await quiet.history(group)}
    assert ats[told[0]] == told[1]
    again = await town.back(quiet, heads={group: told})
    assert "reset" not in again.hello["groups"][0] if again.hello["groups"] else True
