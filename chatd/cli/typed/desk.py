"""What a typed command works with: the client, what it knows, and the screen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from chatd.cli.chat_cards import card_line
from chatd.cli.chat_events import Watcher
from chatd.cli.chat_items import Kind
from chatd.cli.chat_render import DIM, Renderer, printable
from chatd.cli.chat_screen import Screen
from chatd.cli.chat_state import State
from chatd.cli.chat_words import Words
from chatd_client import Client
from chatd_protocol.kinds import Card

NAMED_MAX: Final = 5


class Mistyped(Exception):
    """What was typed cannot be done; the text for it, with its values."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class NotANumber(Exception):
    """A word that has to be a number is none: the command is written differently."""


class Command(NamedTuple):
    """What does a command. `parts`: words needed behind its name, `more` may follow; the last may have spaces.

    How it is written and what it does stand in the texts, as `usage_NAME` and `help_NAME`.
    """

    parts: int
    run: Callable[..., Awaitable[None]]
    more: int = 0


class Desk(ABC):
    """`failed` once anything was refused; `over` once `/quit` was typed; `names` of every command."""

    names: list[str]

    def __init__(
        self, client: Client, state: State, screen: Screen, render: Renderer, words: Words, watcher: Watcher
    ) -> None:
        self.client = client
        self.state = state
        self.screen = screen
        self.render = render
        self.words = words
        self.watcher = watcher
        self.failed = False
        self.over = False

    @abstractmethod
    async def say(self, text: str, reply_to: int | None = None) -> None:
        """Send a text to the open group."""

    @abstractmethod
    async def open_group(self, group: str) -> None:
        """Make a group the open one and show its newest entries. Raises `ChatdError`."""

    async def choose_item(self, kind: Kind, cards: list[Card]) -> str | None:
        """Which of several items is meant: its id, or None. Raises `Mistyped`, which says what there is to choose."""
        named = [f"{printable(card.id)} ({card_line(self.words, card)})" for card in cards[:NAMED_MAX]]
        raise Mistyped("several_items", items=self.words.listed(named))

    def group(self) -> str:
        """The open group. Raises `Mistyped`."""
        if self.state.open is None:
            raise Mistyped("no_open_group")
        return self.state.open

    async def person(self, sub: str) -> str:
        """The id of somebody. Raises `Mistyped`."""
        user = await self.state.names.find(sub)
        if user is None:
            raise Mistyped("no_such_user", sub=printable(sub))
        return user

    def hand_over(self, text: str) -> None:
        """Show a text that is meant to be copied, whole and by itself."""
        self.screen.show([("", text)])

    def done(self, key: str = "done", **values: object) -> None:
        """Say that it worked, where nothing else shows it."""
        if not self.screen.interactive or key != "done":
            self.watcher.say(DIM, key, **values)


def number_in(text: str) -> int:
    """The number of a message, `12` or `#12`. Raises `NotANumber`."""
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()):
        raise NotANumber
    return int(digits)
