"""Unsent text: on every device at once, in the store by and by, and never more of it than is allowed to wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.app import now_ms
from chatd_protocol.codec import Format
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import says

STORES = ["sqlite", "postgresql"]
FORMATS = ["json", "msgpack"]


@pytest.mark.parametrize("fmt", FORMATS)
async def test_unsent_text_waits_on_every_device(town: Town, fmt: Format) -> None:
    ann = await town.person("ann", fmt=fmt)
    bob = await town.person("bob")
    group = await town.group_of(ann, bob)
    desk = await town.phone_of(ann.sub, "desk", fmt)
    text = "明天" * 80
    saved = await ann.ask("draft.save", group=group, text=text, reply_to=1)
    signal = await desk.signal("draft")
    assert signal == {"group": group, "at": saved["at"], "text": text, "reply_to": 1}
    shown = {"at": saved["at"], "text": text[:100], "reply_to": 1, "cut": True}
    whole = {"at": saved["at"], "text": text, "reply_to": 1}
    hub = town.server.hub
    for stored in (False, True):
        if stored:
            hub.drafts.save(hub.link)
            await hub.link.settled()
            assert len(hub.drafts) == 0
        fresh = await town.phone_of(ann.sub, f"fresh {stored}".replace(" ", "-"), fmt)
        assert fresh.hello["groups"][0]["draft"] == shown
        assert (await fresh.ask("group.list"))["groups"][0]["draft"] == shown
        assert (await fresh.ask("group.open", group=group))["draft"] == shown
        assert (await fresh.ask("group.get", group=group))["draft"] == whole
        line = await fresh.line(group)
        back = await town.back(fresh, heads={group: (line["head"], line["at"])})
        assert back.hello["drafts"] == {group: saved["at"]}
    upos = desk.mine_cursor
    await ann.ask("draft.save", group=group, text="  \n")
    assert (await desk.signal("draft", lambda data: data["text"] == ""))["group"] == group
    for stored in (False, True):
        if stored:
            hub.drafts.save(hub.link)
            await hub.link.settled()
        assert "draft" not in await desk.line(group)
        assert "draft" not in await desk.ask("group.get", group=group)
        line = await desk.line(group)
        assert "drafts" not in (await town.back(desk, "other", heads={group: (line["head"], line["at"])})).hello
    assert desk.mine_cursor == upos, "the own log knows nothing of it"
    await bob.settle()
    assert not says(bob, "明天")
    assert "draft" not in await bob.line(group)


async def test_unsent_text_is_written_once_however_often_it_came(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    hub = town.server.hub
    n = hub.n
    for length in range(1, 40):
        await ann.ask("draft.save", group=group, text="x" * length)
    assert hub.n == n
    assert len(hub.drafts) == 1
    hub.drafts.save(hub.link)
    await hub.link.settled()
    await hub.caught_up(n + 1)
    assert hub.n == n + 1


@pytest.mark.promise("P8", "drafts")
async def test_more_unsent_texts_than_may_wait_are_refused_for_a_moment(town: Town) -> None:
    ann = await town.person("ann")
    first, second = await town.group_of(ann), await town.group_of(ann)
    drafts = town.server.hub.drafts
    most, drafts._most = drafts._most, len(drafts) + 1
    try:
        await ann.ask("draft.save", group=first, text="one")
        denied = await ann.denied("draft.save", group=second, text="two")
        assert (denied.code, denied.error["retry_after"] > 0) == ("overloaded", True)
        await ann.ask("draft.save", group=first, text="another one")
        drafts.save(town.server.hub.link)
        await town.server.hub.link.settled()
        await ann.ask("draft.save", group=second, text="two")
    finally:
        drafts._most = most


@pytest.mark.parametrize("stored", [False, True], ids=["kept", "stored"])
async def test_unsent_text_belongs_to_one_stay_in_the_group(town: Town, stored: bool) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    hub = town.server.hub
    await bob.ask("draft.save", group=group, text="of the first stay")
    if stored:
        hub.drafts.save(hub.link)
        await hub.link.settled()
    await bob.do("member.leave", group=group)
    came = (await ann.do("member.add", group=group, users=[bob.user]))["pos"]
    await bob.up_to(group, came)
    fresh = await town.phone_of(bob.sub, "fresh")
    for line in (await bob.line(group), await bob.ask("group.get", group=group), fresh.hello["groups"][0]):
        assert "draft" not in line


@on_loop
@pytest.mark.parametrize("stored", [False, True], ids=["kept", "stored"])
async def test_unsent_text_is_kept_although_the_clock_was_put_back(
    store_url: str, tmp_path: Path, stored: bool
) -> None:
    async with living_town(store_url, tmp_path, clock_ms=lambda: now_ms() - 5_000) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        saved = await ann.ask("draft.save", group=group, text="tomorrow")
        if stored:
            town.server.hub.drafts.save(town.server.hub.link)
            await town.server.hub.link.settled()
        assert saved["at"] >= (await ann.line(group))["at"]
        fresh = await town.phone_of(ann.sub, "fresh")
        assert fresh.hello["groups"][0]["draft"] == {"at": saved["at"], "text": "tomorrow"}
        line = await fresh.line(group)
        back = await town.back(fresh, heads={group: (line["head"], line["at"])})
        assert back.hello["drafts"] == {group: saved["at"]}
