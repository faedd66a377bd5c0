"""Sharing videos and products of the catalogue: by id, by words of the title, or picked from what there is."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import msgspec

from chatd.cli.chat_items import Kind
from chatd.cli.chat_render import printable
from chatd.cli.typed.desk import Command, Desk, Mistyped
from chatd_client import ChatdError
from chatd_protocol.kinds import Card
from chatd_protocol.messages import SendMessageOk
from chatd_protocol.values import ItemId

FOUND: Final = 20
TRIES: Final = 4
"""A title is looked for with so many of the words that were typed, then with fewer: the others may be what is said."""
_QUOTED: Final = re.compile(r'["“”「『《]([^"“”」』》]+)["“”」』》]\s*(.*)', re.DOTALL)


class Found(NamedTuple):
    """What was meant: `cards` that fit, and the `text` to be said about the one that is shared."""

    cards: list[Card]
    text: str | None


async def video(desk: Desk, which: str = "") -> None:
    async def send(item: str, text: str | None) -> SendMessageOk:
        return await desk.client.send_video(desk.group(), item, text, section=desk.state.section)

    await _share(desk, "video", which.strip(), send)


async def product(desk: Desk, which: str = "") -> None:
    async def send(item: str, text: str | None) -> SendMessageOk:
        return await desk.client.send_product(desk.group(), item, text, section=desk.state.section)

    await _share(desk, "product", which.strip(), send)


async def _share(
    desk: Desk, kind: Kind, which: str, send: Callable[[str, str | None], Awaitable[SendMessageOk]]
) -> None:
    """As an id first; where there is none, what fits by its title. Raises `ChatdError`, `Mistyped`."""
    desk.group()
    if not await _shared_as_id(which, send):
        found = await find(desk, kind, which)
        item = await _one_of(desk, kind, found.cards, which)
        if item is None:
            return
        await send(item, found.text)
    desk.done()


async def _shared_as_id(which: str, send: Callable[[str, str | None], Awaitable[SendMessageOk]]) -> bool:
    item, _, said = which.partition(" ")
    try:
        msgspec.convert(item, ItemId)
        await send(item, said.strip() or None)
    except msgspec.ValidationError:
        return False
    except ChatdError as error:
        if error.code != "no_item":
            raise
        return False
    return True


async def find(desk: Desk, kind: Kind, which: str) -> Found:
    """What can be shared and has these words in its title, or the first of them; without words the newest."""
    for words, said in _readings(which):
        page = await desk.client.find_items(words, kind, FOUND)
        if page.items:
            desk.state.items.know(page.items)
            same = [card for card in page.items if (card.title or "").casefold() == words.casefold()]
            return Found(same if len(same) == 1 else list(page.items), said)
    return Found([], None)


def _readings(which: str) -> list[tuple[str, str | None]]:
    """Words of a title, and what is said besides: what is quoted is the title, else more of the words or fewer."""
    quoted = _QUOTED.fullmatch(which)
    if quoted is not None:
        return [(quoted[1], quoted[2] or None)]
    words = which.split()
    counts = [len(words), *range(min(len(words) - 1, TRIES - 1), 0, -1)]
    return [(" ".join(words[:count]), " ".join(words[count:]) or None) for count in counts]


async def _one_of(desk: Desk, kind: Kind, cards: list[Card], which: str) -> str | None:
    """The id of the one that is meant; None if somebody changed their mind. Raises `Mistyped` for none."""
    if not cards:
        raise Mistyped(f"no_{kind}_named" if which else f"no_{kind}_here", text=printable(which))
    if len(cards) == 1 and which:
        return cards[0].id
    return await desk.choose_item(kind, cards)


COMMANDS: Final = {"video": Command(0, video, 1), "product": Command(0, product, 1)}
