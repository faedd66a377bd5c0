"""Where a dialogue is played: on a stage in memory, or at a real server, with real connections."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from chatd_client.bots.testing.clock import TurnedClock
from chatd_client.bots.testing.heard import kind_of
from chatd_client.bots.testing.own_items import OwnItems, OwnItemsPort
from chatd_client.bots.testing.stage import Stage
from chatd_client.bots.testing.stage_client import StageClient
from chatd_client.client import Client
from chatd_client.cursors import CursorStore
from chatd_client.port import Port
from chatd_client.session import Token
from chatd_protocol.catalogue import Deletion, Item
from chatd_protocol.values import ItemKind


class Place(ABC):
    """People, a catalogue, and a bot's account. The bot's clock stands until the dialogue turns it."""

    def __init__(self) -> None:
        self.clock = TurnedClock()

    @abstractmethod
    async def person(self, name: str, shown: str) -> Port:
        """Somebody's session, connected. The same one for the same name."""

    @abstractmethod
    async def bot(self, cursors: CursorStore) -> Port:
        """A session of the bot's account, not connected yet."""

    @abstractmethod
    async def change(self, item: Item | Deletion) -> None:
        """Change the catalogue."""

    async def admit(self, owner: Port, group: str, bot: str) -> None:
        """Let the bot into a group."""
        added = await owner.add_members(group, [bot])
        assert [one.result for one in added.results] == ["added"], f"the bot may not come in: {added.results[0].result}"

    @abstractmethod
    async def close(self) -> None:
        """Everybody goes."""


class StagePlace(Place):
    """No server: everything is in memory, and times are those of the bot's clock."""

    def __init__(self, bot_name: str = "bot") -> None:
        super().__init__()
        self.stage = Stage(self.clock)
        self._account = self.stage.add_user("bot " + bot_name, bot_name, bot=True)
        self._people: dict[str, StageClient] = {}

    async def person(self, name: str, shown: str) -> Port:
        if name not in self._people:
            self._people[name] = StageClient(self.stage, self.stage.add_user(name, shown))
            await self._people[name].connect()
        return self._people[name]

    async def bot(self, cursors: CursorStore) -> Port:
        return StageClient(self.stage, self._account, cursors=cursors)

    async def change(self, item: Item | Deletion) -> None:
        self.stage.change(item)

    async def close(self) -> None:
        for client in self._people.values():
            await client.close()


class ServerPlace(Place):
    """A real server. What a dialogue does there touches nothing that was there before: the people, called as they are
    written, are accounts of this one run (`dialogue-ann-1f2e3d4c` is Ann), and where the dialogue changes the
    catalogue, its items have ids of this run for the server (`dialogue-1f2e3d4c-teapot`), whatever the bot calls them;
    they are deleted at the end. The group, its log and the people stay.

    `token_of` gives the token of a person by account (`sub`) and name. `change` puts an item into the catalogue, or
    deletes it; without it, a dialogue sees the catalogue of the server, and cannot change it.
    """

    def __init__(
        self,
        url: str,
        *,
        bot_token: Token,
        token_of: Callable[[str, str], str],
        change: Callable[[Item | Deletion], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__()
        self._url = url
        self._bot_token = bot_token
        self._token_of = token_of
        self._change = change
        self._run = secrets.token_hex(4)
        self._items = OwnItems(f"dialogue-{self._run}-") if change is not None else None
        self._there: dict[tuple[str, str], Deletion] = {}
        """How each item that the dialogue made is deleted."""
        self._people: dict[str, Port] = {}

    async def person(self, name: str, shown: str) -> Port:
        if name not in self._people:
            token = self._token_of(f"dialogue-{name}-{self._run}", shown)
            self._people[name] = self._seen(Client(self._url, token=token, device="dialogue"))
            await self._people[name].connect()
        return self._people[name]

    async def bot(self, cursors: CursorStore) -> Port:
        return self._seen(Client(self._url, token=self._bot_token, device="dialogue", cursors=cursors))

    def _seen(self, client: Client) -> Port:
        return client if self._items is None else OwnItemsPort(client, self._items)

    async def change(self, item: Item | Deletion) -> None:
        assert self._change is not None, "this dialogue changes the catalogue: say how, with `change=`"
        assert self._items is not None
        changed = self._items.changed(item)
        await self._change(changed)
        kind: ItemKind = item.kind if isinstance(item, Deletion) else kind_of(item)
        if isinstance(item, Deletion):
            self._there.pop((kind, item.id), None)
        else:
            self._there[kind, item.id] = Deletion(kind, changed.id, item.rev + 1)

    async def close(self) -> None:
        try:
            for deletion in self._there.values():
                assert self._change is not None
                await self._change(deletion)
            self._there.clear()
        finally:
            for client in self._people.values():
                await client.close()
