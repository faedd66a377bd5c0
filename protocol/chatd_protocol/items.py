"""Finding videos and products to share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatd_protocol.kinds import Card
from chatd_protocol.values import Data, ItemKind, Line, PageSize, View


class FindItems(Data):
    """`item.find`: videos and products that can be shared and whose title has all words of `text`, those that changed
    last first; without words the newest. Only the newest 20,000 of the catalogue are looked through.

    Words are compared without regard to case and width, those with spaces between them by their beginning, Chinese,
    Japanese and Korean as they stand.
    """

    text: Annotated[Line, Meta(max_length=100)] = ""
    kind: ItemKind | None = None
    limit: PageSize = 20


class FoundItems(View):
    """`more`: there are others; a longer text finds them."""

    items: list[Card]
    more: bool = False
