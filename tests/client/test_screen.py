"""The full-screen chat against a real server: what one person sees and does, while others use their phones."""

from __future__ import annotations

import pytest

from chatd.testing import running_server
from tests.client.peer import in_loop
from tests.client.sitting import at_phones, hears_of_reading, sitting, user_of


@in_loop
async def test_two_people_talk(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await bob.create_group("石榴哥粉丝群")).group
        await bob.add_members(group, [user_of(ann)])
        await bob.send(group, "大家好")
        async with sitting(server, "ann", "Ann") as here:
            await here.sees("石榴哥粉丝群", "2 members")
            await here.sees("大家好")
            await here.type("hello 世界")
            await here.sees("hello 世界")
            page = await bob.read_history(group)
            mine = page.entries[-1]
            assert mine["body"] == {"text": "hello 世界"} or mine["body"]["text"] == "hello 世界"  # type: ignore[index]
            await bob.send(group, "回你一句", reply_to=int(str(mine["pos"])))
            await here.sees("┆", "hello 世界")
            await here.sees("回你一句")
            await bob.react(group, int(str(mine["pos"])), "👍")
            await here.sees("👍 1")
            await here.press("up", "+")
            await here.sees("React to")
            await here.press("down", "down", "down", "enter")
            await here.sees("[🎉 1]")


@in_loop
async def test_what_is_seen_is_read_and_what_is_not_is_counted(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        one = (await bob.create_group("One")).group
        two = (await bob.create_group("Two")).group
        for group in (one, two):
            await bob.add_members(group, [user_of(ann)])
        async with sitting(server, "ann", "Ann", group=one) as here:
            await here.sees("One", "2 members")
            await bob.send(one, "seen at once")
            await here.sees("seen at once")
            await bob.send(two, "not seen")
            await bob.send(two, "nor this")
            await here.sees("Two", "(2)")
            await here.sees("Ann", "2 unread")
            line = (await ann.get_group(two)).line
            assert line.unread == 2
            await here.press("ctrl+n")
            await here.sees("Two", "2 members")
            await here.sees("nor this")
            await here.sees_no("(2)")
            await hears_of_reading(ann, one, two)
            for group in (one, two):
                assert (await ann.get_group(group)).line.unread == 0


@in_loop
@pytest.mark.promise("P9", "erase.live")
async def test_what_an_erased_person_said_vanishes_from_the_screen(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        one = (await bob.create_group("One")).group
        two = (await bob.create_group("Two")).group
        for group in (one, two):
            await bob.add_members(group, [user_of(ann)])
        async with sitting(server, "ann", "Ann", group=one) as here:
            await here.sees("One", "2 members")
            said = await bob.send(one, "words of bob")
            await ann.send(one, "an answer", reply_to=said.pos)
            await bob.send(two, "elsewhere too")
            await here.sees("words of bob")
            await here.sees("Two", "(1)")
            await server.hub.erasing.begin(user_of(bob))
            await here.sees("erased with its author")
            await here.sees_no("words of bob")
            await here.sees_no("(1)")
            await here.sees_no("elsewhere too")
            await here.sees("an answer")


@in_loop
async def test_only_ones_own_messages_can_be_edited_and_each_shows_its_number(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await bob.create_group("One")).group
        await bob.add_members(group, [user_of(ann)])
        async with sitting(server, "ann", "Ann", group=group) as here:
            for text in ("first of two", "second of two"):
                await bob.send(group, text)
            last = (await bob.read_history(group)).entries[-1]["pos"]
            await here.sees("second of two", f"#{last}")
            await here.press("up")
            status = await here.sees("r reply", "w forward")
            assert "e edit" not in status
            await here.press("e")
            await here.sees("Only your own messages can be edited.")
            assert here.app.editing is None
            await here.press("escape")
            await here.type("mine")
            await here.sees("mine")
            await here.press("up")
            await here.sees("e edit", "x recall")
            await here.press("e")
            await here.sees("editing #")
