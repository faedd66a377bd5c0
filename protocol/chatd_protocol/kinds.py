"""The kinds of messages, and what the body of each may hold. A new kind is a type here and a row in `BODIES`.

A body is checked whole: what its type does not name is refused. Kinds that begin with `x-` belong to the host; the
server carries them as they are, within bounds, with the words for those who cannot show them.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from chatd_protocol.codec import Invalid, shape_part
from chatd_protocol.menus import Menu, MenuRows, check_menu
from chatd_protocol.values import SAFE_INTEGER_MAX, Alt, Cursor, Data, ItemId, Text, Url, UserId, View

ENTITIES_MAX: Final = 100
CUSTOM_BYTES_MAX: Final = 4096
CUSTOM_DEPTH_MAX: Final = 6
CUSTOM_PREFIX: Final = "x-"
BUNDLE: Final = "bundle"
NOTICE: Final = "notice"
"""Several forwarded messages in one; made by `message.forward` only."""

Offset = Annotated[int, Meta(ge=0, le=4000, description="In Unicode code points of the text, from 0.")]
Length = Annotated[int, Meta(ge=1, le=4000, description="In Unicode code points of the text.")]
AnyBody = Annotated[Any, Meta(description="The body of a message to send: see the schema `Body`, by `kind`.")]
Content = Annotated[Any, Meta(description="What a message holds: see the schema `Content`, by `type`.")]


class Entity(Data):
    """A part of a text that means something: exactly one of `user` (a mention), `all` (everybody) and `url` (a link).

    Parts lie in the text, in ascending order, and do not overlap.
    """

    offset: Offset
    length: Length
    user: UserId | None = None
    all: bool = False
    url: Url | None = None


Entities = Annotated[list[Entity], Meta(max_length=ENTITIES_MAX)]


class TextBody(Data):
    """The body of a `text` message. Only bots may give it a `menu`."""

    text: Text
    entities: Entities = []
    menu: Menu | None = None

    def checked(self, where: str) -> TextBody:
        check_entities(self.text, self.entities, where)
        check_menu(self.menu, f"{where}.menu")
        return self


class NoticeBody(Data):
    """The body of a `notice`: what owner or admins have to say, shown apart from what people talk about."""

    text: Text


class CustomBody(Data):
    """The body of a host's own kind (`x-…`): `alt` is what clients show that do not know it, `data` is the host's,
    at most 4,096 bytes as JSON and 6 levels deep."""

    alt: Alt
    data: dict[str, Any] = {}

    def checked(self, where: str) -> CustomBody:
        _check_plain(self.data, f"{where}.data", CUSTOM_DEPTH_MAX)
        if len(json.dumps(self.data, ensure_ascii=False, separators=(",", ":")).encode()) > CUSTOM_BYTES_MAX:
            raise Invalid(f"{where}.data", f"Expected at most {CUSTOM_BYTES_MAX} bytes as JSON")
        return self


class VideoCardBody(Data):
    """The body of a `video_card` message: a video of the catalogue, and what to say about it. Only bots may
    give it a `menu`."""

    video: ItemId
    text: Text | None = None
    menu: Menu | None = None

    def checked(self, where: str) -> VideoCardBody:
        check_menu(self.menu, f"{where}.menu")
        return self


class ProductCardBody(Data):
    """The body of a `product_card` message: a product of the catalogue, and what to say about it. Only bots
    may give it a `menu`."""

    product: ItemId
    text: Text | None = None
    menu: Menu | None = None

    def checked(self, where: str) -> ProductCardBody:
        check_menu(self.menu, f"{where}.menu")
        return self


BODIES: Final[dict[str, type[Data]]] = {
    "text": TextBody,
    "video_card": VideoCardBody,
    "product_card": ProductCardBody,
    NOTICE: NoticeBody,
}
"""What people may send, by kind."""


def check_body(kind: str, body: object, where: str) -> Data:
    """The body of a message of this kind. Raises `Invalid`, also for a kind that there is not."""
    expected = BODIES.get(kind)
    if expected is None:
        if not kind.startswith(CUSTOM_PREFIX):
            known = ", ".join(f"`{name}`" for name in BODIES)
            raise Invalid(
                where.removesuffix(".body") + ".kind", f"Expected one of {known} or a kind that begins with `x-`"
            )
        expected = CustomBody
    return shape_part(body, expected, where)


def check_entities(text: str, entities: list[Entity], where: str) -> None:
    """Raises `Invalid` for parts that mean nothing or several things, overlap, or do not lie in the text."""
    end = 0
    for index, entity in enumerate(entities):
        place = f"{where}.entities[{index}]"
        if (entity.user is not None) + entity.all + (entity.url is not None) != 1:
            raise Invalid(place, "Expected exactly one of `user`, `all` and `url`")
        if entity.offset < end:
            raise Invalid(f"{place}.offset", f"Expected `int` >= {end}, the end of the one before")
        end = entity.offset + entity.length
        if end > len(text):
            raise Invalid(f"{place}.length", f"Expected an end <= {len(text)}, that of the text")


def _check_plain(value: object, where: str, depth: int) -> None:
    """What both encodings and every client can carry. Raises `Invalid`."""
    if isinstance(value, dict | list):
        if not depth:
            raise Invalid(where, f"Expected at most {CUSTOM_DEPTH_MAX} levels")
        for item in value.values() if isinstance(value, dict) else value:
            _check_plain(item, where, depth - 1)
    elif isinstance(value, int) and abs(value) > SAFE_INTEGER_MAX:
        raise Invalid(where, "Expected integers within 2^53")
    elif value is not None and not isinstance(value, bool | int | float | str):
        raise Invalid(where, "Expected maps, lists, texts, numbers, true, false and null")


class VideoCard(View, tag_field="kind", tag="video"):
    """A video of the catalogue as it is now. `gone`: only its title is left. `unavailable`: nothing of it may be shown,
    also nothing that was shown before. `rev` is the state of the catalogue that this is."""

    id: str
    status: Literal["available", "gone", "unavailable"]
    rev: Cursor = 0
    title: str = ""
    cover: str = ""
    duration_ms: int = 0
    author: str = ""
    url: str = ""


class ProductCard(View, tag_field="kind", tag="product"):
    """A product of the catalogue as it is now. `price` in minor units of `currency`, `price_then` what it cost when it
    was shared, if that was something else; `url` is where it is bought. `gone`: only its title is left."""

    id: str
    status: Literal["on_sale", "sold_out", "off_shelf", "gone", "unavailable"]
    rev: Cursor = 0
    title: str = ""
    cover: str = ""
    price: int | None = None
    currency: str = ""
    price_then: int | None = None
    url: str = ""


Card = VideoCard | ProductCard


class Mark(View):
    """A part of a text that means something: a mention of `user`, of `all`, or a link to `url`."""

    offset: int
    length: int
    user: UserId | None = None
    all: bool = False
    url: str | None = None


class TextContent(View):
    """What a message of words holds. `card` is there for a `video_card` or `product_card`; `text` is what its sender
    wrote; `menu` are the buttons of a bot's message, which `menu.press` presses."""

    text: str = ""
    card: Card | None = None
    entities: list[Mark] = []
    menu: MenuRows = []


class CustomContent(View):
    """What a message of a host's own kind holds."""

    alt: str
    data: dict[str, Any] = {}


class BundleItem(View):
    """One forwarded message, as it was when it was forwarded: `name` is what its sender was called."""

    name: str
    at: int
    type: str
    body: Content
    alt: str = ""


class BundleContent(View):
    """What a `bundle` holds: forwarded messages, oldest first. It names no group, no position and no user id."""

    items: list[BundleItem]


CONTENTS: Final[dict[str, type[View]]] = {**dict.fromkeys(BODIES, TextContent), BUNDLE: BundleContent}
"""What messages hold as they are read, by kind; kinds of hosts hold a `CustomContent`."""


def content_type(kind: str) -> type[View] | None:
    """What a message of this kind holds; None for a kind that this version does not know."""
    return CONTENTS.get(kind) or (CustomContent if kind.startswith(CUSTOM_PREFIX) else None)
