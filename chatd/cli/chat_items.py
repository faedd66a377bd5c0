"""Videos and products that one has seen, in chats or looking for them: what may be shared, by id or by words of the
title. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from chatd_protocol import log
from chatd_protocol.kinds import Card, VideoCard

Kind = Literal["video", "product"]
SEEN_MAX: Final = 500
_SHAREABLE: Final = frozenset({"available", "on_sale", "sold_out"})


class Items:
    """Remembers the newest, with their titles."""

    def __init__(self) -> None:
        self._titles: dict[tuple[Kind, str], str] = {}

    def see(self, entries: Iterable[log.Entry | log.UnknownEntry]) -> None:
        """These were shown."""
        for entry in entries:
            card = _card_in(entry)
            if card is not None:
                self._take(card)

    def know(self, cards: Iterable[Card]) -> None:
        """These were found."""
        for card in cards:
            self._take(card)

    def _take(self, card: Card) -> None:
        key: tuple[Kind, str] = ("video" if isinstance(card, VideoCard) else "product", card.id)
        self._titles.pop(key, None)
        if card.title and card.status in _SHAREABLE:
            self._titles[key] = card.title
            if len(self._titles) > SEEN_MAX:
                del self._titles[next(iter(self._titles))]

    def find(self, kind: Kind, begun: str) -> list[tuple[str, str]]:
        """Ids and titles, the newest first, of those whose id begins so or whose title has this in it."""
        part = begun.casefold()
        return [
            (item, title)
            for (of, item), title in reversed(self._titles.items())
            if of == kind and (item.casefold().startswith(part) or part in title.casefold())
        ]


def _card_in(entry: log.Entry | log.UnknownEntry) -> Card | None:
    if isinstance(entry, log.CardChanged):
        return entry.card
    return getattr(entry.body, "card", None) if isinstance(entry, log.Message) else None
