"""The catalogue of a stage: items as their source tells them, and the cards that show them."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from chatd_protocol.catalogue import Deletion, Item, Product, Video
from chatd_protocol.kinds import Card, ProductCard, VideoCard
from chatd_protocol.runs import line_of, parts_asked
from chatd_protocol.values import ItemKind


class Shelf:
    """What can be shown on cards."""

    def __init__(self) -> None:
        self._cards: dict[tuple[ItemKind, str], Card] = {}
        self._rev = 0

    @staticmethod
    def key_of(item: Item | Deletion) -> tuple[ItemKind, str]:
        if isinstance(item, Deletion):
            return item.kind, item.id
        return ("video" if isinstance(item, Video) else "product"), item.id

    def put(self, item: Item | Deletion) -> Card | None:
        """Take in a change. Returns what the card was before."""
        key = self.key_of(item)
        before = self._cards.get(key)
        self._rev += 1
        if isinstance(item, Deletion):
            if before is not None:
                kind = VideoCard if isinstance(before, VideoCard) else ProductCard
                self._cards[key] = kind(item.id, "gone", self._rev, before.title)
        else:
            self._cards[key] = _card_of(item, self._rev)
        return before

    def card(self, kind: ItemKind, item: str) -> Card | None:
        """What a card of it shows now."""
        return self._cards.get((kind, item))

    def find(self, text: str, kind: ItemKind | None) -> list[Card]:
        """What can be shared and has all words of a text in its title, what changed last first."""
        parts = parts_asked(text)
        if text.strip() and not parts:
            return []
        keys = [key for key in self._cards if self.may_share(*key) and kind in (None, key[0])]
        found = [self._cards[key] for key in keys if all(part in line_of(self._cards[key].title) for part in parts)]
        return sorted(found, key=lambda card: card.rev, reverse=True)

    def may_share(self, kind: ItemKind, item: str) -> bool:
        card = self.card(kind, item)
        return card is not None and card.status in {"available", "on_sale", "sold_out"}


def _card_of(item: Item, rev: int) -> Card:
    if isinstance(item, Video):
        if item.visibility == "private":
            return VideoCard(item.id, "unavailable", rev)
        return VideoCard(
            item.id, "available", rev, item.title, item.cover or "", item.duration_ms, item.author, item.url
        )
    return ProductCard(
        item.id,
        _status(item),
        rev,
        item.title,
        item.cover or "",
        item.price,
        item.currency,
        url=item.shop_url,
    )


def _status(item: Product) -> Literal["on_sale", "sold_out", "off_shelf"]:
    if item.status == "off_shelf":
        return "off_shelf"
    return "sold_out" if item.stock == 0 else "on_sale"


def then(card: Card, shared: int | None) -> Card:
    """The card on a message that was sent when the item cost `shared`."""
    if not isinstance(card, ProductCard) or card.price is None or shared is None or shared == card.price:
        return card
    return replace(card, price_then=shared)
