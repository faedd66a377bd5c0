"""What can be shared: looked for while somebody types, and picked from a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatd.cli.chat_cards import card_state
from chatd.cli.chat_items import Kind
from chatd.cli.screen.asking import Asking
from chatd.cli.screen.cells import clean
from chatd.cli.screen.dialogs import Choice
from chatd.cli.typed.cards import FOUND
from chatd_client import ChatdError, ClientClosed
from chatd_protocol.kinds import Card

if TYPE_CHECKING:
    from chatd.cli.screen.backstage import Backstage


class Shelf(Asking):
    """Asks the server for the app: one question at a time, and none twice."""

    def __init__(self, app: Backstage) -> None:
        super().__init__(app)
        self._asked: set[tuple[Kind, str]] = set()
        self._busy = False

    async def pick_item(self, kind: Kind, cards: list[Card]) -> str | None:
        """Which of these is meant: its id; None if none."""
        words = self._app.words
        choices = [
            Choice(
                card.id,
                self.look(
                    ("bold", clean(card.title)), ("text", f"  {card_state(words, card)}"), ("dim", f"  {card.id}")
                ),
            )
            for card in cards
        ]
        return await self.pick(words(f"title_pick_{kind}"), choices, ask=words("ask_filter"))

    async def look_for(self, kind: Kind, begun: str) -> None:
        """Find out what could be meant, and offer it where one writes."""
        if self._busy or (kind, begun) in self._asked:
            return
        self._busy = True
        try:
            page = await self._app.client.find_items(begun, kind, FOUND)
        except (ChatdError, ClientClosed):
            return  # Nothing is offered then; what is sent says what is wrong.
        finally:
            self._busy = False
        self._asked.add((kind, begun))
        self._app.state.items.know(reversed(page.items))
        self._app.composer.offer()
        self._app.composer.look()  # More may have been typed meanwhile.
