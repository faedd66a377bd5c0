"""People and how they stand to each other."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_render import NOTICE
from chatd.cli.typed.desk import Command, Desk

PAGE: Final = 30


async def follow(desk: Desk, sub: str) -> None:
    done = await desk.client.follow(await desk.person(sub))
    name = desk.render.name(done.user)
    desk.watcher.say(NOTICE, "following_mutual" if done.mutual else "following", name=name)


async def unfollow(desk: Desk, sub: str) -> None:
    done = await desk.client.unfollow(await desk.person(sub))
    desk.watcher.say(NOTICE, "unfollowed", name=desk.render.name(done.user))


async def block(desk: Desk, sub: str) -> None:
    done = await desk.client.block(await desk.person(sub))
    desk.watcher.say(NOTICE, "blocked", name=desk.render.name(done.user))


async def unblock(desk: Desk, sub: str) -> None:
    done = await desk.client.unblock(await desk.person(sub))
    desk.watcher.say(NOTICE, "unblocked", name=desk.render.name(done.user))


COMMANDS: Final = {
    "follow": Command(1, follow),
    "unfollow": Command(1, unfollow),
    "block": Command(1, block),
    "unblock": Command(1, unblock),
}
