"""Sharing videos and products of the catalogue, by their id or by a word of the title of what was shared before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from chatd.cli.chat_items import Kind
from chatd.cli.chat_render import printable
from chatd.cli.typed.desk import Command, Desk, Mistyped
from chatd_client import ChatdError
from chatd_protocol.messages import SendMessageOk

NAMED_MAX: Final = 5


async def video(desk: Desk, which: str) -> None:
    async def send(item: str, text: str | None) -> SendMessageOk:
        return await desk.client.send_video(desk.group(), item, text, section=desk.state.section)

    await _share(desk, "video", which, send)


async def product(desk: Desk, which: str) -> None:
    async def send(item: str, text: str | None) -> SendMessageOk:
        return await desk.client.send_product(desk.group(), item, text, section=desk.state.section)

    await _share(desk, "product", which, send)


async def _share(
    desk: Desk, kind: Kind, which: str, send: Callable[[str, str | None], Awaitable[SendMessageOk]]
) -> None:
    """As an id first; where there is none, the only one of those seen that fits. Raises `ChatdError`, `Mistyped`."""
    item, _, words = which.partition(" ")
    text = words.strip() or None
    try:
        await send(item, text)
    except ChatdError as error:
        found = desk.state.items.find(kind, item) if error.code in {"no_item", "invalid"} else []
        if len(found) > 1:
            named = [f"{printable(one)} ({printable(title)})" for one, title in found[:NAMED_MAX]]
            raise Mistyped("several_items", items=desk.words.listed(named)) from None
        if not found:
            raise
        await send(found[0][0], text)
    desk.done()


COMMANDS: Final = {"video": Command(1, video), "product": Command(1, product)}
