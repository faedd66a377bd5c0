"""What is read, and what is kept, of a group whose older messages went by age."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.phone import PATIENCE_S
from tests.e2e.test_retention import KEEPING, cut, problems, ran, three_who_chat, town_of
from tests.e2e.town import on_loop
from tests.hub.kit import says, texts


@pytest.mark.promise("P9", "retention")
@on_loop
async def test_nothing_that_went_is_read_anywhere(store_url: str, tmp_path: Path) -> None:
    searching = {"search": {"on": True, "follow_every_s": 0.01}}
    async with town_of(store_url, tmp_path, **searching) as (town, _):
        ann, bob, group, said = await three_who_chat(town)
        calls = {"text": "old call", "entities": [{"offset": 0, "length": 3, "user": bob.user}]}
        call = (await ann.do("message.send", group=group, kind="text", body=calls))["pos"]
        answer = await bob.say(group, "new answer", reply_to=said[0])
        await ann.do("reaction.add", group=group, pos=said[1], emoji="👍")
        last = (await bob.do("message.recall", group=group, pos=await bob.say(group, "oops")))["pos"]
        await bob.up_to(group, last)
        assert (await bob.line(group))["unread"] == 0
        cat = await town.person("cat")
        assert (await ann.ask("message.history", group=group, before=answer + 1, limit=1))["entries"][0]["quote"]
        await cut(town, group, call)
        for phone in (ann, bob):
            page = await phone.ask("message.history", group=group)
            assert page["floor"] == call
            assert [entry["pos"] for entry in page["entries"]] == list(range(call + 1, last + 1))
            assert "quote" not in page["entries"][0]
            assert page["entries"][0]["reply_to"] == said[0]
            assert [entry["kind"] for entry in page["entries"]] == ["message", "reaction", "message", "recall"]
            around = await phone.ask("message.history", group=group, around=said[2], limit=4)
            assert around["entries"][0]["pos"] == call + 1
            after = await phone.ask("message.history", group=group, after=0, limit=2)
            assert after["entries"][0]["pos"] == call + 1
            assert (await phone.ask("message.at", group=group, at=0))["pos"] == call + 1
            line = await phone.line(group)
            assert (line["floor"], line["unread"], line.get("mentions")) == (call, int(phone is ann), None)
            assert (await phone.ask("mention.list"))["mentions"] == []
            assert await phone.cannot(
                "message.send", group=group, kind="text", body={"text": "?"}, reply_to=said[0]
            ) == ("not_found")
            for op, more in (("reaction.add", {"emoji": "x"}), ("message.recall", {}), ("message.edit", {"text": "x"})):
                assert await phone.cannot(op, group=group, pos=said[0], **more) == "not_found"
            assert (await phone.denied("reaction.list", group=group, pos=said[1])).code == "not_found"
        search = town.server.hub.search
        assert search is not None
        async with asyncio.timeout(PATIENCE_S):
            await search.caught_up()
        assert (await ann.ask("message.search", query="old"))["hits"] == []
        assert [hit["pos"] for hit in (await ann.ask("message.search", query="new"))["hits"]] == [answer]
        await town.befriend(ann, cat)
        await ann.do("member.add", group=group, users=[cat.user])
        assert not says(cat, "old")
    assert problems(store_url) == []


@on_loop
async def test_the_newest_line_and_what_is_unread_are_those_above(store_url: str, tmp_path: Path) -> None:
    async with town_of(store_url, tmp_path) as (town, _):
        ann, bob, group, said = await three_who_chat(town)
        assert (await bob.line(group))["unread"] == 6
        await cut(town, group, said[3])
        line = await bob.line(group)
        assert (line["unread"], line["read"], line["seq"]) == (2, 4, 6)
        assert line["last"]["body"]["text"] == "old 5"
        await ann.do("pin.add", group=group, pos=said[5])
        await cut(town, group, said[5])
        line = await bob.line(group)
        assert (line["unread"], line["read"], line["seq"], line.get("last")) == (0, 6, 6, None)
        back = await town.phone_of(bob.sub, "tablet")
        assert next(one for one in back.hello["groups"] if one["group"] == group)["unread"] == 0
        listed = (await back.ask("group.list"))["groups"]
        assert [(one["group"], one["floor"]) for one in listed] == [(group, said[5])]
        assert ann.user


@on_loop
async def test_pinned_and_featured_ones_are_read_until_they_are_taken_down(store_url: str, tmp_path: Path) -> None:
    async with town_of(store_url, tmp_path) as (town, clock):
        ann, bob, group, said = await three_who_chat(town)
        await ann.do("pin.add", group=group, pos=said[1])
        await ann.do("feature.add", group=group, pos=said[2])
        answer = await bob.say(group, "so true", reply_to=said[1])
        clock.pass_by(30)
        await ann.say(group, "new")
        plan = await town.act("retention.plan", group=group)
        assert [(one["messages"], one["kept"]) for one in plan["groups"]] == [(5, 2)]
        await ran(town, group)

        async def board() -> tuple[list[str], list[str]]:
            pins = (await bob.ask("pin.list", group=group))["pins"]
            posts = (await bob.ask("feature.list", group=group))["posts"]
            return texts([one["entry"] for one in pins]), texts([one["entry"] for one in posts])

        assert await board() == (["old 1"], ["old 2"])
        assert texts(await bob.history(group)) == ["new"]
        await bob.do("reaction.add", group=group, pos=said[1], emoji="👍")
        assert (await bob.ask("reaction.list", group=group, pos=said[1]))["reactions"]
        done = await ann.do("pin.remove", group=group, pos=said[1])
        await bob.up_to(group, done["pos"])
        assert bob.entries[group][-1] | {"at": 0, "cid": ""} == {
            "kind": "unpin",
            "pos": done["pos"],
            "at": 0,
            "by": ann.user,
            "cid": "",
            "target": said[1],
        }
        assert await board() == ([], ["old 2"])
        town.server.hub.jobs.wake("retention")
        async with asyncio.timeout(PATIENCE_S):
            while (await bob.denied_or("reaction.list", group=group, pos=said[1])) != "not_found":
                pass  # each turn asks the server anew
        await ann.do("message.recall", group=group, pos=said[2])
        assert await board() == ([], [])
        assert answer
    assert problems(store_url) == []


@on_loop
async def test_the_server_does_it_by_itself_and_each_group_as_it_was_chosen(store_url: str, tmp_path: Path) -> None:
    settings = KEEPING | {"every_hours": 0.001, "days": 0}
    async with town_of(store_url, tmp_path, retention=settings) as (town, clock):
        ann, bob = await town.people("ann", "bob")
        short, long = await town.group_of(ann, bob), await town.group_of(ann, bob)
        for group in (short, long):
            await ann.say(group, "old")
        await town.act("retention.set", group=short, days=7)
        shown = await town.act("retention.show")
        assert [(one["group"], one["days"]) for one in shown["groups"]] == [(short, 7)]
        clock.pass_by(7)
        await ann.say(short, "new")
        await bob.until(lambda: bob.floors.get(short))
        assert texts(await bob.history(short)) == ["new"]
        assert texts(await bob.history(long)) == ["old"]
        assert long not in bob.floors
        acts = [(row["act"], row.get("by")) for row in (await town.act("audit", limit=1))["rows"]]
        assert acts == [("retention.set", None)]
    assert problems(store_url) == []
