"""Asking somebody something: a dialog is put up, and what is decided comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from rich.text import Text
from textual.screen import ModalScreen

from chatd.cli.screen.dialogs import Choice, Decision, Picker

if TYPE_CHECKING:
    from chatd.cli.screen.backstage import Backstage

T = TypeVar("T")


class Asking:
    """Puts up dialogs for the app."""

    def __init__(self, app: Backstage) -> None:
        self._app = app

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """What somebody decides in a dialog."""
        decided: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

        def decide(result: T | None) -> None:
            if not decided.done():
                decided.set_result(result)

        self._app.push_screen(dialog, decide)
        return await decided

    async def pick(self, title: str, choices: Sequence[Choice], **more: Any) -> str | None:
        """What somebody picks from a list."""
        words = self._app.words
        says = {"nothing": words("nothing_here"), "unfit": words("nothing_fits"), "keys": words("keys_pick")}
        return await self.ask(Picker(title, choices, **(says | more)))

    async def decide(
        self, title: str, text: Text, answers: Sequence[tuple[str, str]], *, ask: str = ""
    ) -> tuple[str, str] | None:
        """Which answer somebody gives, and what they typed where they were asked to."""
        return await self.ask(Decision(title, text, answers, ask=ask, keys=self._app.words("keys_decide")))

    async def sure(self, text: str) -> bool:
        """Whether somebody means it."""
        words = self._app.words
        answers = [("yes", words("act_yes")), ("no", words("act_cancel"))]
        decided = await self.decide("chatd", Text(text), answers)
        return decided is not None and decided[0] == "yes"

    def look(self, *pieces: tuple[str, str]) -> Text:
        """A text of some styles."""
        ink = self._app.ink()
        return Text.assemble(*((text, ink[style]) for style, text in pieces), overflow="fold")
