"""Receipts: among people who show theirs, in small groups, without an entry and without a promise to arrive."""

from __future__ import annotations

from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import Phone
from tests.e2e.town import Town
from tests.hub.kit import session_of
from tests.hub.test_slow_readers import NARROW, PAGE, UNSENT_MAX, slow_group, stall_until_behind

SETTINGS = {
    "ws": NARROW,
    "hub": PAGE,
    "messages": {"receipt_interval_s": 0.02, "receipt_group_max": 5},
}
STORES = ["sqlite", "postgresql"]


async def show(*phones: Phone, on: bool = True) -> None:
    for phone in phones:
        await phone.do("privacy.set", receipts=on)


async def readers(phone: Phone, group: str, seq: int) -> list[str]:
    users: list[str] = (await phone.ask("receipt.get", group=group, seq=seq))["users"]
    return users


async def told_of(phone: Phone, user: str, seq: int) -> dict[str, Any]:
    """Wait for the signal that this person has read so far."""
    return await phone.signal("receipts", lambda data: data["reads"].get(user, 0) >= seq)


def told(phone: Phone) -> set[str]:
    """Everybody of whom a phone was told anything."""
    return {user for name, data in phone.signals if name == "receipts" for user in data["reads"]}


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
@pytest.mark.promise("P7", "receipts")
async def test_who_shows_what_they_read_sees_it_of_those_who_do(town: Town, fmt: Format) -> None:
    ann = await town.person("ann", fmt=fmt)
    bob, cat, shy = await town.people("bob", "cat", "shy")
    group = await town.group_of(ann, bob, cat, shy)
    await show(ann, bob, cat)
    head = await ann.say(group, "hello")
    seq = (await ann.line(group))["seq"]
    assert await readers(ann, group, seq) == []
    await shy.ask("read.mark", group=group, seq=seq)
    await bob.ask("read.mark", group=group, seq=seq)
    assert (await told_of(ann, bob.user, seq))["group"] == group
    assert await readers(ann, group, seq) == [bob.user]
    assert await readers(bob, group, seq) == [ann.user], "who writes has read"
    await cat.say(group, "and I")
    await told_of(ann, cat.user, seq + 1)
    await told_of(bob, cat.user, seq + 1)
    assert await readers(ann, group, seq) == sorted([bob.user, cat.user])
    assert await readers(ann, group, seq + 1) == [cat.user]
    denied = await shy.denied("receipt.get", group=group, seq=seq)
    assert (denied.code, denied.details) == ("forbidden", {"setting": "receipts"})
    assert told(shy) == set()
    assert shy.user not in told(ann) | told(bob) | told(cat)
    assert (await ann.line(group))["head"] == head + 1, "none of it is an entry"
    await show(bob, on=False)
    assert await readers(ann, group, seq) == [cat.user]
    assert (await bob.denied("receipt.get", group=group, seq=seq)).code == "forbidden"


@pytest.mark.promise("P7", "receipts")
async def test_blocks_newcomers_and_who_left(town: Town) -> None:
    ann, bob, cat, new = await town.people("ann", "bob", "cat", "new")
    group = await town.group_of(ann, bob, cat)
    await show(ann, bob, cat, new)
    await bob.do("block.add", user=ann.user)
    await ann.say(group, "hello")
    await bob.ask("read.mark", group=group, seq=1)
    await cat.ask("read.mark", group=group, seq=1)
    await told_of(ann, cat.user, 1)
    await told_of(cat, bob.user, 1)
    assert bob.user not in told(ann)
    assert ann.user not in told(bob)
    assert await readers(ann, group, 1) == [cat.user]
    assert await readers(bob, group, 1) == [cat.user]
    await town.befriend(ann, new)
    await ann.do("member.add", group=group, users=[new.user])
    assert (await new.denied("receipt.get", group=group, seq=1)).code == "not_found", "from before their time"
    assert (await ann.denied("receipt.get", group=group, seq=2)).code == "not_found", "there is no such message"
    assert await readers(ann, group, 1) == [cat.user], "nobody reads what they do not see"
    await cat.do("member.leave", group=group)
    assert await readers(ann, group, 1) == []
    assert (await cat.denied("receipt.get", group=group, seq=1)).code == "not_found"
    await ann.say(group, "without her")
    await new.ask("read.mark", group=group, seq=2)
    await told_of(ann, new.user, 2)
    assert not [data for name, data in cat.signals if name == "receipts" and new.user in data["reads"]]


@pytest.mark.promise("P8", "receipts")
async def test_large_groups_have_none(town: Town) -> None:
    ann, *others = await town.people("ann", "b", "c", "d", "e", "f")
    group, small = await town.group_of(ann, *others), await town.group_of(ann, others[0])
    await show(ann, *others)
    for place in (group, small):
        await ann.say(place, "hello")
        await others[0].ask("read.mark", group=place, seq=1)
    denied = await ann.denied("receipt.get", group=group, seq=1)
    assert (denied.code, denied.details) == ("limit", {"bound": "receipt_group_max", "max": 5})
    await told_of(ann, others[0].user, 1)
    assert {data["group"] for name, data in ann.signals if name == "receipts"} == {small}


@pytest.mark.promise("P5", "signals.dropped")
async def test_who_stalls_is_told_nothing_and_loses_nothing(town: Town) -> None:
    ann, bob, cat, group = await slow_group(town)
    await show(ann, bob, cat)
    await stall_until_behind(town, ann, bob, group)
    session = session_of(town.server.hub, bob)
    seq = (await ann.line(group))["seq"]
    for number in range(1, seq + 1):
        await cat.ask("read.mark", group=group, seq=number)
    await told_of(ann, cat.user, seq)
    assert session.socket.unsent_bytes() + len(session.outbox) <= UNSENT_MAX
    bob.read_on()
    await bob.up_to(group, ann.cursor[group])
    await bob.settle()
    assert cat.user not in told(bob), "what was dropped does not come later"
    assert await readers(bob, group, seq) == sorted([ann.user, cat.user])
