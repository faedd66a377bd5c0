"""Shop assistant: answers questions about prices with the product's card, and tells who waits when one gets cheaper or
is there again.

    python clients/examples/bots/shop.py --url ws://127.0.0.1:8080 --token-file shop.token --goods goods.json

It knows the goods that were shown in the group, and those of a file: `[{"id": "apple", "names": ["apple", "苹果"]}]`.
"What does apple cost?", “苹果多少钱” and `/price apple` are answered with a card, with a button to be told. The
price and stock on a card are the catalogue's own; the bot keeps only what it has last seen, to tell what changed.

导购机器人：有人问价就发商品卡片；点“降价/到货提醒”后，价格下降或重新有货时会 @ 你。
它认识群里出现过的商品，以及文件里列出的商品。
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from chatd_client import ChatdError
from chatd_client.bots import PASS, Bot, CardContext, Context, Line, Menu, MessageContext, Pass, Phrase, PressContext
from chatd_client.bots.menus import ID_MAX
from chatd_protocol.kinds import ProductCard
from chatd_protocol.money import show_price

bot = Bot("shop", intro=Phrase("I know what things cost:", "价格问我："))
KNOWN_MAX: Final = 200
WATCHERS_MAX: Final = 200
NAMES_MAX: Final = 20
CARD_ON_SALE: Final = frozenset({"on_sale"})


class Good(msgspec.Struct, frozen=True):
    """Something that is sold, and what people call it."""

    id: str
    names: list[str] = []


GOODS: list[Good] = []
"""What the file says; empty without one."""


@bot.command("price", "价格", "多少钱", help=Phrase("what something costs", "查询价格"))
async def price(ctx: MessageContext, *, product: str) -> None:
    if not await _show(ctx, product):
        await ctx.reply(ctx.pick(f"I do not know “{product}”.", f"没有「{product}」。"))


@bot.command("goods", "商品", help=Phrase("what there is", "有哪些商品"))
async def goods(ctx: MessageContext) -> None:
    known = _known(ctx)
    title = ctx.pick("I know:", "我知道这些：")
    nothing = ctx.pick("I do not know any goods yet.", "还没有商品。")
    await ctx.reply("\n".join([title, *(f"· {names[0]}" for names in known.values())]) if known else nothing)


@bot.pattern(r"(?i)(?:how much (?:is|are|for)|price of) (?:the |an? )?(?P<what>[^?？]+?)\s*[?？]")
@bot.pattern(r"(?i)what (?:do|does) (?:the |an? )?(?P<what>[^?？]+?) cost\s*[?？]")
@bot.pattern(r"^\W*(?P<what>[^\s，,。?？]{1,30}?)\s*(?:现在|今天)?(?:多少钱|什么价|怎么卖)")
async def question(ctx: MessageContext) -> Pass | None:
    """Nobody has called it: where it does not know what is meant, it has nothing to say."""
    assert ctx.match is not None
    return None if await _show(ctx, ctx.match["what"]) else PASS


@bot.card("product")
async def shown(ctx: MessageContext) -> None:
    """Somebody shows a product: from now on it is known here."""
    if isinstance(ctx.card, ProductCard):
        _note(ctx, ctx.card)


@bot.card_changed("product")
async def changed(ctx: CardContext) -> None:
    """Tell those who wait: cheaper, or there again."""
    card = ctx.product
    if card is None:
        return
    kept = ctx.memory.group.setdefault("goods", {}).get(card.id, {})
    before, was = kept.get("price"), kept.get("status")
    _note(ctx, card)
    there_again = card.status in CARD_ON_SALE and was is not None and was not in CARD_ON_SALE
    same_money = kept.get("currency") == card.currency
    cheaper = card.status in CARD_ON_SALE and same_money and before is not None and (card.price or 0) < before
    watchers = ctx.memory.group.get("watch", {}).get(card.id, [])
    if not (cheaper or there_again) or not watchers or card.price is None:
        return
    line = Line()
    for user in watchers:
        line.mention(user, await ctx.name_of(user)).add(" ")
    now = show_price(card.price, card.currency)
    if cheaper and before is not None:
        said = ctx.pick(
            f"{card.title} is {now} now, it was {show_price(before, card.currency)}.", f"{card.title} 降到 {now}。"
        )
    else:
        said = ctx.pick(f"{card.title} is there again, for {now}.", f"{card.title} 又有货了，{now}。")
    await ctx.reply(line.add(said))


@bot.press("watch")
async def watch(ctx: PressContext) -> None:
    """Tell me. Once more, and it is over."""
    product = ":".join(ctx.about)
    watch = ctx.memory.group.setdefault("watch", {})
    waiting: list[str] = watch.setdefault(product, [])
    if ctx.user in waiting:
        waiting.remove(ctx.user)
    elif len(waiting) < WATCHERS_MAX:
        waiting.append(ctx.user)
    if not waiting:
        del watch[product]
    names = ctx.memory.group.get("goods", {}).get(product, {}).get("names", [product])
    who = Line().mention(ctx.user, await ctx.name_of(ctx.user))
    if ctx.user in waiting:
        said = ctx.pick(
            f" I will tell you when {names[0]} gets cheaper or is there again.", f" {names[0]} 降价或到货时会告诉你。"
        )
    else:
        said = ctx.pick(f" I will not tell you about {names[0]} any more.", f" 不再提醒 {names[0]}。")
    await ctx.send(who.add(said))


# --- what it knows


async def _show(ctx: MessageContext, wanted: str) -> bool:
    """Answer with the card of what somebody means. False if nobody knows what that is."""
    product = _find(ctx, wanted)
    if product is None:
        return False
    key = f"watch:{product}"
    menu = (
        Menu().button("watch", ctx.pick("Tell me when it changes", "降价/到货提醒"), product)
        if len(key) <= ID_MAX
        else None
    )
    try:
        await ctx.send_product(product, menu=menu, reply_to=ctx.pos)
    except ChatdError as error:
        if error.code != "no_item":
            raise
        await ctx.reply(Phrase("That cannot be bought now.", "这件商品现在买不到。"))
    return True


def _known(ctx: Context) -> dict[str, list[str]]:
    """By id: what it is called, the name to show first."""
    seen = {product: list(kept.get("names", [product])) for product, kept in ctx.memory.group.get("goods", {}).items()}
    for good in GOODS:
        seen[good.id] = [*good.names, *seen.get(good.id, []), good.id]
    return seen


def _find(ctx: Context, wanted: str) -> str | None:
    """The product that is meant: by its id or name, else the only one whose name contains the words."""
    words = wanted.strip().casefold()
    known = _known(ctx)
    for product, names in known.items():
        if words in {product.casefold(), *(name.casefold() for name in names)}:
            return product
    near = [product for product, names in known.items() if any(_within(words, name.casefold()) for name in names)]
    if not near:
        near = [product for product, names in known.items() if any(_within(name.casefold(), words) for name in names)]
    return near[0] if words and len(near) == 1 else None


def _within(part: str, whole: str) -> bool:
    """Whether these words stand in a text; Latin ones as whole words, for “it” is not a part of “kit”."""
    return part in whole and re.search(rf"(?<![a-z0-9]){re.escape(part)}(?![a-z0-9])", whole) is not None


def _note(ctx: Context, card: ProductCard) -> None:
    """What it is called and costs, as it was last seen; the oldest are forgotten."""
    kept = ctx.memory.group.setdefault("goods", {})
    old = kept.pop(card.id, {})
    names = [card.title, *(name for name in old.get("names", []) if name != card.title)][:NAMES_MAX]
    price = card.price if card.price is not None else old.get("price")
    kept[card.id] = {"names": names, "price": price, "currency": card.currency, "status": card.status}
    while len(kept) > KNOWN_MAX:
        del kept[next(iter(kept))]


def read_goods(path: Path) -> list[Good]:
    """The file of goods. Raises `ValueError`, `OSError`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Good])
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} does not hold goods: {error}") from None


def main(args: Sequence[str] | None = None) -> None:
    """Run it as a program."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--goods", type=Path)
    own, rest = parser.parse_known_args(args)
    if own.goods is not None:
        try:
            GOODS[:] = read_goods(own.goods)
        except (OSError, ValueError) as error:
            sys.exit(f"--goods: {error}")
    bot.main(rest)


if __name__ == "__main__":
    main()
