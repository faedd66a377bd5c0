"""Invites in the terminal chat: made, pasted, taken up, decided on and taken back."""

from __future__ import annotations

from chatd.testing import running_server
from tests.client.peer import in_loop
from tests.client.scene import Person


@in_loop
async def test_a_pasted_share_text_is_offered_and_taken_up(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "阿宝", "zh")
        await bob.scene.sees("已登录")
        ann.scene.type("/new Tea", "/invite")
        await ann.scene.sees("Paste this")
        shared = await ann.scene.sees("[Tea]", "¥")
        pasted = f"小明：“{shared}”[玫瑰]"
        bob.scene.type(pasted)
        assert "/进群 ." in await bob.scene.sees("Ann", "“Tea”", "1 人")
        bob.scene.type("/进群 .")
        await bob.scene.sees("── Tea · 2 人")
        await ann.scene.sees("阿宝 came in, invited by you")
        bob.scene.type(pasted, pasted)
        await bob.scene.sees("“Tea”", "2 人")
        await ann.scene.sees("阿宝", "小明")
        ann.scene.type("/invites")
        await ann.scene.sees("code", "1", "open")
        assert [await ann.leave(), await bob.leave()] == [0, 0]


@in_loop
async def test_a_door_a_request_and_a_decision(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "Bob")
        await bob.scene.sees("connected")
        ann.scene.type("/new Tea", "/door question Who are you?", "/link")
        await ann.scene.sees("Whoever opens this")
        shown = await ann.scene.sees("http://", "/i/")
        bob.scene.type(f"look: {shown}")
        await bob.scene.sees("An invite by Ann")
        await bob.scene.sees("The group asks", "Who are you?")
        bob.scene.type("/join . it is Bob")
        await bob.scene.sees("an admin decides")
        await ann.scene.sees("Bob wants to come in")
        ann.scene.type("/requests")
        await ann.scene.sees("1  Bob by you it is Bob")
        ann.scene.type("/approve 1")
        await bob.scene.sees("you are in “Tea” now")
        ann.scene.type("/refuse 1", "/approve 7", "/join nothing", "/door window", "/join .")
        await ann.scene.sees("already_decided")
        await ann.scene.sees("no request 7")
        await ann.scene.sees("no invite in that")
        await ann.scene.sees("/door HOW")
        await ann.scene.sees("Paste a share text")
        assert [await ann.leave(), await bob.leave()] == [1, 0]


@in_loop
async def test_one_person_is_invited_and_an_invite_is_taken_back(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "Bob")
        await bob.scene.sees("connected")
        ann.scene.type("/new Tea", "/ask bob")
        invite = (await bob.scene.sees("Ann invites you", "/join i")).rpartition(" ")[2]
        ann.scene.type("/invites")
        await ann.scene.sees(invite, "directed", "0/1", "open")
        ann.scene.type(f"/uninvite {invite}")
        await ann.scene.sees("✓")
        bob.scene.type(f"/join {invite}")
        await bob.scene.sees("invite_invalid")
        assert [await ann.leave(), await bob.leave()] == [0, 1]


@in_loop
async def test_who_asked_to_come_in_takes_the_request_back(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "Bob")
        await bob.scene.sees("connected")
        ann.scene.type("/public Tea", "/door approval")
        await ann.scene.sees("── Tea")
        await ann.scene.sees("✓")
        bob.scene.type("/discover tea")
        group = (await bob.scene.sees("Tea", "1 of")).rpartition(" ")[2]
        bob.scene.type(f"/join {group}")
        await bob.scene.sees("an admin decides")
        bob.scene.type("/requests", "/withdraw 1", "/withdraw 1")
        await bob.scene.sees("✓")
        await bob.scene.sees("already_decided")
        assert [await ann.leave(), await bob.leave()] == [0, 1]
