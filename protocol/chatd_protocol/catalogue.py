"""What a host or a seller puts into the catalogue: the items of `POST /v1/catalogue` and of files to import.

Cards in messages refer to them by kind and id. What a card shows of an item is in `chatd_protocol.log`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chatd_protocol.values import SAFE_INTEGER_MAX, Currency, Data, ItemId, ItemKind, ItemTitle, Name, Price, Url

ITEMS_MAX = 500
STOCK_MAX = 10**9
DURATION_MAX_MS = 30 * 86_400_000

Rev = Annotated[
    int,
    Meta(ge=0, le=SAFE_INTEGER_MAX, description="Grows with every change of the item at its source; older ones lose."),
]


class Video(Data, tag_field="kind", tag="video"):
    """A video of the platform. `private`: nobody sees anything of it, also where it was shared before.

    `duration_ms` is its length in ms, `url` where it is watched, `cover` a picture.
    """

    id: ItemId
    rev: Rev
    title: ItemTitle
    url: Url
    cover: Url | None = None
    duration_ms: Annotated[int, Meta(ge=0, le=DURATION_MAX_MS)] = 0
    author: Name = ""
    visibility: Literal["public", "private"] = "public"


class Product(Data, tag_field="kind", tag="product"):
    """A product of a shop. `price` is in minor units of `currency` (ISO 4217); `stock` 0: sold out, missing: not told.

    `off_shelf`: it cannot be bought nor shared for now.
    """

    id: ItemId
    rev: Rev
    title: ItemTitle
    price: Price
    currency: Currency
    shop_url: Url
    cover: Url | None = None
    stock: Annotated[int, Meta(ge=0, le=STOCK_MAX)] | None = None
    status: Literal["on_shelf", "off_shelf"] = "on_shelf"


Item = Video | Product


class Deletion(Data):
    """An item that is no more; what was shared of it stays without price and link."""

    kind: ItemKind
    id: ItemId
    rev: Rev


class Changes(Data):
    """The body of `POST /v1/catalogue`: at most 500 items and deletions together, each judged for itself."""

    items: Annotated[list[Item], Meta(max_length=ITEMS_MAX)] = []
    deletions: Annotated[list[Deletion], Meta(max_length=ITEMS_MAX)] = []
