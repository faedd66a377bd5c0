"""Pins and featured posts, over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import Phone
from tests.e2e.town import Town
from tests.hub.kit import says

FORMATS: tuple[Format, ...] = ("json", "msgpack")


async def pins(phone: Phone, group: str) -> list[int]:
    """The pinned positions, in their order."""
    return [pin["entry"]["pos"] for pin in (await phone.ask("pin.list", group=group))["pins"]]


async def featured(phone: Phone, group: str, **page: Any) -> list[int]:
    """The featured positions of one page."""
    return [post["entry"]["pos"] for post in (await phone.ask("feature.list", group=group, **page))["posts"]]


@pytest.mark.parametrize("fmt", FORMATS)
async def test_pins_are_told_and_listed_in_their_order(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann"), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    first, second, third = [await bob.say(group, text) for text in ("one", "two", "three")]
    assert (await bob.cannot("pin.add", group=group, pos=first)) == "forbidden"
    await ann.do("pin.add", group=group, pos=first)
    ok = await ann.do("pin.add", group=group, pos=second)
    entry = (await bob.up_to(group, ok["pos"]))[-1]
    quote = {"pos": second, "sender": bob.user, "type": "text", "text": "two"}
    assert {key: entry[key] for key in ("kind", "by", "target", "above", "quote")} == {
        "kind": "pin",
        "by": ann.user,
        "target": second,
        "above": first,
        "quote": quote,
    }
    await ann.do("pin.add", group=group, pos=third, above=first)
    assert await pins(bob, group) == [second, third, first]
    assert await ann.do("pin.add", group=group, pos=third, above=first) == {"group": group, "target": third}
    moved = await ann.do("pin.add", group=group, pos=first)
    assert await pins(bob, group) == [first, second, third]
    page = await bob.ask("pin.list", group=group)
    assert page["as_of"] == moved["pos"]
    assert page["pins"][0]["entry"]["body"] == {"text": "one"}
    gone = await ann.do("pin.remove", group=group, pos=second)
    entry = (await bob.up_to(group, gone["pos"]))[-1]
    assert (entry["kind"], entry["target"]) == ("unpin", second)
    assert await pins(bob, group) == [first, third]


@pytest.mark.parametrize("fmt", FORMATS)
async def test_featured_posts_have_notes_and_pages(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann"), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    posts = [await bob.say(group, f"{number}") for number in range(5)]
    made = [await ann.do("feature.add", group=group, pos=pos, note=f"note {pos}") for pos in posts]
    entry = (await bob.up_to(group, made[-1]["pos"]))[-1]
    assert (entry["kind"], entry["target"], entry["note"]) == ("feature", posts[-1], f"note {posts[-1]}")
    assert entry["quote"]["text"] == "4"
    page = await bob.ask("feature.list", group=group, limit=2)
    assert [post["entry"]["pos"] for post in page["posts"]] == posts[:2:-1]
    assert page["posts"][0]["note"] == f"note {posts[-1]}"
    assert await featured(bob, group, before=page["more"], limit=2) == posts[2:0:-1]
    await ann.do("feature.add", group=group, pos=posts[0], note="another")
    assert (await bob.ask("feature.list", group=group))["posts"][-1]["note"] == "another"
    gone = await ann.do("feature.remove", group=group, pos=posts[1])
    assert (await bob.up_to(group, gone["pos"]))[-1]["kind"] == "unfeature"
    assert await featured(bob, group) == [posts[4], posts[3], posts[2], posts[0]]


@pytest.mark.promise("P9", "pin", "feature", "pin_entry")
async def test_what_is_taken_back_is_on_no_list_and_in_no_entry_about_it(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    pos, kept = await ann.say(group, "regretted"), await ann.say(group, "kept")
    for target in (pos, kept):
        await ann.do("pin.add", group=group, pos=target)
        await ann.do("feature.add", group=group, pos=target, note="a note")
    behind = bob.cursors()
    last = (await ann.do("message.recall", group=group, pos=pos))["pos"]
    await bob.up_to(group, last)
    assert (await pins(bob, group), await featured(bob, group)) == ([kept], [kept])
    fresh = await town.phone_of(bob.sub, "fresh")
    resumed = await town.phone_of(bob.sub, "resumed", **behind)
    await resumed.up_to(group, last)
    for entries in (await fresh.history(group), resumed.entries[group]):
        about = [e for e in entries if e["kind"] in ("pin", "feature") and e["target"] == pos]
        assert about == [] or [e["quote"].get("recalled") for e in about] == [True, True]
    history = await fresh.history(group)
    assert [e["kind"] for e in history if e.get("target") == pos] == ["pin", "feature", "recall"]
    for phone in (fresh, resumed):
        assert not says(phone, "regretted")
    assert (await ann.cannot("pin.add", group=group, pos=pos)) == "gone"
    edited = (await ann.do("message.edit", group=group, pos=kept, text="rewritten"))["pos"]
    await bob.up_to(group, edited)
    assert (await bob.ask("pin.list", group=group))["pins"][0]["entry"]["body"] == {"text": "rewritten"}


@pytest.mark.promise("P7", "pin", "feature", "pin_entry")
@pytest.mark.parametrize("fmt", FORMATS)
async def test_who_came_later_sees_neither_what_was_before_nor_that_it_is_pinned(town: Town, fmt: Format) -> None:
    ann, new = await town.person("ann"), await town.person("new", fmt=fmt)
    group = await town.group_of(ann)
    early = await ann.say(group, "before his time")
    await ann.do("pin.add", group=group, pos=early)
    await ann.do("feature.add", group=group, pos=early, note="before his time, noted")
    await town.befriend(ann, new)
    joined = (await ann.do("member.add", group=group, users=[new.user]))["pos"]
    await new.up_to(group, joined)
    cursors = new.cursors()
    later = await ann.say(group, "in his time")
    await ann.do("pin.add", group=group, pos=later, above=early)
    await ann.do("feature.add", group=group, pos=later)
    await ann.do("pin.remove", group=group, pos=early)
    await ann.do("pin.add", group=group, pos=early)
    await ann.do("feature.remove", group=group, pos=early)
    last = (await ann.do("feature.add", group=group, pos=early, note="before his time, again"))["pos"]
    live = await new.up_to(group, last)
    assert [e["kind"] for e in live[1:]] == ["message", "pin", "feature"] + ["hidden"] * 4
    back = await town.phone_of(new.sub, "back", fmt, **cursors)
    assert [e["pos"] for e in await back.up_to(group, last) if e["kind"] == "hidden"] == list(range(last - 3, last + 1))
    assert (await pins(new, group), await featured(new, group)) == ([later], [later])
    assert (await pins(ann, group), await featured(ann, group)) == ([early, later], [later, early])
    await ann.do("member.role", group=group, user=new.user, role="admin")
    assert (await new.cannot("pin.remove", group=group, pos=early)) == "not_found"
    assert (await new.cannot("feature.add", group=group, pos=early)) == "not_found"
    for phone in (new, back):
        assert not says(phone, "before his time")


async def test_in_a_direct_chat_both_pin(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    await town.befriend(ann, bob)
    group = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    pos = await ann.say(group, "ours")
    await bob.do("pin.add", group=group, pos=pos)
    assert await pins(ann, group) == [pos]
    await ann.do("follow.remove", user=bob.user)
    assert (await bob.cannot("pin.remove", group=group, pos=pos)) == "read_only"
    assert await pins(bob, group) == [pos]
