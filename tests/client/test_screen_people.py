"""Who is who on the full-screen chat: who is here, in which order, and what those are called who are gone."""

from __future__ import annotations

import asyncio

from chatd.cli.chat_people import count_here, in_rank
from chatd.testing import running_server
from chatd_client import Client
from chatd_protocol.groups import Member
from chatd_protocol.presence import Presence
from tests.client.peer import in_loop
from tests.client.sitting import at_phones, sitting, user_of
from tests.client.test_chat_bots import make_bot


@in_loop
async def test_two_screens_of_one_group_tell_the_same_number_of_those_here_and_it_changes_live(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃", eve="Eve") as phones:
        ann, bob, eve = phones
        group = (await ann.create_group("Tea")).group
        other = (await ann.create_group("Other")).group
        for one in (group, other):
            await ann.add_members(one, [user_of(bob)])
        await ann.add_members(other, [user_of(eve)])
        async with (
            sitting(server, "ann", "Ann", group=group) as here,
            sitting(server, "bob", "鲍勃", "zh", group=group) as there,
        ):
            await here.sees("Tea", "2 members · 2 here")
            await there.sees("Tea", "2 人 · 2 人在线")
            await ann.add_members(group, [user_of(eve)])
            await here.sees("3 members · 3 here")
            await there.sees("3 人 · 3 人在线")
            await eve.close()
            await here.sees("3 members · 2 here")
            await there.sees("3 人 · 2 人在线")
            await ann.kick_member(group, user_of(eve))
            await here.sees("2 members · 2 here")
            async with Client(server.ws_url, token=server.token("eve", "Eve"), device="phone") as again:
                await again.send(other, "I am in another group")
                await here.sees("Other", "(1)")
                await here.until(lambda: here.app.state.here.get(user_of(eve)) is not False)
                await here.sees("2 members · 2 here")


@in_loop
async def test_who_does_not_show_it_may_be_here(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await ann.create_group("Tea")).group
        await ann.add_members(group, [user_of(bob)])
        await bob.set_privacy(last_seen="nobody")
        async with sitting(server, "ann", "Ann", group=group) as here:
            await here.sees("2 members · 1 here, 1 not shown")
            await here.press("f5")
            await here.sees("● here  ○ away  no sign: does not show it to you")
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            await here.sees("2 人 · 1 人在线，1 人未公开")


@in_loop
async def test_nothing_is_said_of_who_is_here_before_it_was_asked_for_again(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await ann.create_group("Tea")).group
        await ann.add_members(group, [user_of(bob)])
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            await here.sees("2 人 · 2 人在线")
            client, may_answer = here.app.client, asyncio.Event()
            ask = client.get_presence

            async def late(group: str) -> Presence:
                await may_answer.wait()
                return await ask(group)

            client.get_presence = late  # type: ignore[method-assign]
            client._session.link.cycle()
            await here.sees_no("● 在线")
            await bob.close()
            await here.sees("● 在线")
            row = await here.sees("Tea", "2 人")
            assert "人在线" not in row
            may_answer.set()
            await here.sees("2 人 · 1 人在线")
            async with Client(server.ws_url, token=server.token("bob"), device="phone"):
                await here.sees("2 人 · 2 人在线")
            await here.sees("2 人 · 1 人在线")


@in_loop
async def test_who_goes_while_it_is_asked_who_is_here_is_not_counted(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await ann.create_group("Tea")).group
        await ann.add_members(group, [user_of(bob)])
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            await here.sees("2 人 · 2 人在线")
            client, asked, may_arrive = here.app.client, asyncio.Event(), asyncio.Event()
            ask = client.get_presence

            async def late(group: str) -> Presence:
                answer = await ask(group)
                asked.set()
                await may_arrive.wait()
                return answer

            client.get_presence = late  # type: ignore[method-assign]
            asking = asyncio.create_task(here.app.learn_presence())
            await asked.wait()
            await bob.close()
            await here.sees("2 人 · 1 人在线")
            may_arrive.set()
            await asking
            assert here.app.state.here[user_of(bob)] is False


@in_loop
async def test_members_are_listed_by_what_they_are_and_bots_are_marked(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃", eve="Eve") as phones:
        ann, bob, eve = phones
        group = (await bob.create_group("Tea")).group
        bot = await make_bot(server)
        await bob.add_members(group, [user_of(ann), user_of(eve), user_of(bot)])
        await bob.set_role(group, user_of(eve), "admin")
        async with sitting(server, "ann", "Ann", "zh", group=group) as here:
            await here.sees("4 人 · 3 人在线")
            await here.press("f5")
            await here.sees("● 在线  ○ 离线  无标记：未向你公开")
            rows = [row.strip(" │") for row in here.rows if row.strip(" │").startswith(("●", "○"))]
            assert [row for row in rows if "在线" not in row] == ["● 鲍勃  群主", "● Eve  管理员", "● Ann  我"]
            bots = [row for row in here.rows if "机器人" in row]
            assert len(bots) == 1
            assert not set(bots[0]) & set("●○")
        await bot.close()


@in_loop
async def test_who_was_erased_is_called_by_no_name_any_more_in_old_notices_and_in_the_list(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
        group = (await bob.create_group("One")).group
        await bob.add_members(group, [user_of(ann)])
        await bob.set_nickname(group, "老鲍")
        said = await ann.send(group, "keep this")
        await bob.pin(group, said.pos)
        await bob.create_direct(user_of(ann))
        async with sitting(server, "ann", "Ann", "zh", group=group, size=(120, 36)) as here:
            await here.hears("老鲍 把我拉进了群")
            await here.hears("老鲍 置顶了")
            await here.sees("鲍勃")
            await server.hub.erasing.begin(user_of(bob))
            await here.hears("有成员已注销，其发言已全部删除")
            await here.hears("已注销的用户把我拉进了群")
            await here.hears("已注销的用户置顶了")
            await here.sees("已注销的用户：你们不能再互发消息")
            await here.sees_no("鲍")
            assert user_of(bob) not in here.text


@in_loop
async def test_leaving_sends_what_was_typed_last_and_nothing_is_under_way_when_the_screen_goes(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann") as (ann,):
        group = (await ann.create_group("Tea")).group
        async with sitting(server, "ann", "Ann", group=group) as here:
            await here.sees("Tea", "1 here")
            here.app.spawn(asyncio.Event().wait())
            here.app.send("said at the last moment")
            here.app.leave()
            assert here.app._leaving is not None
            await here.app._leaving
            assert not here.app._tasks
        last = (await ann.read_history(group)).entries[-1]["body"]
        assert last["text"] == "said at the last moment"  # type: ignore[index]


def test_rank_comes_before_being_here_and_being_here_before_the_name() -> None:
    def member(user: str, role: str = "member", bot: bool = False) -> Member:
        return Member(user, role, 0, bot=bot)  # type: ignore[arg-type]

    members = [
        member("zoe"),
        member("bot", bot=True),
        member("bea"),
        member("own", "owner"),
        member("adm", "admin"),
        member("abe"),
    ]
    here = {"zoe": True, "own": False, "bea": False, "adm": True, "bot": True, "gone": True}
    assert [one.user for one in in_rank(members, here, str)] == ["own", "adm", "zoe", "abe", "bea", "bot"]
    assert count_here(members, here) == (2, 1)
    assert count_here(members, here | {"abe": False}) == (2, 0)
