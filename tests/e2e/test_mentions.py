"""Mentions, over the wire: counted on the line of the chat, listed over all groups, gone with what mentioned."""

from __future__ import annotations

from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town
from tests.hub.kit import says


def calling(text: str, *who: Phone | str) -> dict[str, Any]:
    """A text whose first characters mention people; `*` is everybody."""
    named = [{"all": True} if isinstance(one, str) else {"user": one.user} for one in who]
    return {"text": text, "entities": [{"offset": at, "length": 1} | part for at, part in enumerate(named)]}


async def call(phone: Phone, group: str, text: str, *who: Phone | str) -> int:
    """Send a message that mentions people."""
    ok = await phone.do("message.send", group=group, kind="text", body=calling(text, *who))
    return int(ok["pos"])


async def counted(phone: Phone, group: str) -> tuple[int, int | None]:
    """What the line of the chat list says: how many, and the first."""
    line = await phone.line(group)
    return line.get("mentions", 0), line.get("mention")


async def listed(phone: Phone, **page: Any) -> list[tuple[str, int]]:
    """(group, pos) of one page."""
    return [(m["group"], m["entry"]["pos"]) for m in (await phone.ask("mention.list", **page))["mentions"]]


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_mentions_are_counted_until_they_are_read(town: Town, fmt: Format) -> None:
    ann, bob, cat = await town.person("ann"), await town.person("bob", fmt=fmt), await town.person("cat")
    group = await town.group_of(ann, bob, cat)
    await ann.say(group, "to nobody")
    first = await call(ann, group, "@Bob look", bob)
    entry = (await bob.up_to(group, first))[-1]
    assert entry["body"] == calling("@Bob look", bob)
    assert await counted(bob, group) == (1, first)
    assert await counted(cat, group) == (0, None)
    second = await call(ann, group, "@@all", bob, "*")
    assert (await counted(bob, group), await counted(cat, group)) == ((2, first), (1, second))
    assert await counted(ann, group) == (0, None), "her own call"
    fresh = await town.phone_of(bob.sub, "tablet", fmt)
    assert (fresh.hello["groups"][0]["mentions"], fresh.hello["groups"][0]["mention"]) == (2, first)
    opened = await fresh.ask("group.open", group=group)
    assert (opened["mentions"], opened["mention"]) == (2, first)
    await bob.ask("read.mark", group=group, seq=2)
    assert await counted(bob, group) == (1, second)
    await bob.ask("read.mark", group=group, seq=3)
    assert await counted(bob, group) == (0, None)
    assert await listed(bob) == [(group, second), (group, first)], "read or not"


