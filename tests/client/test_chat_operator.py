"""What the operator posts in somebody's name is news to that person, in both forms of the terminal chat."""

from __future__ import annotations

import asyncio

from chatd.admin.socket import call
from chatd.testing import TestServer, running_server
from tests.client.peer import in_loop
from tests.client.scene import Person
from tests.client.sitting import at_phones, sitting, user_of


async def post_for_ann(server: TestServer, group: str, text: str) -> None:
    """As an operator does who has something to say in Ann's name."""
    path = server.config.admin_socket_path()
    await asyncio.to_thread(call, path, "group.notice", 10.0, group=group, sub="ann", kind="text", body={"text": text})


@in_loop
async def test_the_line_client_tells_a_post_in_ones_own_name_and_counts_it(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann") as (phone,):
        tea = (await phone.create_group("Tea")).group
        await phone.create_group("Work")
        ann = Person(server, "ann", "Ann")
        await ann.scene.sees("connected")
        ann.scene.type("/groups", "/open 1")
        await ann.scene.sees("Work")
        await post_for_ann(server, tea, "an offer")
        await ann.scene.sees("Tea", "an offer")
        ann.scene.type("/groups")
        await ann.scene.sees("Tea", "1 unread")
        assert await ann.leave() == 0


@in_loop
async def test_the_screen_counts_a_post_in_ones_own_name_and_begins_at_it(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="Bob") as (phone, bob):
        tea = (await phone.create_group("Tea")).group
        await phone.add_members(tea, [user_of(bob)])
        await phone.send(tea, "hello")
        work = (await phone.create_group("Work")).group
        async with sitting(server, "ann", "Ann", group=work) as here:
            await here.until(lambda: here.app.state.open == work)
            await post_for_ann(server, tea, "an offer")
            await here.until(lambda: here.app.state.lines[tea].unread == 1)
            await here.press("ctrl+n")
            await here.sees("1 new")
            await here.hears("an offer")
