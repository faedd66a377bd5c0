"""Presence: of the members of groups one has opened, as far as each allows it, and the first thing to be dropped."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatd.hub.settings import HubSettings
from chatd_protocol.codec import Format
from tests.e2e.phone import Phone
from tests.e2e.town import Town
from tests.hub.kit import held_reads, session_of
from tests.hub.test_slow_readers import NARROW, PAGE, UNSENT_MAX, slow_group, stall_until_behind

SETTINGS = {
    "ws": NARROW,
    "hub": PAGE,
    "messages": {"presence_interval_s": 0.02, "presence_group_max": 5},
}
STORES = ["sqlite", "postgresql"]


async def here(phone: Phone, group: str) -> dict[str, bool]:
    """Who of a group is here, as far as one may know."""
    people = (await phone.ask("presence.get", group=group))["people"]
    return {person["user"]: person["online"] for person in people}


async def news(phone: Phone, user: str, online: bool) -> dict[str, Any]:
    """Wait for the newest news of somebody to be this."""

    def newest() -> dict[str, Any] | None:
        told = [p for name, data in phone.signals if name == "presence" for p in data["people"] if p["user"] == user]
        return told[-1] if told and told[-1]["online"] is online else None

    found = await phone.until(newest)
    assert found is not None
    return found


def told(phone: Phone) -> set[str]:
    """Everybody of whom a phone was told anything."""
    return {person["user"] for name, data in phone.signals if name == "presence" for person in data["people"]}


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
@pytest.mark.promise("P7", "presence")
async def test_who_opened_a_group_learns_who_comes_and_goes(town: Town, fmt: Format) -> None:
    ann = await town.person("ann", fmt=fmt)
    bob, cat = await town.people("bob", "cat")
    group = await town.group_of(ann, bob, cat)
    await ann.ask("group.open", group=group)
    assert await here(ann, group) == {bob.user: True, cat.user: True}
    desk = await town.phone_of(bob.sub, "desk")
    await bob.hang_up()
    await desk.hang_up()
    gone = await news(ann, bob.user, False)
    assert gone["seen"] >= ann.hello["at"]
    assert await here(ann, group) == {bob.user: False, cat.user: True}
    people = (await ann.ask("presence.get", group=group))["people"]
    assert next(p for p in people if p["user"] == bob.user)["seen"] >= ann.hello["at"]
    await town.phone_of(bob.sub, "phone")
    await news(ann, bob.user, True)
    assert told(cat) == set(), "they did not open it"
    await ann.ask("group.close", group=group)
    before = len(ann.signals)
    watcher = await town.phone_of(ann.sub, "watcher")
    await watcher.ask("group.open", group=group)
    await cat.hang_up()
    await news(watcher, cat.user, False)
    assert all(name != "presence" for name, _ in ann.signals[before:])


@pytest.mark.promise("P7", "presence")
async def test_each_chooses_who_learns_it_and_a_block_ends_it(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    assert await here(bob, group) == {ann.user: True}, "mutual at first: bob and cat do not follow each other"
    await cat.do("privacy.set", last_seen="everybody")
    assert await here(bob, group) == {ann.user: True, cat.user: True}
    await ann.do("privacy.set", last_seen="nobody")
    assert await here(bob, group) == {cat.user: True}
    for blocker, blocked in ((bob, cat), (cat, bob)):
        await blocker.do("block.add", user=blocked.user)
        assert await here(bob, group) == {}
        assert cat.user not in await here(cat, group)
        await blocker.do("block.remove", user=blocked.user)
    await bob.do("block.add", user=cat.user)
    for phone in (ann, bob):
        await phone.ask("group.open", group=group)
    await cat.hang_up()
    await news(ann, cat.user, False)
    await bob.settle()
    assert told(bob) == set()


@pytest.mark.promise("P7", "presence")
async def test_outside_and_in_large_groups_nothing_is_told(town: Town) -> None:
    ann, bob, out = await town.people("ann", "bob", "out")
    group = await town.group_of(ann, bob, out)
    for phone in (ann, out):
        await phone.ask("group.open", group=group)
    with held_reads(town.server.hub, job="presence") as reads:
        await bob.hang_up()
        await reads.begun.wait()
        await ann.do("member.kick", group=group, user=out.user)
        await out.own("removed", group)
    await news(ann, bob.user, False)
    await out.settle()
    assert told(out) == set(), "put out while the store was read"
    assert (await out.denied("presence.get", group=group)).code == "not_found"
    many = await town.people("b", "c", "d", "e", "f")
    large = await town.group_of(ann, *many)
    denied = await ann.denied("presence.get", group=large)
    assert (denied.code, denied.details) == ("limit", {"bound": "presence_group_max", "max": 5})
    small = await town.group_of(ann, many[0])
    for place in (large, small):
        await ann.ask("group.open", group=place)
    await many[1].hang_up()
    await many[0].hang_up()
    await news(ann, many[0].user, False)
    assert many[1].user not in told(ann)


async def test_who_was_away_for_a_moment_was_not_away(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    await ann.ask("group.open", group=group)
    with held_reads(town.server.hub, job="presence") as reads:
        await cat.hang_up()
        await reads.begun.wait()
        # A round is under way: what happens now waits for the next one.
        await bob.hang_up()
        while bob.user in town.server.hub.people:
            await ann.ask("typing.start", group=group)
        assert bob.user in town.server.hub.presence._changed
        await town.phone_of(bob.sub, "phone")
    await news(ann, cat.user, False)
    await town.phone_of(cat.sub, "phone")
    await news(ann, cat.user, True)
    assert told(ann) == {cat.user}


@pytest.mark.promise("P8", "presence")
async def test_more_changes_than_may_wait_are_not_told(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    await ann.ask("group.open", group=group)
    presence = town.server.hub.presence
    presence._hub.settings = _with(presence._hub.settings, 0)
    try:
        await bob.hang_up()
        while bob.user in town.server.hub.people:
            await ann.ask("typing.start", group=group)
        assert bob.user not in presence._changed
    finally:
        presence._hub.settings = _with(presence._hub.settings, 100)
    await cat.hang_up()
    await news(ann, cat.user, False)
    assert bob.user not in told(ann)
    assert (await here(ann, group))[bob.user] is False


def _with(settings: HubSettings, most: int) -> HubSettings:
    return msgspec.structs.replace(settings, presence_changes_max=most)


@pytest.mark.promise("P5", "signals.dropped")
async def test_who_stalls_is_told_nothing_of_presence_and_loses_no_entry(town: Town) -> None:
    ann, bob, cat, group = await slow_group(town)
    await town.befriend(bob, cat)
    for phone in (ann, bob):
        await phone.ask("group.open", group=group)
    await stall_until_behind(town, ann, bob, group)
    session = session_of(town.server.hub, bob)
    for number in range(20):
        await cat.hang_up()
        await news(ann, cat.user, False)
        cat = await town.phone_of(cat.sub, f"phone-{number}")
        await news(ann, cat.user, True)
    assert session.socket.unsent_bytes() + len(session.outbox) <= UNSENT_MAX
    pos = await ann.say(group, "the end")
    bob.read_on()
    await bob.up_to(group, pos)
    assert told(bob) == set()
    assert (await here(bob, group))[cat.user] is True
