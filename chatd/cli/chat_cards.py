"""What hangs on a message, in a few lines of a terminal: a card, a bot's buttons. Pure; `chat_render` puts them behind
the sender's name."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_cells import cut, printable, wrap
from chatd.cli.chat_words import Words
from chatd.cli.prices import price_in
from chatd_protocol.kinds import Card, ProductCard, VideoCard
from chatd_protocol.menus import MenuRows

BAR: Final = "▌ "
_BAR_CELLS: Final = 2


def card_lines(words: Words, card: Card, cells: int) -> list[str]:
    """What a card shows, each line of at most so many cells: what it is, how it stands, where to find it."""
    lines = [card_title(words, card), *_details(words, card)]
    return [BAR + cut(printable(line), max(cells - _BAR_CELLS, 1)) for line in lines]


def card_title(words: Words, card: Card) -> str:
    """What it is, in one line."""
    key = "card_video" if isinstance(card, VideoCard) else "card_product"
    return words(key, title=card.title or words("card_unavailable"))


def card_line(words: Words, card: Card) -> str:
    """What it is called and how it stands, in one line."""
    return " · ".join(part for part in (printable(card.title), card_state(words, card)) if part)


def card_state(words: Words, card: Card) -> str:
    """How it stands now, in a few words."""
    parts = [price_of(words, card)] if isinstance(card, ProductCard) and card.price is not None else []
    if card.status not in {"available", "on_sale"}:
        parts.append(words.choose(f"card_{card.status}", "card_unavailable"))
    return words.beside(parts)


def product_state(words: Words, card: ProductCard) -> str:
    """How a product stands where there is room to say so of one that can be bought, too."""
    return words.beside((card_state(words, card), words("card_on_sale") if card.status == "on_sale" else ""))


def price_of(words: Words, card: ProductCard) -> str:
    """The price, and what it was when it was shared if that was something else."""
    now = price_in(words.lang, card.price or 0, card.currency)
    if card.price_then is None:
        return now
    return words("card_price_then", price=now, then=price_in(words.lang, card.price_then, card.currency))


def _details(words: Words, card: Card) -> list[str]:
    state = card_state(words, card) if card.title else ""
    if isinstance(card, ProductCard) and card.title:
        state = product_state(words, card)
    if isinstance(card, VideoCard) and card.status == "available":
        minutes, seconds = divmod(card.duration_ms // 1000, 60)
        length = f"{minutes}:{seconds:02}" if card.duration_ms else ""
        state = " · ".join(part for part in (card.author, length) if part)
    return [line for line in (state, card.url) if line]


def menu_lines(menu: MenuRows, room: int) -> list[str]:
    """The buttons of a bot's message, numbered as they are pressed, a row on a line."""
    lines, number = [], 0
    for row in menu:
        labels = [f"[{number + place} {printable(button.label)}]" for place, button in enumerate(row, 1)]
        number += len(row)
        lines += wrap(" ".join(labels), room)
    return lines
