"""Coming back: a client that says where it was gets exactly what it missed, or is told that it cannot be had."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import texts


@pytest.mark.promise("P4", "resume.ring", "resume.mine")
async def test_who_comes_back_gets_exactly_what_was_missed(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    other = await town.group_of(ann)
    await bob.up_to(group, await ann.say(group, "seen"))
    await bob.cut_off()
    missed = [await ann.say(group, f"missed {number}") for number in range(3)]
    await ann.do("message.edit", group=group, pos=missed[0], text="missed, edited")
    await ann.do("reaction.add", group=group, pos=missed[1], emoji="👍")
    await ann.do("message.recall", group=group, pos=missed[2])
    await ann.do("member.add", group=other, users=[bob.user])
    again = await town.back(bob)
    last = await ann.say(group, "live")
    await again.up_to(group, last)
    assert again.entries[group] == (await ann.history(group))[-7:]
    assert again.entries[group][0]["pos"] == bob.cursor[group] + 1
    assert [e["kind"] for e in again.mine] == ["added"]
    assert other in {line["group"] for line in again.hello["groups"]}


@pytest.mark.promise("P4", "resume.store")
async def test_what_was_missed_may_be_more_than_anybody_remembers(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await bob.cut_off()
    answers = [
        ann.send("message.send", group=group, cid=new_cid(), kind="text", body={"text": f"{number}"})
        for number in range(400)
    ]
    last = max([(await ann.answer_to(answer))["pos"] for answer in answers])
    again = await town.back(bob)
    await again.up_to(group, last)
    await ann.up_to(group, last)
    assert again.entries[group] == ann.entries[group][-400:]
    assert town.server.hub.pages.reads > 0


@pytest.mark.promise("P4", "resume.unchanged")
async def test_who_missed_nothing_is_told_nothing(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await bob.up_to(group, await ann.say(group, "seen"))
    again = await town.back(bob)
    assert again.hello["groups"] == []
    assert again.hello["mine"] == bob.mine_cursor[0]
    await again.up_to(group, await ann.say(group, "live from there"))
    assert texts(again.entries[group]) == ["live from there"]
    assert again.mine == []


@pytest.mark.promise("P4", "own_log.head")
async def test_hello_tells_where_the_own_log_stands(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    await town.group_of(ann, bob)
    fresh = await town.phone_of(bob.sub, "tablet")
    assert (fresh.hello["mine"], fresh.hello["mine_at"]) == bob.mine_cursor
    assert fresh.mine == []
    group = await town.group_of(ann, bob)
    assert (await fresh.own("added", group))["upos"] == fresh.mine_cursor[0]
    again = await town.back(fresh)
    assert again.mine == []
    assert "reset" not in again.hello


@pytest.mark.promise("P4", "reset")
@pytest.mark.parametrize("wrong", ["at", "beyond", "mine at", "mine beyond"])
async def test_a_cursor_of_another_past_is_reset(town: Town, wrong: str) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    pos, at = bob.at[group]
    upos, mine_at = bob.mine_cursor
    await ann.say(group, "one more")
    cursors: dict[str, dict[str, Any]] = {
        "at": {"heads": {group: (pos, at + 1)}},
        "beyond": {"heads": {group: (pos + 100, at)}},
        "mine at": {"mine": (upos, mine_at + 1)},
        "mine beyond": {"mine": (upos + 100, mine_at)},
    }
    again = await town.back(bob, **cursors[wrong])
    line = again.hello["groups"][0]  # also when only the own log is of another past: everything is told anew
    if wrong in ("at", "beyond"):
        assert line["reset"] is True
        assert line["after"] == line["head"] == pos + 1
        assert "reset" not in again.hello
    else:
        assert again.hello["reset"] is True
        assert again.mine_cursor == (upos, mine_at)
    await again.up_to(group, await ann.say(group, "live"))
    assert texts(again.entries[group])[-1] == "live"


@pytest.mark.promise("P4", "epoch")
async def test_cursors_of_another_life_of_the_database_are_reset(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    again = await town.back(bob, epoch="another")
    assert again.hello["reset"] is True
    assert again.hello["groups"][0]["after"] == again.hello["groups"][0]["head"]
    assert again.hello["epoch"] == bob.hello["epoch"]
    await again.up_to(group, await ann.say(group, "live"))
    assert texts(again.entries[group]) == ["live"]


@pytest.mark.promise("P4", "truncated")
@pytest.mark.promise("P7", "resume.floor")
async def test_a_cursor_of_an_earlier_stay_is_told_from_where_it_goes_on(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    cursors = bob.cursors()
    await bob.hang_up()
    await ann.say(group, "in the first stay")
    await ann.do("member.kick", group=group, user=bob.user)
    await ann.say(group, "while he was out")
    pos = (await ann.do("member.add", group=group, users=[bob.user]))["pos"]
    again = await town.phone_of(bob.sub, "phone", **cursors)
    line = again.hello["groups"][0]
    assert line["truncated"] == line["after"] == line["floor"] == pos - 1
    assert [e["kind"] for e in await again.up_to(group, pos)] == ["members"]
    await again.own("added", group)
    assert [e["kind"] for e in again.mine] == ["removed", "added"]


@pytest.mark.promise("P4", "own_log.truncated")
@on_loop
async def test_an_own_log_that_was_cut_says_so(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, store={"user_log_keep": 5}) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        cursors = bob.cursors()
        await bob.hang_up()
        for _ in range(12):
            await ann.do("member.kick", group=group, user=bob.user)
            await ann.do("member.add", group=group, users=[bob.user])
        again = await town.phone_of(bob.sub, "phone", **cursors)
        floor = again.hello["mine_truncated"]
        assert floor > cursors["mine"][0]
        again.mine_cursor = (floor, 0)
        await again.until(lambda: again.mine_cursor[0] == again.hello["mine"])
        assert again.mine[0]["upos"] == floor + 1
        assert again.mine[-1]["kind"] == "added"


@on_loop
async def test_the_chat_list_of_hello_is_a_page_and_goes_on_with_group_list(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, hub={"live_groups": 3}) as town:
        ann = await town.person("ann")
        groups = {await town.group_of(ann, title=f"{number}") for number in range(60)}
        fresh = await town.phone_of(ann.sub, "tablet")
        lines = list(fresh.hello["groups"])
        assert [line.get("live", False) for line in lines] == [True] * 3 + [False] * (len(lines) - 3)
        assert len(lines) < 60
        more = fresh.hello["more"]
        while more:
            page = await fresh.ask("group.list", after=more, limit=7)
            lines += page["groups"]
            more = page.get("more")
        assert [line["group"] for line in lines] == [
            line["group"] for line in sorted(lines, key=lambda line: (line["at"], line["group"]), reverse=True)
        ]
        assert {line["group"] for line in lines} == groups
        newest = lines[-1]["group"]
        await ann.say(newest, "bump")
        again = await town.phone_of(ann.sub, "laptop", **fresh.cursors() | {"heads": {}})
        assert again.hello["groups"][0]["group"] == newest


@on_loop
@pytest.mark.promise("P4", "heads", "open")
async def test_of_a_group_that_is_not_live_one_hears_by_heads_and_opens_it(sqlite_url: str, tmp_path: Path) -> None:
    settings = {"live_groups": 1, "heads_interval_s": 0.05}
    async with living_town(sqlite_url, tmp_path, hub=settings) as town:
        ann, bob = await town.people("ann", "bob")
        quiet, busy = await town.group_of(ann, bob), await town.group_of(ann, bob)
        first = await ann.say(quiet, "early")
        at = (await bob.up_to(quiet, first))[-1]["at"]
        while (await bob.up_to(busy, await ann.say(busy, "newest")))[-1]["at"] == at:
            pass  # of two groups in the same millisecond neither is the newer one
        fresh = await town.phone_of(bob.sub, "tablet")
        assert {line["group"]: line.get("live", False) for line in fresh.hello["groups"]} == {busy: True, quiet: False}
        await fresh.signal("heads", lambda data: data["heads"] == {})
        last = await ann.say(quiet, "while not live")
        told = await fresh.signal("heads", lambda data: quiet in data["heads"])
        assert told["heads"].keys() == {quiet}
        assert told["heads"][quiet] == [last, (await ann.up_to(quiet, last))[-1]["at"]]
        assert quiet not in fresh.entries
        opened = await fresh.ask("group.open", group=quiet, after=first, at=at)
        assert (opened["live"], opened["after"], opened["head"]) == (True, first, last)
        await fresh.up_to(quiet, await ann.say(quiet, "live"))
        assert texts(fresh.entries[quiet]) == ["while not live", "live"]
        await fresh.ask("group.close", group=quiet)
        last = await ann.say(quiet, "closed again")
        await fresh.signal("heads", lambda data: data["heads"].get(quiet, [0])[0] == last)
        assert texts(fresh.entries[quiet]) == ["while not live", "live"]
        assert (await fresh.line(quiet)).get("live", False) is False


@pytest.mark.promise("P4", "open")
async def test_opening_without_a_cursor_goes_on_from_the_head(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await bob.ask("group.close", group=group)
    pos = await ann.say(group, "not pushed")
    opened = await bob.ask("group.open", group=group)
    assert (opened["after"], opened["last"]["body"]["text"]) == (pos, "not pushed")
    bob.entries.clear()
    await bob.up_to(group, await ann.say(group, "pushed"))
    assert texts(bob.entries[group]) == ["pushed"]
    wrong = await bob.ask("group.open", group=group, after=pos, at=1)
    assert wrong["reset"] is True
    beyond = await bob.ask("group.open", group=group, after=pos + 50, at=1)
    assert beyond["reset"] is True
    assert (await bob.denied("group.open", group=group, after=pos)).code == "invalid"


async def test_devices_read_by_themselves(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    tablet = await town.phone_of(bob.sub, "tablet", fmt="msgpack")
    pos = await bob.say(group, "from the phone")
    for phone in (ann, bob, tablet):
        assert texts((await phone.up_to(group, pos))[-1:]) == ["from the phone"]
    pos = await tablet.say(group, "from the tablet")
    await bob.up_to(group, pos)
    await bob.hang_up()
    pos = await ann.say(group, "the tablet goes on")
    await tablet.up_to(group, pos)
    again = await town.back(bob)
    assert texts(await again.up_to(group, pos)) == ["the tablet goes on"]


async def test_where_a_group_is_not_live_its_own_messages_are_told_as_read(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    desk = await town.phone_of(bob.sub, "desk")
    await desk.ask("group.close", group=group)
    await bob.say(group, "seen by whoever wrote it")
    await desk.until(lambda: ("read", {"group": group, "read": 1}) in desk.signals)
    line = next(one for one in (await desk.ask("group.list"))["groups"] if one["group"] == group)
    assert (line["seq"], line["read"], line["unread"]) == (1, 1, 0)
    assert all(name != "read" for name, _ in bob.signals), "the entry itself says it where it is pushed"


async def test_a_newer_connection_of_a_device_replaces_the_older(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    again = await town.back(bob)
    assert await bob.closed() == 4404
    await again.up_to(group, await ann.say(group, "to the new one"))
    tab = await town.phone_of(bob.sub, "another")
    await tab.settle()
    await again.settle()


@on_loop
@pytest.mark.promise("P8", "connections")
async def test_a_person_has_so_many_connections_and_no_more(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, limits={"connections_per_user": 2}) as town:
        ann = await town.person("ann")
        await town.phone_of(ann.sub, "second")
        third = await town.dial()
        third.send("session.hello", token=town.server.token(ann.sub), device="third")
        assert await third.closed() == 4101
        again = await town.back(ann)
        assert await ann.closed() == 4404, "one more of the same device is not one more"
        await again.hang_up()
        await town.phone_of(ann.sub, "third")


@on_loop
@pytest.mark.promise("P4", "hello.seam", "race")
async def test_coming_back_again_and_again_while_everything_moves(store_url: str, tmp_path: Path) -> None:
    """Whatever a person saw over many connections is one log: no hole and no repetition inside a stay."""
    async with living_town(store_url, tmp_path, hub={"ring_entries": 8, "page_entries": 5}) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        stop = asyncio.Event()

        async def move() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                await ann.say(group, f"{number}")
                if number % 7 == 0:
                    await ann.do("member.kick", group=group, user=bob.user)
                    await ann.do("member.add", group=group, users=[bob.user])

        moving = asyncio.ensure_future(move())
        phones = [bob]
        for number in range(40):
            await phones[-1].cut_off()
            phones.append(await town.back(phones[-1], device=f"d{number % 3}"))
            if number % 2:
                await phones[-1].settle()
        stop.set()
        await moving
        last = await ann.say(group, "the end")
        await phones[-1].up_to(group, last)
        await ann.up_to(group, last)
        _check_stays(ann, phones, group)


def _check_stays(ann: Phone, phones: list[Phone], group: str) -> None:
    truth = {e["pos"]: e for e in ann.entries[group]}
    seen = [e for phone in phones for e in phone.entries.get(group, [])]
    assert [e["pos"] for e in seen] == sorted({e["pos"] for e in seen}), "nothing twice, nothing out of order"
    for entry in seen:
        assert entry == truth[entry["pos"]]
    mine = [e for phone in phones for e in phone.mine if e["group"] == group]
    assert [e["upos"] for e in mine] == sorted({e["upos"] for e in mine})
    stays: list[list[int]] = []
    for entry in mine:
        if entry["kind"] == "added":
            stays.append([entry["pos"], max(truth) + 1])
        else:
            stays[-1][1] = entry["pos"]
    positions = {e["pos"] for e in seen}
    begun = {line.get("after") for p in phones for line in p.hello["groups"] if line["group"] == group}
    assert all(any(start <= pos < end for start, end in stays) for pos in positions), "only what is inside a stay"
    for start, end in stays:
        inside = sorted(pos for pos in positions if start <= pos < end)
        first = inside[0] if inside else start
        assert inside == list(range(first, first + len(inside))), "a stay has no hole"
        assert first == start or first - 1 in begun, "it begins with coming in, or where hello said"
    assert max(positions) == max(truth)


@on_loop
@pytest.mark.promise("P1", "drain")
async def test_after_a_stop_everything_is_in_the_one_file(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        pos = await ann.say(group, "the last words")
    database = Path(sqlite_url.removeprefix("sqlite:///"))
    alone = shutil.copy(database, tmp_path / "alone.db")
    with closing(sqlite3.connect(f"file:{alone}?mode=ro&immutable=1", uri=True)) as copy:
        assert copy.execute("SELECT max(pos) FROM entries WHERE group_id = ?", (group,)).fetchall() == [(pos,)]
