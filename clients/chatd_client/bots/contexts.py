"""What happened, as a handler is given it: a context for each kind of thing. What all of them have is in `context`."""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar

import msgspec

from chatd_client.bots.context import Context, Deed
from chatd_client.bots.store import Timer
from chatd_client.bots.words import Lang, language_of
from chatd_protocol.kinds import Card, ProductCard, VideoCard
from chatd_protocol.log import CardChanged, Entry, Joined, Left, Message, MineEntry

E = TypeVar("E", bound=Entry)


class MessageContext(Context):
    """Somebody said something. `text` is what they wrote, `match` what the pattern of the handler found."""

    def __init__(self, deed: Deed, message: Message) -> None:
        super().__init__(deed)
        self.message = message
        self.section = message.section
        self.text: str = getattr(message.body, "text", "") or ""
        self.card: Card | None = getattr(message.body, "card", None)
        self.match: re.Match[str] | None = None

    @property
    def pos(self) -> int:
        return self.message.pos

    @property
    def mentions_me(self) -> bool:
        return any(mark.user == self.me for mark in getattr(self.message.body, "entities", ()))

    @property
    def lang(self) -> Lang:
        """That of what they wrote, where it shows one."""
        return language_of(self.text) or super().lang

    @property
    def _answered(self) -> int | None:
        return self.message.pos


class JoinContext(Context):
    """`user` came in; `by` brought them: who pulled them in, or made their invite, or nobody."""

    def __init__(self, deed: Deed, joined: Joined, count: int) -> None:
        super().__init__(deed)
        self.joined = joined
        self.count = count
        """How many members there are now."""

    @property
    def by(self) -> str | None:
        return self.joined.by


class LeaveContext(Context):
    """`user` is out."""

    def __init__(self, deed: Deed, left: Left, count: int) -> None:
        super().__init__(deed)
        self.left = left
        self.count = count

    @property
    def kicked(self) -> bool:
        return self.left.by is not None


class CardContext(Context):
    """What a card shows has changed; `card` is its state now, `pos` the newest message that shows it."""

    def __init__(self, deed: Deed, entry: CardChanged, card: Card) -> None:
        super().__init__(deed)
        self.card = card
        self.pos = entry.target

    @property
    def product(self) -> ProductCard | None:
        return self.card if isinstance(self.card, ProductCard) else None

    @property
    def video(self) -> VideoCard | None:
        return self.card if isinstance(self.card, VideoCard) else None

    @property
    def _answered(self) -> int | None:
        return self.pos


class PressContext(Context):
    """`user` pressed a button below the bot's message `pos`; `about` is what stands in its id behind its name."""

    def __init__(self, deed: Deed, entry: MineEntry, about: tuple[str, ...]) -> None:
        super().__init__(deed)
        self.button = entry.button or ""
        self.about = about
        self.pos = entry.pos or 0

    @property
    def _answered(self) -> int | None:
        return self.pos


class MineContext(Context):
    """Something happened to the bot itself: it was added to a group, or is out of one."""

    def __init__(self, deed: Deed, entry: MineEntry) -> None:
        super().__init__(deed)
        self.entry = entry


class EntryContext(Context, Generic[E]):
    """Any other entry of a group's log."""

    def __init__(self, deed: Deed, entry: E) -> None:
        super().__init__(deed)
        self.entry = entry


class JobContext(Context):
    """Something that the bot does by itself. `due_ms` is when it should have been done."""

    def __init__(self, deed: Deed, timer: Timer) -> None:
        super().__init__(deed)
        self.due_ms = timer.due
        self.payload: Any = msgspec.json.decode(timer.payload)
