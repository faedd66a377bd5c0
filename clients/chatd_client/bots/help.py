"""`/help`, for free: what the bot can do, in the language of who asks. And what it tells the server of its commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Final

from msgspec import Meta

from chatd_client.bots.commands import Command, folded, read_call
from chatd_client.bots.contexts import MessageContext
from chatd_client.bots.filters import direct
from chatd_client.bots.router import PASS, Pass, Router
from chatd_client.bots.words import HELP, HELP_TITLE, NO_SUCH_COMMAND, Phrase, Said, in_language
from chatd_protocol.bots import COMMANDS_MAX, OTHER_NAMES_MAX, BotCommand

NAMES: Final = ("help", "帮助")
TEXT_MAX: Final = 100
_DECLARABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
CommandWord = Annotated[str, Meta(max_length=40), Phrase("command", "命令")]


def help_router(commands: Sequence[Command], intro: Said) -> Router:
    """What is asked last, behind the bot's own handlers."""
    router = Router()

    @router.command(*NAMES, help=HELP)
    async def show_help(ctx: MessageContext, command: CommandWord = "") -> None:
        wanted = folded(command.lstrip("/／"))
        found = [one for one in commands if wanted in map(folded, one.names)] if wanted else []
        lines = [one.line(ctx.lang) for one in found or commands if found or not one.hidden]
        head = in_language(intro, ctx.lang) or HELP_TITLE.in_(ctx.lang)
        await ctx.reply("\n".join(lines if found else [head, *lines]))

    @router.message("text", when=direct)
    async def unknown_command(ctx: MessageContext) -> Pass | None:
        call = read_call(ctx.text)
        if call is None:
            return PASS
        await ctx.reply(NO_SUCH_COMMAND.in_(ctx.lang, name=call.name))
        return None

    return router


def declared(commands: Iterable[Command]) -> list[BotCommand]:
    """The commands as the server is told: by their first name in plain letters, their other names, and what they do in
    both languages."""
    told: dict[str, BotCommand] = {}
    for command in commands:
        name = next((folded(one) for one in command.names if _DECLARABLE.fullmatch(folded(one))), None)
        if name is not None and not command.hidden and name not in told:
            en, zh = (_one_line(in_language(command.help, lang)) for lang in ("en", "zh"))
            also = [other for other in dict.fromkeys(map(folded, command.names)) if other != name]
            told[name] = BotCommand(name, en=en, zh=zh, also=also[:OTHER_NAMES_MAX])
    return list(told.values())[:COMMANDS_MAX]


def _one_line(text: str) -> str:
    return " ".join(text.split())[:TEXT_MAX]
