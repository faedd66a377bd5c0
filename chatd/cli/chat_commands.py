"""What is typed: text goes to the open group, a slash begins a command."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Final

from chatd.cli.chat_called import behind_slash, named
from chatd.cli.chat_events import Watcher
from chatd.cli.chat_help import no_command, usage_of
from chatd.cli.chat_render import DIM, ERROR, Renderer, printable
from chatd.cli.chat_screen import Screen
from chatd.cli.chat_state import State
from chatd.cli.chat_words import Words
from chatd.cli.typed import (
    bans,
    boards,
    bots,
    cards,
    chats,
    contacts,
    groups,
    invites,
    messages,
    moderation,
    ownership,
    relations,
    search,
    sections,
    session,
    users,
)
from chatd.cli.typed.desk import Command, Desk, Mistyped, NotANumber
from chatd_client import ChatdError, Client, ClientClosed
from chatd_protocol.kinds import Entity

__all__ = ["Commander", "Mistyped"]

SENDS_MAX: Final = 64
COMMANDS: Final[Mapping[str, Command]] = {
    **groups.COMMANDS,
    **ownership.COMMANDS,
    **bans.COMMANDS,
    **messages.COMMANDS,
    **search.COMMANDS,
    **cards.COMMANDS,
    **boards.COMMANDS,
    **bots.COMMANDS,
    **sections.COMMANDS,
    **relations.COMMANDS,
    **chats.COMMANDS,
    **moderation.COMMANDS,
    **users.COMMANDS,
    **contacts.COMMANDS,
    **invites.COMMANDS,
    **session.COMMANDS,
}


def is_retry(line: str) -> bool:
    """Whether it is the command to connect at once, which is done without a connection."""
    return line.startswith("/") and named(line.strip()[1:]) == "retry"


class Commander(Desk):
    """Does what is typed, for one client."""

    commands: Mapping[str, Command] = COMMANDS
    names = list(COMMANDS)

    def __init__(
        self, client: Client, state: State, screen: Screen, render: Renderer, words: Words, watcher: Watcher
    ) -> None:
        super().__init__(client, state, screen, render, words, watcher)
        self._sends: set[asyncio.Task[None]] = set()

    async def do(self, line: str) -> None:
        """Do one line. What is refused is shown. Raises `ClientClosed`."""
        await self.could_do(line)

    async def could_do(self, line: str) -> bool:
        """The same; False if it was refused, or cannot be done as it was typed."""
        line = behind_slash(line)
        try:
            if not line.strip():
                return True
            if line.startswith("/") and not line.startswith("//"):
                if not is_retry(line):  # Which is for when nothing is answered.
                    await self.settle()
                await self._command(line[1:])
            elif not await invites.offer(self, line):
                await self.say(line.removeprefix("/") if line.startswith("//") else line)
        except Mistyped as mistake:
            self.failed = True
            self.watcher.say(ERROR, mistake.key, **mistake.values)
        except ChatdError as error:
            self.show_error(error)
        else:
            return True
        return False

    async def open_group(self, group: str) -> None:
        """Make a group the open one and show its newest entries. Raises `ChatdError`."""
        await groups.open_group(self, group)

    async def settle(self) -> None:
        """Wait until everything that was sent is answered."""
        while self._sends:
            await asyncio.wait(self._sends)

    async def _command(self, typed: str) -> None:
        name, _, rest = typed.strip().partition(" ")
        name = named(name)
        command = self.commands.get(name)
        if command is None and await bots.is_for_a_bot(self, name):
            await self.say("/" + typed)
            return
        if command is None:
            raise no_command(self.words, self.commands, name)
        most = command.parts + command.more
        parts = rest.split(maxsplit=most - 1) if most else rest.split()
        if not command.parts <= len(parts) <= most:
            raise Mistyped("usage", usage=usage_of(self.words, name))
        try:
            await command.run(self, *parts)
        except NotANumber:
            raise Mistyped("usage", usage=usage_of(self.words, name)) from None

    def show_error(self, error: ChatdError) -> None:
        """Say in words why something was refused."""
        self.failed = True
        words = self.words.choose(f"error_{error.code}", "error_other", message=printable(error.message))
        until = error.details.get("until")
        if isinstance(until, int):
            words += self.render.end(until)
        if error.retry_after:
            words += self.words("wait", seconds=math.ceil(error.retry_after))
        self.watcher.say(ERROR, "error", words=words, code=error.code)

    async def say(self, text: str, reply_to: int | None = None) -> None:
        """Sends follow each other without waiting for the answer; the client keeps them in order."""
        group, section = self.group(), self.state.section
        entities = await groups.mentions_of(self, group, text)
        while len(self._sends) >= SENDS_MAX:
            await asyncio.wait(self._sends, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._send(group, text, reply_to, entities, section))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, group: str, text: str, reply_to: int | None, entities: list[Entity], section: int) -> None:
        try:
            placed = await self.client.send(group, text, reply_to=reply_to, entities=entities, section=section)
            if self.state.drafts.pop(group, ""):
                await self.client.save_draft(group, "")
        except ChatdError as error:
            self.show_error(error)
        except ClientClosed:
            self.failed = True  # The watcher says why.
        else:
            if not self.screen.interactive:
                self.watcher.say(DIM, "sent", pos=placed.pos)
