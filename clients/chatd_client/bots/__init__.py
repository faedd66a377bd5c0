"""Bots: programs that are members of groups. See `bot` for what they promise, `testing` for how to try one.

bot = Bot("prices")

@bot.command("price", "价格", help={"en": "what something costs", "zh": "查询价格"})
async def price(ctx: MessageContext, item: str) -> None:
    await ctx.send_product(item)

bot.main()
"""

from chatd_client.bots import filters
from chatd_client.bots.arguments import Mention
from chatd_client.bots.bot import Bot
from chatd_client.bots.clock import SystemWallClock, WallClock
from chatd_client.bots.context import Context
from chatd_client.bots.contexts import (
    CardContext,
    EntryContext,
    JobContext,
    JoinContext,
    LeaveContext,
    MessageContext,
    MineContext,
    PressContext,
)
from chatd_client.bots.failures import Counters, Failure, Policy
from chatd_client.bots.filters import Filter
from chatd_client.bots.lines import Line
from chatd_client.bots.menus import Menu, button_id
from chatd_client.bots.router import PASS, Pass, Router
from chatd_client.bots.runner import WrongBot
from chatd_client.bots.schedule import At, Daily, Every
from chatd_client.bots.store import DeadLetter, Store, StoredCursors, StoreHeld
from chatd_client.bots.words import Phrase

__all__ = [
    "PASS",
    "At",
    "Bot",
    "CardContext",
    "Context",
    "Counters",
    "Daily",
    "DeadLetter",
    "EntryContext",
    "Every",
    "Failure",
    "Filter",
    "JobContext",
    "JoinContext",
    "LeaveContext",
    "Line",
    "Mention",
    "Menu",
    "MessageContext",
    "MineContext",
    "Pass",
    "Phrase",
    "Policy",
    "PressContext",
    "Router",
    "Store",
    "StoreHeld",
    "StoredCursors",
    "SystemWallClock",
    "WallClock",
    "WrongBot",
    "button_id",
    "filters",
]