async def test_they_are_listed_over_all_groups_newest_first_in_pages(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    groups = [await town.group_of(ann, bob) for _ in range(3)]
    placed = []
    for number in range(9):
        group = groups[number % 3]
        placed.append((group, await call(ann, group, f"{number} times", *(["*"] if number in (2, 6) else [bob]))))
    pages: list[tuple[str, int]] = []
    page = await bob.ask("mention.list", limit=2)
    while True:
        pages += [(m["group"], m["entry"]["pos"]) for m in page["mentions"]]
        if "more" not in page:
            break
        page = await bob.ask("mention.list", limit=2, after=page["more"])
    assert sorted(pages) == sorted(placed)
    assert len(pages) == len(placed)
    times = {(m["group"], m["entry"]["pos"]): m["entry"]["at"] for m in (await bob.ask("mention.list"))["mentions"]}
    assert [times[one] for one in pages] == sorted(times.values(), reverse=True)
    for bad in ("x", "1:2", "1:2:g:x", ":::", "1:2::3"):
        refusal = await bob.denied("mention.list", after=bad)
        assert (refusal.code, refusal.details["path"]) == ("invalid", "$.data.after")
    assert await listed(ann) == []


@pytest.mark.promise("P7", "mention")
async def test_outsiders_and_those_with_a_block_between_them_are_not_mentioned_and_nobody_can_tell(town: Town) -> None:
    ann, bob, cat, eve = await town.people("ann", "bob", "cat", "eve")
    group = await town.group_of(ann, bob, cat)
    await bob.do("block.add", user=cat.user)
    by_cat = await call(cat, group, "@@@ hello", bob, ann, eve)
    by_bob = await call(bob, group, "@ hello", cat)
    entry = (await ann.up_to(group, by_bob))[-2]
    assert entry["body"] == calling("@@@ hello", bob, ann, eve), "as it was written"
    assert (await counted(bob, group), await counted(cat, group)) == ((0, None), (0, None))
    assert await counted(ann, group) == (1, by_cat)
    for phone in (bob, cat, eve):
        assert await listed(phone) == []
    await ann.do("member.kick", group=group, user=cat.user)
    await cat.own("removed", group)
    await call(ann, group, "@ come back", cat)
    assert await listed(cat) == []


@pytest.mark.promise("P7", "mention")
async def test_everybody_is_called_but_those_who_have_blocked_who_calls(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    await bob.do("block.add", user=ann.user)
    await ann.do("block.add", user=cat.user)
    pos = await call(ann, group, "@ all of you", "*")
    await bob.up_to(group, pos)
    assert (await counted(bob, group), await listed(bob)) == ((0, None), [])
    assert (await counted(cat, group), await listed(cat)) == ((1, pos), [(group, pos)]), "cat cannot notice"
    fresh = await town.phone_of(bob.sub, "fresh")
    assert await counted(fresh, group) == (0, None)
    await bob.do("block.remove", user=ann.user)
    assert (await counted(bob, group), await listed(bob)) == ((1, pos), [(group, pos)])


@pytest.mark.promise("P7", "mention")
async def test_mentions_of_a_group_one_has_left_are_not_listed_nor_after_coming_back(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group, other = await town.group_of(ann, bob), await town.group_of(ann, bob)
    await call(ann, group, "@ before he left", bob)
    await call(ann, group, "@ before he left, all", "*")
    stays = await call(ann, other, "@ elsewhere", bob)
    await bob.do("member.leave", group=group)
    fresh = await town.phone_of(bob.sub, "fresh")
    assert await listed(fresh) == [(other, stays)]
    await ann.do("member.add", group=group, users=[bob.user])
    await bob.own("added", group, 2)
    later = await town.phone_of(bob.sub, "later")
    assert await listed(later) == [(other, stays)]
    assert await counted(later, group) == (0, None)
    assert not says(fresh, "before he left")
    assert not says(later, "before he left")


@pytest.mark.promise("P9", "mention")
async def test_what_is_taken_back_mentions_nobody_and_an_edit_those_it_names(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    named, called = await call(ann, group, "@ regretted", bob), await call(ann, group, "@ regretted", "*")
    pos = await call(ann, group, "@ edited", bob)
    assert await counted(bob, group) == (3, named)
    for gone in (named, called):
        await ann.do("message.recall", group=group, pos=gone)
    assert (await counted(bob, group), await counted(cat, group)) == ((1, pos), (0, None))
    fresh = await town.phone_of(bob.sub, "fresh")
    assert await listed(fresh) == [(group, pos)]
    assert not says(fresh, "regretted")
    body = calling("@ edited again", cat)
    edited = await ann.do("message.edit", group=group, pos=pos, **body)
    assert (await cat.up_to(group, edited["pos"]))[-1]["body"] == body
    assert (await counted(bob, group), await counted(cat, group)) == ((0, None), (1, pos))
    assert (await listed(bob), await listed(cat)) == ([], [(group, pos)])


async def test_calling_everybody_needs_a_right_and_has_a_budget(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    body = calling("@all", "*")
    assert (await bob.cannot("message.send", group=group, kind="text", body=body)) == "forbidden"
    for _ in range(3):
        await call(ann, group, "@all", "*")
    refusal = await ann.denied("message.send", group=group, kind="text", body=body, cid=new_cid())
    assert (refusal.code, refusal.details) == ("limit", {"bound": "mention_all_per_day", "max": 3})
    many = [{"offset": at, "length": 1, "user": f"u{at:022}"} for at in range(21)]
    refusal = await bob.denied(
        "message.send", group=group, kind="text", body={"text": "x" * 21, "entities": many}, cid=new_cid()
    )
    assert (refusal.code, refusal.details) == ("limit", {"bound": "mentions_per_message", "max": 20})
