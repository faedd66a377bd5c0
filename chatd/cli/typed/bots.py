"""Bots of the open group: which there are, what they understand, and pressing their buttons."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_render import DIM, printable
from chatd.cli.typed.desk import Command, Desk, Mistyped, number_in
from chatd_protocol import bots as wire
from chatd_protocol.kinds import TextContent
from chatd_protocol.log import Message, read_entry


async def list_bots(desk: Desk) -> None:
    found = await _bots_of(desk)
    if not found:
        desk.watcher.say(DIM, "no_bots")
    for bot in found:
        desk.screen.show([("", f"{printable(bot.name or bot.bot)}  "), (DIM, printable(bot.intro))])
        for command in bot.commands:
            names = "  ".join(f"/{printable(name)}" for name in (command.name, *command.also))
            desk.screen.show([("", f"  {names}  "), (DIM, _meaning(desk, command))])


def _meaning(desk: Desk, command: wire.CommandLine) -> str:
    meaning = command.zh if desk.words.lang == "zh" else command.en
    return printable(meaning or command.en or command.zh)


async def lines_of_bot(desk: Desk, name: str) -> list[str]:
    """What the bots of the open group do when this is typed, line by line."""
    found = await _bots_of(desk) if desk.state.open is not None else []
    return [
        f"/{one.name} — " + desk.words("bot_command", name=printable(bot.name or bot.bot), about=_meaning(desk, one))
        for bot in found
        for one in bot.commands
        if name in {also for known in (one.name, *one.also) for also in (known, f"{known}@{bot.bot}")}
    ]


async def press(desk: Desk, which: str, button: str) -> None:
    pos = number_in(which)
    page = await desk.client.read_history(desk.group(), after=pos - 1, limit=1)
    shown = next((one for one in map(read_entry, page.entries) if isinstance(one, Message) and one.pos == pos), None)
    buttons = [one for row in shown.body.menu for one in row] if shown and isinstance(shown.body, TextContent) else []
    named = {one.id: one for one in buttons} | {one.label: one for one in buttons}
    named |= {str(number): one for number, one in enumerate(buttons, 1)}
    if button not in named:
        raise Mistyped("no_such_button", pos=pos, button=printable(button))
    await desk.client.press(desk.group(), pos, named[button].id)
    desk.watcher.say(DIM, "pressed", button=printable(named[button].label))


async def is_for_a_bot(desk: Desk, name: str) -> bool:
    """Whether a word behind a slash, which is no command of ours, is one of a bot in the open group.

    What names its bot (`/price@shop`) can only be for one.
    """
    if desk.state.open is None or not name:
        return False
    found = await _bots_of(desk)
    known = {name for bot in found for command in bot.commands for name in (command.name, *command.also)}
    return name in known or (bool(found) and "@" in name)


async def _bots_of(desk: Desk) -> list[wire.BotLine]:
    return (await desk.client.list_bots(desk.group())).bots


COMMANDS: Final = {"bots": Command(0, list_bots), "press": Command(2, press)}
