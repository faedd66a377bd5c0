"""Whoever writes a bot with mypy strict is told of mistakes, and of nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest
from mypy import api

GOOD: Final = """
from datetime import timedelta
from decimal import Decimal

from chatd_client.bots import (
    PASS, Bot, CardContext, EntryContext, Filter, JobContext, JoinContext, Line, Mention, Menu, MessageContext, Pass,
    PressContext, Router, filters,
)
from chatd_protocol.log import Recalled

bot = Bot("sample", lang="zh")
shop = Router()


@shop.command("price", "价格", help={"en": "what it costs", "zh": "多少钱"}, when=~filters.direct)
async def price(ctx: MessageContext, item: str, count: int = 1, *, note: str = "") -> None:
    ctx.memory.user["asked"] = ctx.memory.user.get("asked", 0) + count
    sent = await ctx.reply(Line("Hello ").mention(ctx.user, "Ann"), menu=Menu().button("buy", "Buy", item))
    await ctx.edit(sent.pos, menu=Menu())
    ctx.later("remind", timedelta(minutes=5), {"item": item})


@shop.command("give")
async def give(ctx: MessageContext, who: Mention, amount: Decimal | None = None) -> Pass | None:
    await ctx.tell(who.user, {"en": "for you", "zh": "给你"})
    return PASS


@shop.pattern(r"\\d+", when=filters.contains("x") & Filter(lambda ctx: ctx.user != ""))
async def found(ctx: MessageContext) -> None:
    assert ctx.match is not None
    await ctx.reply(ctx.match[0])


@shop.joined()
async def joined(ctx: JoinContext) -> None:
    await ctx.send(ctx.by or "nobody")


@shop.card_changed("product", "sold_out")
async def sold_out(ctx: CardContext) -> None:
    await ctx.reply(ctx.product.title if ctx.product else "")


@shop.press("buy")
async def buy(ctx: PressContext) -> None:
    await ctx.send_product(ctx.about[0])


@shop.entry(Recalled)
async def recalled(ctx: EntryContext[Recalled]) -> None:
    await ctx.send(str(ctx.entry.target))


@shop.job("remind")
async def remind(ctx: JobContext) -> None:
    await ctx.send(str(ctx.payload["item"]))


bot.include(shop)
"""
HEAD: Final = """
from chatd_client.bots import Bot, EntryContext, JoinContext, MessageContext
from chatd_protocol.log import Edited, Recalled

bot = Bot("sample")
"""
BAD: Final = {
    "a context of another kind": "@bot.joined()\nasync def f(ctx: MessageContext) -> None: ...",
    "a handler that is not async": '@bot.command("a")\ndef f(ctx: MessageContext) -> None: ...',
    "a parameter that nobody fills": "@bot.message()\nasync def f(ctx: MessageContext, x: int) -> None: ...",
    "an entry of another type": "@bot.entry(Recalled)\nasync def f(ctx: EntryContext[Edited]) -> None: ...",
    "a field that is not there": "@bot.joined()\nasync def f(ctx: JoinContext) -> None:\n    print(ctx.text)",
    "a card of no kind": '@bot.card("car")\nasync def f(ctx: MessageContext) -> None: ...',
    "a language that it does not speak": 'Bot("b", lang="fr")',
}


def mypy(folder: Path, source: str) -> tuple[int, str]:
    (folder / "sample.py").write_text(source)
    cache = folder / "cache"
    said, _, status = api.run(["--strict", "--no-error-summary", f"--cache-dir={cache}", str(folder / "sample.py")])
    return status, said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("typed")


def test_a_bot_as_the_documents_write_it_is_well_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", ":".join(path for path in sys.path if path.endswith(("clients", "protocol"))))
    assert mypy(folder, GOOD) == (0, "")


def test_mistakes_of_a_bot_are_found_before_it_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", ":".join(path for path in sys.path if path.endswith(("clients", "protocol"))))
    for what, source in BAD.items():
        status, said = mypy(folder, HEAD + source + "\n")
        assert (status, said.count("error:") >= 1) == (1, True), what
