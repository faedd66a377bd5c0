"""Sharing videos and products line by line: by id, by words of a title, and what is said when several fit."""

from __future__ import annotations

from chatd.service.catalogue import change_catalogue
from chatd.testing import running_server
from chatd_protocol.kinds import TextContent
from chatd_protocol.log import Message
from tests.client.peer import in_loop
from tests.client.scene import Person

VIDEO = {"kind": "video", "rev": 1, "url": "https://video.example/1"}
ITEMS = [VIDEO | {"id": "v1", "title": "Kiln day one"}, VIDEO | {"id": "v2", "title": "Kiln day two"}]


@in_loop
async def test_an_item_is_named_by_its_title_or_once_more_by_its_id(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server:
        await change_catalogue(server.hub.link.ask, ITEMS, [])
        ann = Person(server, "ann", "Ann")
        ann.scene.type("/new Kiln", "/video kiln")
        await ann.scene.sees("Which one?", "v1 (Kiln day one)", "v2 (Kiln day two)")
        ann.scene.type("/video")
        await ann.scene.sees("Which one?", "v1 (Kiln day one)", "v2 (Kiln day two)")
        ann.scene.type('/video "kiln day two" at last')
        await ann.scene.sees("video: Kiln day two")
        ann.scene.type("/video v1", "/product sock")
        await ann.scene.sees("video: Kiln day one")
        await ann.scene.sees("no product that can be shared has “sock” in its title")
        (line,) = (await ann.client.list_groups()).groups
        bodies = [entry.body async for entry in ann.client.history(line.group) if isinstance(entry, Message)]
        shown = [(body.card.id, body.text) for body in bodies if isinstance(body, TextContent) and body.card]
        assert sorted(shown) == [("v1", ""), ("v2", "at last")]
        await ann.leave()
