"""Whether a message is a command, and the handler with its arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chatd_client.bots.arguments import BadArguments, fill
from chatd_client.bots.commands import Call, Command, folded, glued, read_call
from chatd_client.bots.contexts import MessageContext
from chatd_client.bots.words import NO_ITEM, USAGE
from chatd_client.errors import ChatdError

Run = Callable[[], Awaitable[object]]
Take = Callable[[MessageContext], Run | None]


def taking_command(command: Command, handler: Callable[..., Awaitable[object]]) -> Take:
    names = tuple(folded(name) for name in command.names)

    def take(ctx: MessageContext) -> Run | None:
        call = read_call(ctx.text)
        if call is None or not (call.to is None or call.to in ctx.my_names):
            return None
        begin = _begin(call, names, ctx.text)
        if begin is None:
            return None

        async def run() -> object:
            try:
                args, named = fill(command.parameters, ctx.text, begin, getattr(ctx.message.body, "entities", ()))
            except BadArguments as bad:
                usage = USAGE.in_(ctx.lang, usage=command.usage(ctx.lang))
                return await ctx.reply(f"{bad.told(ctx.lang)}\n{usage}")
            try:
                return await handler(ctx, *args, **named)
            except ChatdError as refused:
                if refused.code != "no_item":
                    raise
                return await ctx.reply(NO_ITEM)  # what was typed is not there: whoever asked is told, like a wrong word

        return run

    return take


def _begin(call: Call, names: tuple[str, ...], text: str) -> int | None:
    """Where the arguments begin, if this is one of the names."""
    if call.name in names:
        return call.begin
    found = glued(call, names, text) if call.to is None else None
    return None if found is None else found[1]
