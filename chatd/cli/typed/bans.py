"""Banning, and lifting bans."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_render import DIM, NOTICE, fill, printable
from chatd.cli.typed.desk import Command, Desk
from chatd_protocol.bans import Banned

BANS_MAX: Final = 1000


async def ban(desk: Desk, rest: str) -> None:
    sub, _, reason = rest.partition(" ")
    await desk.client.ban_member(desk.group(), await desk.person(sub), reason.strip(), tell=True)
    desk.done()


async def unban(desk: Desk, sub: str) -> None:
    await desk.client.unban_member(desk.group(), await desk.person(sub))
    desk.done()


async def list_bans(desk: Desk) -> None:
    group = desk.group()
    bans: list[Banned] = []
    after: str | None = None
    while len(bans) < BANS_MAX:
        page = await desk.client.list_bans(group, after)
        bans += page.bans
        after = page.more
        if after is None:
            break
    desk.watcher.say(NOTICE, "bans_title", count=len(bans))
    await desk.state.names.learn(one.user for one in bans)
    for one in bans:
        name = fill(desk.render.name(one.user), 24)
        desk.screen.show([("", "  " + name + " "), (DIM, printable(one.reason))])


COMMANDS: Final = {
    "ban": Command(1, ban),
    "unban": Command(1, unban),
    "bans": Command(0, list_bans),
}
