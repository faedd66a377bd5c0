"""The session itself."""

from __future__ import annotations

from typing import Any, Final

from chatd.cli.chat_render import NOTICE, printable
from chatd.cli.typed.desk import Command, Desk

PAGE: Final = 30


async def who(desk: Desk) -> None:
    hello = desk.client.hello
    assert hello is not None
    mine = await desk.client.get_users([hello.user])
    values: dict[str, Any] = {"name": printable(hello.name), "sub": printable(mine[0].sub) if mine else "?"}
    state = desk.words("state_online" if desk.state.online else "state_offline")
    desk.watcher.say(NOTICE, "who", **values, user=hello.user, device=hello.device, state=state)


async def show_help(desk: Desk) -> None:
    desk.watcher.say_text(NOTICE, desk.words.help(desk.names))


async def leave_chat(desk: Desk) -> None:
    desk.over = True


COMMANDS: Final = {
    "who": Command(0, who),
    "help": Command(0, show_help),
    "quit": Command(0, leave_chat),
}
