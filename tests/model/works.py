"""What a server does beside its sessions, done when a step asks for it: search's log, telling of cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chatd.core.cards import Announce
from chatd.core.catalogue import Pending
from chatd.hub.cards import CardSettings, CardTeller
from chatd.hub.hub import Hub
from chatd.search.follower import Follower
from chatd.search.link import SearchLink
from chatd.search.log import Log
from chatd.search.program import Settings, Status
from chatd.search.sqlite import SqliteIndex


class InlineSearch(SearchLink):
    """The real link; what its program does is done here, when somebody asks for it."""

    def __init__(self, settings: Settings, **rest: Any) -> None:
        super().__init__(settings, **rest)
        self._log_read = Log(settings.url)
        self._follower = Follower(self._log_read, SqliteIndex(Path(str(settings.path))), 50, lambda: "the only one")
        self._follower.open()

    async def follow(self) -> None:
        """The index has everything."""
        for _ in self._follower.work():
            pass
        state = self._follower.state
        await self._take(Status(state.generation, state.n, self._follower.sweeping, state.swept, state.total))


class Teller(CardTeller):
    """The real job; `told` notes which item each of its steps was about, and the messages it told of."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub, CardSettings(settle_s=0.0, pause_s=0.0))
        self.told: list[tuple[tuple[str, str], list[tuple[str, int]]]] = []

    def _wish(self, pending: Pending, places: list[tuple[str, int]]) -> Announce:
        wish = super()._wish(pending, places)
        self.told.append(((wish.kind, wish.item_id), wish.places))
        return wish
