"""Being asked before one is pulled into a group, in the terminal chat and through the client."""

from __future__ import annotations

from chatd.testing import running_server
from chatd_client import Client
from tests.client.peer import in_loop
from tests.client.scene import Person


@in_loop
async def test_who_wants_to_be_asked_is_shown_the_question_and_answers_it(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "阿宝", "zh")
        await ann.scene.sees("connected")
        await bob.scene.sees("已登录")
        bob.scene.type("/invited", "/let-pull maybe", "/let-greet maybe", "/let-greet off", "/let-greet on")
        await bob.scene.sees("没有人邀请你")
        await bob.scene.sees("/谁能拉我 WHO")
        await bob.scene.sees("/接受招呼 on|off")
        await bob.scene.sees("只有互相关注的人能找你聊天")
        await bob.scene.sees("可以向你打招呼")
        bob.scene.type("/follow ann", "/let-pull ask")
        await bob.scene.sees("别人拉你进群前要先问你")
        ann.scene.type("/follow bob", "/new Tea", "/add bob")
        await ann.scene.sees("阿宝: is asked first (asked)")
        await bob.scene.sees("邀请你进群")
        bob.scene.type("/invited")
        invite = (await bob.scene.sees("Ann 邀请你进“Tea”", "/进群 i")).rpartition(" ")[2]
        bob.scene.type(f"/turn-down {invite}", f"/join {invite}")
        await bob.scene.sees("✓")
        await bob.scene.sees("invite_invalid")
        ann.scene.type("/new Cake", "/add bob")
        await ann.scene.sees("asked first")
        await bob.scene.sees("邀请你进群")
        bob.scene.type("/invited")
        invite = (await bob.scene.sees("Ann 邀请你进“Cake”", "/进群 i")).rpartition(" ")[2]
        bob.scene.type(f"/join {invite}")
        await ann.scene.sees("阿宝 came in, invited by you")
        assert [await ann.leave(), await bob.leave()] == [0, 1]


@in_loop
async def test_the_client_has_a_method_for_each(sqlite_url: str) -> None:
    async with (
        running_server(sqlite_url) as server,
        Client(server.ws_url, token=server.token("ann", "Ann"), device="phone") as ann,
        Client(server.ws_url, token=server.token("bob", "Bob"), device="phone", format="msgpack") as bob,
    ):
        assert ann.hello is not None
        assert bob.hello is not None
        privacy = await bob.set_privacy(pull="ask", requests=False)
        assert (privacy.pull, privacy.requests) == ("ask", False)
        assert await bob.get_privacy() == privacy
        await ann.follow(bob.hello.user)
        await bob.follow(ann.hello.user)
        group = (await ann.create_group("Tea")).group
        (result,) = (await ann.add_members(group, [bob.hello.user])).results
        assert result.result == "asked"
        (one,) = (await bob.list_received_invites()).invites
        assert (one.group, one.by, one.title, one.name) == (group, ann.hello.user, "Tea", "Ann")
        (listed,) = (await ann.list_invites(group)).invites
        assert (listed.invite, listed.pull) == (one.invite, True)
        assert (await bob.decline_invite(one.invite)).invite == one.invite
        assert (await bob.list_received_invites()).invites == []
