"""What a bot did, in the words of a dialogue, and whether it is what was written down."""

from __future__ import annotations

import re
from typing import Any, Final

from chatd_client.bots.testing.dialogue import BOT, Did, Said
from chatd_protocol.catalogue import Deletion, Product, Video
from chatd_protocol.kinds import Card, ProductCard
from chatd_protocol.values import ItemKind

ANYTHING: Final = "…"


def show(turn: Said | Did) -> str:
    """As it is written in a dialogue."""
    if isinstance(turn, Did):
        return f"{turn.who} {turn.act} {turn.what}".rstrip()
    to = f" (to {turn.to})" if turn.to else ""
    card = f"[{turn.card[0]} {turn.card[1]}]" if turn.card else ""
    text = turn.text.replace("\n", "\n  ")
    buttons = " ".join(f"[[{label}]]" for label in turn.buttons)
    said = " ".join(filter(None, (card, text, buttons)))
    return f"{turn.who}{to}{' edits' if turn.edits else ''}> {said}".rstrip()


def heard_from(body: Any, person: str | None, *, edits: bool) -> Said:
    """A message of the bot, in the words of a dialogue."""
    shown: Card | None = getattr(body, "card", None)
    card = None if shown is None else ("product" if isinstance(shown, ProductCard) else "video", shown.id)
    labels = tuple(button.label for row in getattr(body, "menu", ()) for button in row)
    text = getattr(body, "text", "") or getattr(body, "alt", "")
    return Said(BOT, text, person, edits=edits, card=card, buttons=labels)  # type: ignore[arg-type]


def fits(wanted: Said | Did, got: Said | Did) -> bool:
    if isinstance(wanted, Did) or isinstance(got, Did):
        return wanted == got
    pattern = ".*".join(re.escape(part) for part in wanted.text.split(ANYTHING))
    same = (wanted.card, wanted.buttons, wanted.edits) == (got.card, got.buttons, got.edits)
    return same and re.fullmatch(pattern, got.text, re.DOTALL) is not None


def kind_of(item: Product | Video) -> ItemKind:
    return "product" if isinstance(item, Product) else "video"


def looks_of(item: Product | Video | Deletion) -> tuple[object, ...]:
    """What of it a card shows."""
    if isinstance(item, Deletion):
        return ("gone",)
    if isinstance(item, Video):
        return (item.title,) if item.visibility == "public" else ("unavailable",)
    if item.status == "off_shelf":
        return ("off_shelf", item.title, item.price)
    return ("sold_out" if item.stock == 0 else "on_sale", item.title, item.price)


def looks_of_card(card: Card) -> tuple[object, ...]:
    if card.status in {"gone", "unavailable"}:
        return (card.status,)
    if isinstance(card, ProductCard):
        return (card.status, card.title, card.price)
    return (card.title,)
