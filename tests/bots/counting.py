"""A bot that counts, as a program that a test kills: says every message's number twice and gives it a sign.

`COUNTING_DIES` says where it kills itself, by the number of the message: `middle:5 before:9 after:12` (in the middle of
the handler, before the transaction, after it), each once: what has happened is noted in the folder of its memory.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from chatd_client.bots import Bot, Menu, MessageContext, Policy, PressContext, filters
from chatd_client.bots.store import Step, Store

bot = Bot("counting", policy=Policy(crashes=50))
_deaths = {tuple(one.split(":")) for one in os.environ.get("COUNTING_DIES", "").split()}
_folder = Path(os.environ.get("CHATD_BOT_STATE", ".")).parent
_handled = 0


@bot.message("text", when=~filters.contains("/menu"))
async def count(ctx: MessageContext) -> None:
    global _handled  # noqa: PLW0603  which message it is, for the deaths below
    n = ctx.memory.group["n"] = ctx.memory.group.get("n", 0) + 1
    ctx.memory.user["n"] = ctx.memory.user.get("n", 0) + 1
    _handled = n
    await ctx.reply(f"{n}: {ctx.text}")
    die_if("middle")
    await ctx.react("👀")
    await ctx.reply(f"{n} again")


@bot.command("menu")
async def menu(ctx: MessageContext) -> None:
    await ctx.send("press it", menu=Menu().button("more", "0"))


@bot.press("more")
async def pressed(ctx: PressContext) -> None:
    global _handled  # noqa: PLW0603  which press it is
    n = ctx.memory.group["presses"] = ctx.memory.group.get("presses", 0) + 1
    _handled = n
    await ctx.edit(ctx.pos, menu=Menu().button("more", str(n)))
    die_if("middle")
    await ctx.send(f"press {n}")


def die_if(where: str) -> None:
    """Kill this program, if it is to die here and has not."""
    if (where, str(_handled)) in _deaths:
        try:
            (_folder / f"died {where} {_handled}").touch(exist_ok=False)
        except FileExistsError:
            return
        die()


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


_settle = Store.settle


def settle(self: Store, steps: Iterable[Step], now_ms: int) -> None:
    """The store's own, with a death on either side of a handler's transaction."""
    steps = list(steps)
    handler = any(step.documents for step in steps)
    if handler:
        die_if("before")
    _settle(self, steps, now_ms)
    if handler:
        die_if("after")


Store.settle = settle  # type: ignore[method-assign]  # that is the point

if __name__ == "__main__":
    bot.main()
