"""A session that sees a catalogue of its own: what a dialogue calls `teapot` is another item on the server.

Every id of an item gets a mark in front on its way to the server and loses it on its way back, so neither the bot nor
the people of a dialogue can reach an item that is not of the dialogue.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from chatd_client.errors import ChatdError
from chatd_client.events import EntriesEvent, Event
from chatd_client.port import Port
from chatd_protocol.catalogue import Deletion, Item
from chatd_protocol.groups import GroupLine
from chatd_protocol.items import FindItems, FoundItems
from chatd_protocol.log import Entry, UnknownEntry, read_entry
from chatd_protocol.messages import ProductCardBody, SendMessage, VideoCardBody
from chatd_protocol.session import HelloOk
from chatd_protocol.values import PAGE_MAX, Data, ItemId, View

V = TypeVar("V", bound=View)


class OwnItems:
    """The items of one dialogue. `mark` stands in no text that anybody writes."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._raw = mark.encode()

    def outer(self, item: str) -> str:
        """The id that a server knows. Raises `ChatdError` (`no_item`) for one that no item can have."""
        try:
            return msgspec.convert(self._mark + item, ItemId)
        except msgspec.ValidationError as error:
            raise ChatdError("no_item", str(error)) from None

    def changed(self, item: Item | Deletion) -> Item | Deletion:
        """A change of the catalogue, of an item of the dialogue."""
        return replace(item, id=self.outer(item.id))

    def asked(self, request: Data) -> Data:
        """A request as the server is to get it."""
        body = request.body if isinstance(request, SendMessage) else None
        if isinstance(request, SendMessage) and isinstance(body, ProductCardBody):
            return replace(request, body=replace(body, product=self.outer(body.product)))
        if isinstance(request, SendMessage) and isinstance(body, VideoCardBody):
            return replace(request, body=replace(body, video=self.outer(body.video)))
        return replace(request, limit=PAGE_MAX) if isinstance(request, FindItems) else request

    def answered(self, request: Data, answer: V, kind: type[V]) -> V:
        """An answer as the dialogue is to see it."""
        if isinstance(request, FindItems) and isinstance(answer, FoundItems):
            own = [card for card in answer.items if card.id.startswith(self._mark)]
            answer = replace(answer, items=own[: request.limit], more=len(own) > request.limit)
        raw = msgspec.json.encode(answer)
        return msgspec.json.decode(raw.replace(self._raw, b""), type=kind) if self._raw in raw else answer

    def entry(self, entry: Entry | UnknownEntry) -> Entry | UnknownEntry:
        """An entry of a group's log."""
        raw = msgspec.json.encode(entry)
        return read_entry(msgspec.json.decode(raw.replace(self._raw, b""))) if self._raw in raw else entry


class OwnItemsPort(Port):
    """A session in which items are those of the dialogue."""

    def __init__(self, port: Port, items: OwnItems) -> None:
        self._port = port
        self._items = items

    @property
    def hello(self) -> HelloOk | None:
        return self._port.hello

    async def connect(self) -> HelloOk:
        return await self._port.connect()

    async def close(self) -> None:
        await self._port.close()

    async def events(self) -> AsyncIterator[Event]:
        async for event in self._port.events():
            if isinstance(event, EntriesEvent):
                entries = tuple(map(self._items.entry, event.entries))
                yield EntriesEvent(event.group, event.after, event.as_of, entries, event.mark)
            else:
                yield event

    async def open_group(self, group: str, *, from_start: bool = False) -> GroupLine:
        return await self._port.open_group(group, from_start=from_start)

    def new_cid(self) -> str:
        return self._port.new_cid()

    async def ask(self, request: Data, kind: type[V]) -> V:
        return self._items.answered(request, await self._port.ask(self._items.asked(request), kind), kind)
