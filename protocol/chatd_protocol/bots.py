"""Bots: users that are programs. What they declare, who is in a group, and pressing their buttons.

A bot is made by the operator, speaks by an opaque token, and may do what its scopes say (`scopes`).
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from chatd_protocol.codec import Invalid
from chatd_protocol.scopes import Scope
from chatd_protocol.values import (
    ButtonId,
    Cid,
    CommandName,
    CommandText,
    Data,
    GroupId,
    OtherCommandName,
    PageSize,
    Pos,
    UserId,
    View,
)

COMMANDS_MAX: Final = 50
OTHER_NAMES_MAX: Final = 8
TOKEN_PREFIX: Final = "chatdbot_"  # noqa: S105 - what every token of a bot begins with
"""So that whoever finds one in a log or a repository knows what it is."""


class BotSelf(View):
    """What a bot is told of itself: the `name` that it was made by, and what it may do."""

    name: str
    scopes: list[Scope] = []


class BotCommand(Data):
    """A command: what people write behind `/`, and what it does, in English and in Chinese. `also`: its other names,
    as 价格, for clients to offer."""

    name: CommandName
    en: CommandText = ""
    zh: CommandText = ""
    also: Annotated[list[OtherCommandName], Meta(max_length=OTHER_NAMES_MAX)] = []


class SetCommands(Data):
    """`bot.commands`: a bot says which commands it knows, in the order in which they are shown; all at once, instead of
    those before. For bots only."""

    cid: Cid
    commands: Annotated[list[BotCommand], Meta(max_length=COMMANDS_MAX)]

    def checked(self, where: str) -> SetCommands:
        seen: set[str] = set()
        for index, command in enumerate(self.commands):
            if command.name in seen:
                raise Invalid(f"{where}.commands[{index}].name", "Expected a name that no command before has")
            seen.add(command.name)
        return self


class SetCommandsOk(View):
    """How many commands the bot has now."""

    commands: int


class ListBots(Data):
    """`group.bots`: the bots of a group by id, ascending, with their commands."""

    group: GroupId
    after: UserId | None = None
    limit: PageSize = 50


class CommandLine(View):
    """A command that a bot declared, with its other names."""

    name: str
    en: str = ""
    zh: str = ""
    also: list[str] = []


class BotLine(View):
    """A bot that is in the group. `bot` is the name that it was made by."""

    user: UserId
    bot: str
    name: str = ""
    intro: str = ""
    commands: list[CommandLine] = []


class Bots(View):
    bots: list[BotLine]
    more: UserId | None = None


class PressMenu(Data):
    """`menu.press`: press a button of a message that one sees. The bot that sent it gets one `pressed` in its own log,
    now or when it is back; the group is told nothing.

    `no_button` if the message has none of that id now, or its bot is not in the group any more. Who may not write for
    now may not press either, nor may a silent viewer.
    """

    group: GroupId
    pos: Pos
    button: ButtonId
    cid: Cid


class PressMenuOk(View):
    """The press is written down for the bot."""

    group: GroupId
    pos: Pos
    button: str
