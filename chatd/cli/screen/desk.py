"""What is typed on the screen: all commands of the line-based chat, some of which have a view of their own here."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from itertools import count
from typing import Final, Protocol

from chatd.cli.chat_commands import COMMANDS, Commander
from chatd.cli.chat_items import Kind
from chatd.cli.chat_render import DIM, Line
from chatd.cli.typed.desk import Command, Desk, NotANumber, number_in
from chatd.cli.typed.groups import mentions_of
from chatd.cli.typed.sections import section as change_section
from chatd.cli.typed.session import explain
from chatd_client import ChatdError, ClientClosed
from chatd_protocol.kinds import Card, Entity

COLLECTED: ContextVar[list[Line] | None] = ContextVar("COLLECTED", default=None)
"""Where the lines go that a command shows; they are put up together when it is done."""


class Stage(Protocol):
    """What a command can ask of the screen."""

    async def open_chat(self, group: str, section: int | None = None) -> None:
        """Open a group, one of its sections if it is named."""

    async def view(self, name: str, words: str = "") -> None:
        """Bring up one of the views."""

    async def go_to(self, where: str) -> None:
        """To a position or a day of the open group."""

    async def older(self) -> None:
        """One page up."""

    async def pick_item(self, kind: Kind, cards: list[Card]) -> str | None:
        """Which of these is meant: its id; None if none."""

    def sending(self, group: str, text: str, cid: int, state: str) -> None:
        """A message is on its way (`waits`), there (`sent`), or refused (`refused`)."""

    def hand_over(self, text: str) -> None:
        """Put a text where it can be pasted from."""

    def leave(self) -> None:
        """End the chat."""


class ScreenDesk(Commander):
    """Does what is typed, for the screen."""

    stage: Stage
    _numbers = count(1)

    async def open_group(self, group: str) -> None:
        """Make a group the open one and show it."""
        await self.stage.open_chat(group)

    def hand_over(self, text: str) -> None:
        """Show it, and put it where it can be pasted from."""
        super().hand_over(text)
        self.stage.hand_over(text)
        self.watcher.say(DIM, "handed_over")

    def done(self, key: str = "done", **values: object) -> None:
        """Say that it worked, where nothing else shows it: a group that was made or entered is open."""
        if key != "group_made":
            super().done(key, **values)

    async def choose_item(self, kind: Kind, cards: list[Card]) -> str | None:
        """Which of several items is meant: its id, or None."""
        return await self.stage.pick_item(kind, cards)

    async def rewrite(self, pos: int, text: str) -> None:
        """Edit a message of one's own. Raises `ChatdError`."""
        group = self.group()
        await self.client.edit(group, pos, text, entities=await mentions_of(self, group, text))

    async def _send(self, group: str, text: str, reply_to: int | None, entities: list[Entity], section: int) -> None:
        COLLECTED.set(None)  # What becomes of it is told when it is known, whatever was typed meanwhile.
        number = next(self._numbers)
        self.stage.sending(group, text, number, "waits")
        state = "refused"
        try:
            await self.client.send(group, text, reply_to=reply_to, entities=entities, section=section)
            state = "sent"
            if self.state.drafts.pop(group, ""):
                await self.client.save_draft(group, "")
        except ChatdError as error:
            if state == "refused":
                self.show_error(error)
        except ClientClosed:
            self.failed = True
        finally:
            self.stage.sending(group, text, number, state)


def _staged(desk: Desk) -> Stage:
    assert isinstance(desk, ScreenDesk)
    return desk.stage


def _view(name: str) -> Command:
    async def show(desk: Desk) -> None:
        await _staged(desk).view(name)

    return Command(0, show)


async def _search(desk: Desk, words: str) -> None:
    await _staged(desk).view("search", words)


async def _discover(desk: Desk, words: str) -> None:
    await _staged(desk).view("discover", words)


async def _go_to(desk: Desk, where: str) -> None:
    desk.group()
    await _staged(desk).go_to(where)


async def _older(desk: Desk) -> None:
    desk.group()
    await _staged(desk).older()


async def _section(desk: Desk, what: str) -> None:
    try:
        number = number_in(what)
    except NotANumber:
        await change_section(desk, what)
        return
    await _staged(desk).open_chat(desk.group(), number)


async def _help(desk: Desk, word: str = "") -> None:
    if word:
        await explain(desk, word)
    else:
        await _staged(desk).view("help")


async def _quit(desk: Desk) -> None:
    _staged(desk).leave()


VIEWS: Final = (
    "groups",
    "members",
    "pins",
    "featured",
    "mentions",
    "requests",
    "invited",
    "invites",
    "greetings",
    "sections",
)
SCREEN_COMMANDS: Final[Mapping[str, Command]] = {
    **COMMANDS,
    **{name: _view(name) for name in VIEWS},
    "search": Command(1, _search),
    "discover": Command(1, _discover),
    "goto": Command(1, _go_to),
    "history": Command(0, _older),
    "section": Command(1, _section),
    "help": Command(0, _help, 1),
    "quit": Command(0, _quit),
}
ScreenDesk.commands = SCREEN_COMMANDS
