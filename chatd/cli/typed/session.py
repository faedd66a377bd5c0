"""The session itself."""

from __future__ import annotations

from typing import Any, Final

from chatd.cli.chat_called import named
from chatd.cli.chat_help import about_command
from chatd.cli.chat_render import NOTICE, printable
from chatd.cli.typed.bots import lines_of_bot
from chatd.cli.typed.desk import Command, Desk

PAGE: Final = 30


async def who(desk: Desk) -> None:
    hello = desk.client.hello
    assert hello is not None
    mine = await desk.client.get_users([hello.user])
    values: dict[str, Any] = {"name": printable(hello.name), "sub": printable(mine[0].sub) if mine else "?"}
    state = desk.words("state_online" if desk.state.online else "state_offline")
    desk.watcher.say(NOTICE, "who", **values, user=hello.user, device=hello.device, state=state)


async def show_help(desk: Desk, word: str = "") -> None:
    """All commands, or what one of them does."""
    if word:
        await explain(desk, word)
    else:
        desk.watcher.say_text(NOTICE, desk.words.help(desk.names))


async def explain(desk: Desk, word: str) -> None:
    """What a command does, ours or one of a bot here. Raises `Mistyped` with those that are like it."""
    name = named(word.removeprefix("/"))
    if name not in desk.names and (lines := await lines_of_bot(desk, name)):
        desk.watcher.say_text(NOTICE, "\n".join(lines))
        return
    desk.watcher.say_text(NOTICE, "\n".join(about_command(desk.words, desk.names, name)))


async def retry(desk: Desk) -> None:
    desk.client.retry_now()


async def leave_chat(desk: Desk) -> None:
    desk.over = True


COMMANDS: Final = {
    "who": Command(0, who),
    "help": Command(0, show_help, 1),
    "retry": Command(0, retry),
    "quit": Command(0, leave_chat),
}
