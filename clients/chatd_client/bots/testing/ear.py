"""Hears what the bot does, in every chat it is in, and compares it with what is written down."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chatd_client.bots.testing.dialogue import BOT, Did, Said
from chatd_client.bots.testing.heard import fits, heard_from, looks_of_card, show
from chatd_client.bots.words import Lang, Phrase, in_language
from chatd_client.events import EntriesEvent
from chatd_client.port import Port
from chatd_protocol.kinds import Card, ProductCard
from chatd_protocol.log import CardChanged, Edited, Message, Reacted, Recalled, read_entry
from chatd_protocol.values import PAGE_MAX


class DialogueFailed(AssertionError):
    """The bot did not do what is written down."""

    NOTHING: Final = Phrase("nothing", "什么也没说")
    NO_MORE: Final = Phrase("nothing more from the bot", "机器人不再说话")
    NO_FAILURE: Final = Phrase("no handler that fails", "没有处理函数出错")
    ALLOWED: Final = Phrase("that this may be done", "可以这样做")
    ABSENT: Final = Phrase("there is none", "没有")
    TOLD: Final = Phrase("\n  expected: {wanted}\n  got:      {heard}", "\n  应该是：{wanted}\n  实际是：{heard}")
    FAILED: Final = Phrase("\n  failed:   {failure}", "\n  出错：{failure}")

    def __init__(self, line: int, wanted: str | Phrase, heard: str | Phrase, failure: str = "") -> None:
        self.line = line
        self.wanted = in_language(wanted, "en")
        self.heard = in_language(heard, "en")
        self.failure = failure
        """Which handler failed before, of what and where; empty if none did."""
        self._said = wanted, heard
        super().__init__(f"at line {line} of the dialogue{self.told('en')}")

    def told(self, lang: Lang) -> str:
        """What was expected, what came, and what failed, each in a line that begins with a line feed."""
        wanted, heard = (in_language(said, lang) for said in self._said)
        failure = self.FAILED.in_(lang, failure=self.failure) if self.failure else ""
        return self.TOLD.in_(lang, wanted=wanted, heard=heard) + failure

    def because(self, failure: str) -> DialogueFailed:
        """The same, and what failed before."""
        return DialogueFailed(self.line, *self._said, failure)


@dataclass
class Chat:
    """A place where the bot may be heard: as whom it is read, and how far."""

    reader: Port
    group: str
    read: int


class Ear:
    """What was heard and not compared yet, by the person it was said to alone; None is the group."""

    def __init__(self) -> None:
        self.last: dict[str | None, int] = {}
        """The bot's last message in each chat."""
        self.cards = 0
        """How often the group was told that a card looks otherwise."""
        self._heard: dict[str | None, deque[Said | Did]] = {}
        self._looks: dict[tuple[str, str], tuple[object, ...]] = {}
        self._card_came = asyncio.Event()

    async def listen(self, chats: Mapping[str | None, Chat | None], bot: str) -> None:
        """Read on in every chat, and note what the bot did."""
        for person, chat in chats.items():
            more = chat is not None
            while chat is not None and more:
                page = await chat.reader.read_history(chat.group, after=chat.read, limit=PAGE_MAX)
                for raw in page.entries:
                    entry = read_entry(raw)
                    self._note(person, entry, bot)
                    chat.read = entry.pos
                more = page.more

    async def watch(self, reader: Port, group: str) -> None:
        """See with the eyes of a person when cards change."""
        async for event in reader.events():
            if isinstance(event, EntriesEvent) and event.group == group:
                self.cards += sum(isinstance(entry, CardChanged) for entry in event.entries)
                self._card_came.set()

    async def wait_for_card(self, cards: int) -> None:
        """Until the group was told more often than so."""
        while self.cards == cards:
            self._card_came.clear()
            await self._card_came.wait()

    def looks_changed(self, key: tuple[str, str], looks: tuple[object, ...]) -> bool:
        """Whether an item that the group has seen looks otherwise now."""
        before = self._looks.get(key)
        if before is None or before == looks:
            return False
        self._looks[key] = looks
        return True

    def compare(self, wanted: Said | Did, line: int) -> None:
        """Raises `DialogueFailed` unless this is what the bot did next."""
        heard = self._heard.get(wanted.to if isinstance(wanted, Said) else None) or deque()
        got = heard.popleft() if heard else None
        if got is None or not fits(wanted, got):
            raise DialogueFailed(line, show(wanted), DialogueFailed.NOTHING if got is None else show(got))

    def check_silence(self, line: int) -> None:
        """Raises `DialogueFailed` if the bot did something that is not written down."""
        for heard in self._heard.values():
            if heard:
                raise DialogueFailed(line, DialogueFailed.NO_MORE, show(heard[0]))

    def _note(self, person: str | None, entry: Any, bot: str) -> None:
        heard = self._heard.setdefault(person, deque())
        if isinstance(entry, Message):
            card: Card | None = getattr(entry.body, "card", None)
            if card is not None and person is None:
                kind = "product" if isinstance(card, ProductCard) else "video"
                self._looks[kind, card.id] = looks_of_card(card)
            if entry.sender == bot:
                self.last[person] = entry.pos
                heard.append(heard_from(entry.body, person, edits=False))
        elif isinstance(entry, Edited) and entry.by == bot:
            heard.append(heard_from(entry.body, person, edits=True))
        elif isinstance(entry, Reacted) and entry.by == bot and entry.on:
            heard.append(Did(BOT, "reacts", entry.emoji))
        elif isinstance(entry, Recalled) and entry.by == bot:
            heard.append(Did(BOT, "recalls"))
