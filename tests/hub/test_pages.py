"""Pages of the store, for those whom the ring does not reach back to: shared, read again, and never mixed up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatd.hub.recovery import catch_up_with_store
from chatd.store import messages
from chatd.store.readers import ReaderLost
from chatd_protocol.errors import CLOSE_INTERNAL, CLOSE_UNAVAILABLE
from tests.e2e.phone import PATIENCE_S, Phone
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import held_reads, says, texts

SETTINGS = {"hub": {"ring_entries": 1, "page_entries": 25}}


@pytest.mark.promise("P4", "open.seam")
async def test_opening_further_back_while_a_page_is_read(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    for number in range(20):
        await ann.say(group, f"{number}")
    await bob.up_to(group, 22)
    ats = {entry["pos"]: entry["at"] for entry in bob.entries[group]}
    await bob.ask("group.close", group=group)
    bob.entries[group].clear()
    with held_reads(town.server.hub, passing=1) as reads:
        await bob.ask("group.open", group=group, after=10, at=ats[10])
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        # The page behind 10 is being read; the read of the second opening passes it.
        await bob.ask("group.open", group=group, after=4, at=ats[4])
    await bob.up_to(group, 22)
    assert [entry["pos"] for entry in bob.entries[group]] == list(range(5, 23))


async def far_behind(town: Town, names: str) -> tuple[Phone, list[Phone], str, dict[str, Any]]:
    """Somebody in a group, others who have it closed since entry 2, and more than a page behind that."""
    ann, *others = await town.people(*names.split())
    group = await town.group_of(ann, *others)
    start = (await ann.up_to(group, 2))[1]
    for phone in others:
        await phone.ask("group.close", group=group)
        phone.entries[group].clear()
    for number in range(40):
        await ann.say(group, f"{number}")
    return ann, others, group, start


async def read_behind(phone: Phone, group: str, start: dict[str, Any], pos: int) -> list[str]:
    """What somebody reads who opens the group at entry 2."""
    await phone.ask("group.open", group=group, after=start["pos"], at=start["at"])
    entries = await phone.up_to(group, pos)
    assert [entry["pos"] for entry in entries] == list(range(start["pos"] + 1, pos + 1))
    return texts(entries)


@pytest.mark.promise("P5", "shared_page")
@pytest.mark.promise("P9", "behind.page")
async def test_a_page_is_kept_for_who_comes_later_until_something_of_it_is_taken_back(town: Town) -> None:
    ann, (bob, cat, dan, eve), group, start = await far_behind(town, "ann bob cat dan eve")
    hub = town.server.hub
    before, head = hub.pages.reads, hub.feeds[group].head
    first = await read_behind(bob, group, start, head)
    assert hub.pages.reads - before == 2
    assert await read_behind(cat, group, start, head) == first
    assert hub.pages.reads - before == 2
    last = await ann.say(group, "one more")
    assert await read_behind(dan, group, start, last) == [*first, "one more"]
    assert hub.pages.reads - before == 2, "what came since is in the ring"
    last = (await ann.do("message.recall", group=group, pos=start["pos"] + 1))["pos"]
    assert await read_behind(eve, group, start, last) == [*first[1:], "one more"]
    assert hub.pages.reads - before == 4


@pytest.mark.promise("P9", "behind.page")
async def test_what_the_store_says_after_the_writer_was_lost_is_read_anew(town: Town) -> None:
    _, (bob, cat), group, start = await far_behind(town, "ann bob cat")
    hub = town.server.hub
    head = hub.feeds[group].head
    first = await read_behind(bob, group, start, head)
    before = hub.pages.reads
    hub.n -= 1  # as if it had not heard of the last commit
    await catch_up_with_store(hub, hub.n + 1)
    hub.n += 1
    assert await read_behind(cat, group, start, head) == first
    assert hub.pages.reads - before == 2


@pytest.mark.parametrize(
    ("failure", "code"), [(ReaderLost("gone"), CLOSE_UNAVAILABLE), (RuntimeError("a fault"), CLOSE_INTERNAL)]
)
@on_loop
async def test_a_page_that_cannot_be_read_ends_only_the_connections_that_wait_for_it(
    failure: Exception, code: int, sqlite_url: str, tmp_path: Path
) -> None:
    async with living_town(sqlite_url, tmp_path, **SETTINGS) as town:
        ann, (bob, cat), group, start = await far_behind(town, "ann bob cat")
        hub = town.server.hub
        with pytest.MonkeyPatch.context() as patch:

            def fail(*_: object) -> None:
                raise failure

            patch.setattr(messages, "page_up", fail)
            for phone in (bob, cat):
                phone.send("group.open", group=group, after=start["pos"], at=start["at"])
            assert [await phone.closed() for phone in (bob, cat)] == [code, code]
        pos = await ann.say(group, "still here")
        back = await town.back(bob)
        assert (await back.up_to(group, pos))[-1]["body"]["text"] == "still here"
        assert hub.pages._waiting == {}


@pytest.mark.promise("P9", "behind.page")
async def test_a_recall_while_a_page_is_read_has_it_read_again(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    start = (await bob.up_to(group, 2))[-1]
    await bob.ask("group.close", group=group)
    regretted = await ann.say(group, "regretted")
    for number in range(12):
        await ann.say(group, f"{number}")
    with held_reads(town.server.hub, passing=1) as reads:
        await bob.ask("group.open", group=group, after=start["pos"], at=start["at"])
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        last = (await ann.do("message.recall", group=group, pos=regretted))["pos"]
    await bob.up_to(group, last)
    assert not says(bob, "regretted")


@pytest.mark.promise("P7", "behind")
async def test_who_is_put_out_while_their_page_is_read_does_not_get_it(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    start = (await bob.up_to(group, 2))[-1]
    await bob.ask("group.close", group=group)
    for number in range(12):
        await ann.say(group, f"number {number}")
    with held_reads(town.server.hub, passing=1) as reads:
        await bob.ask("group.open", group=group, after=start["pos"], at=start["at"])
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        await ann.do("member.kick", group=group, user=bob.user)
    await bob.own("removed", group)
    await bob.settle()
    assert all(entry["pos"] <= start["pos"] for entry in bob.entries[group])


async def one_of(*answers: asyncio.Future[dict[str, Any]]) -> list[str]:
    """The codes of several responses, "" for an acceptance."""
    return [(await asyncio.wait_for(answer, PATIENCE_S)).get("error", {}).get("code", "") for answer in answers]


@pytest.mark.promise("P5", "shared_page")
async def test_those_who_wait_for_the_same_page_share_one_read(town: Town) -> None:
    ann, *others = await town.people("ann", "bob", "cat", "dan")
    group = await town.group_of(ann, *others)
    start = (await ann.up_to(group, 2))[-1]
    for phone in others:
        await phone.ask("group.close", group=group)
    pos = max([await ann.say(group, f"{number}") for number in range(20)])
    hub = town.server.hub
    before = hub.pages.reads
    with held_reads(hub, holding=3) as reads:
        reads.wanted = 3  # all three go on from the same turn of the loop
        opened = [phone.send("group.open", group=group, after=2, at=start["at"]) for phone in others]
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
    assert await one_of(*opened) == ["", "", ""]
    for phone in others:
        await phone.up_to(group, pos)
    assert hub.pages.reads - before == 1


async def nobody_looks(town: Town, names: str) -> tuple[list[Phone], str, int, int]:
    """People with a group that none of them has open, the time of its entry 2, and its head."""
    phones = await town.people(*names.split())
    group = await town.group_of(*phones)
    start = (await phones[0].up_to(group, 2))[1]
    head = max([await phones[0].say(group, f"{number}") for number in range(20)])
    for phone in phones:
        await phone.up_to(group, head)
        await phone.ask("group.close", group=group)
        phone.entries[group].clear()
    assert town.server.hub.feeds[group].ring is None
    return phones, group, int(start["at"]), head


ROOMY = {"hub": {"page_entries": 25}}


@on_loop
@pytest.mark.promise("P4", "behind.warm")
async def test_those_who_come_one_after_the_other_need_one_read_and_see_what_changed_since(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with living_town(sqlite_url, tmp_path, **ROOMY) as town:
        (ann, bob, cat, dan), group, at, head = await nobody_looks(town, "ann bob cat dan")
        hub = town.server.hub
        before = hub.pages.reads
        for phone in (bob, cat):
            await phone.ask("group.open", group=group, after=2, at=at)
            await phone.up_to(group, head)
            assert [entry["pos"] for entry in phone.entries[group]] == list(range(3, head + 1))
        assert hub.pages.reads - before == 1
        await ann.do("message.recall", group=group, pos=head)
        last = await ann.say(group, "more")
        await dan.ask("group.open", group=group, after=2, at=at)
        await dan.up_to(group, last)
        assert [entry["pos"] for entry in dan.entries[group]] == list(range(3, last + 1))
        assert "19" not in texts(dan.entries[group])
        assert hub.pages.reads - before == 1


@on_loop
@pytest.mark.promise("P9", "behind.warm")
async def test_what_is_recalled_while_the_first_page_is_read_is_not_kept(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, **ROOMY) as town:
        (ann, bob, cat), group, at, head = await nobody_looks(town, "ann bob cat")
        with held_reads(town.server.hub, passing=1) as reads:
            await bob.ask("group.open", group=group, after=2, at=at)
            await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
            last = (await ann.do("message.recall", group=group, pos=head))["pos"]
        await bob.up_to(group, last)
        await cat.ask("group.open", group=group, after=2, at=at)
        await cat.up_to(group, last)
        for phone in (bob, cat):
            assert "19" not in texts(phone.entries[group])
            assert [entry["pos"] for entry in phone.entries[group]] == list(range(3, last + 1))


@pytest.mark.promise("P7", "live")
async def test_an_answer_for_another_floor_is_never_mixed_up(town: Town) -> None:
    """Two who wait for the same page and see different things in it."""
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
    with held_reads(town.server.hub, passing=2) as reads:
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
