"""Groups that mind who follows their owner, in the terminal chat."""

from __future__ import annotations

from chatd.testing import running_server
from tests.client.peer import in_loop
from tests.client.scene import Person


@in_loop
async def test_what_becomes_of_who_unfollows_is_chosen_and_told_in_words(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        ann, bob = Person(server, "ann", "Ann"), Person(server, "bob", "阿宝", "zh")
        await ann.scene.sees("connected")
        await bob.scene.sees("已登录")
        bob.scene.type("/follow ann")
        await bob.scene.sees("已关注")
        ann.scene.type("/follow bob", "/new Fans", "/add bob", "/fans maybe", "/fans restrict")
        await ann.scene.sees("is in now")
        await ann.scene.sees("/fans WHAT")
        await ann.scene.sees("you changed: who unfollows the owner: may only read")
        await bob.scene.sees("把你拉进了“Fans”")
        bob.scene.type("/open 1", "/unfollow ann", "hello")
        await bob.scene.sees("取关群主的人：禁言")
        await bob.scene.sees("你不再关注群主，不能在“Fans”发言")
        await bob.scene.sees("restricted")
        bob.scene.type("/follow ann")
        await bob.scene.sees("你又关注了群主，可以在“Fans”发言了")
        ann.scene.type("/fans remove")
        await bob.scene.sees("取关群主的人：移出")
        bob.scene.type("/unfollow ann")
        await bob.scene.sees("你不再关注群主，已被移出“Fans”")
        await ann.scene.sees("阿宝 went out, no longer following the owner")
        assert [await ann.leave(), await bob.leave()] == [1, 1]
