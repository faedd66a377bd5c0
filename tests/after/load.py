"""People who write all the time: everything that can be done in a group, with a mark on every word.

What it does to those who are out is not known here.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from tests.after.judge import Marks, Place
from tests.e2e.phone import Denied, Phone

WORD: Final = "石榴"
"""In every text, to be searched for."""
HARMLESS: Final = frozenset({"gone", "limit", "not_found", "too_late", "forbidden", "read_only", "no_item"})
EMOJI: Final = ("👍", "🎉", "🙈", "❤️")
RECENT: Final = 40


class Said(NamedTuple):
    """A message that was sent."""

    pos: int
    seq: int
    by: Phone
    editable: bool


class Crowd:
    """Writers in one group. `goers` are mentioned, whether they are in or not."""

    def __init__(self, group: str, people: list[Phone], goers: list[str], marks: Marks, chance: random.Random) -> None:
        self.group = group
        self.people = people
        self.goers = goers
        self.marks = marks
        self.chance = chance
        self.recent: deque[Said] = deque(maxlen=RECENT)
        self.shown: dict[int, list[str]] = {}
        """By position of a message: what it ever showed."""
        self.done: Counter[str] = Counter()
        self._ended = False
        acts: dict[Callable[[Phone], Awaitable[None]], int] = {
            self.say: 10,
            self.reply: 5,
            self.edit: 6,
            self.recall: 1,
            self.react: 4,
            self.pin: 2,
            self.feature: 2,
            self.card: 2,
            self.note: 1,
            self.forward: 2,
            self.title: 1,
            self.announce: 1,
            self.nickname: 1,
            self.read: 4,
            self.type: 2,
            self.ask: 2,
            self.draft: 1,
        }
        self._acts, self._weights = list(acts), list(acts.values())

    def begin(self, tasks: asyncio.TaskGroup, each: int = 1) -> None:
        """Everybody writes, `each` things at once."""
        for phone in self.people * each:
            tasks.create_task(self._write(phone))

    def end(self) -> None:
        """Nobody begins anything more."""
        self._ended = True

    async def _write(self, phone: Phone) -> None:
        while not self._ended:
            act = self.chance.choices(self._acts, self._weights)[0] if self.recent else self.say
            try:
                await act(phone)
                self.done[act.__name__] += 1
            except Denied as refusal:
                if refusal.code not in HARMLESS:
                    raise

    def one(self) -> Said:
        """One of the newest messages."""
        return self.chance.choice(self.recent)

    # -- what one says

    async def _send(self, phone: Phone, kind: str, body: dict[str, Any], text: str, **more: Any) -> None:
        ok = await phone.do("message.send", group=self.group, kind=kind, body=body, **more)
        self.marks.put(text, Place(self.group, ok["pos"]))
        self.shown.setdefault(ok["pos"], []).append(text)
        self.recent.append(Said(ok["pos"], ok["seq"], phone, kind == "text"))

    def _text(self) -> str:
        return f"{WORD} hello {self.marks.new()}"

    async def say(self, phone: Phone) -> None:
        text, body = self._text(), dict[str, Any]()
        if self.goers and self.chance.random() < 0.5:
            user = self.chance.choice(self.goers)
            body = {"entities": [{"offset": 0, "length": 2, "user": user}]}
        await self._send(phone, "text", {"text": text} | body, text)

    async def reply(self, phone: Phone) -> None:
        text = self._text()
        await self._send(phone, "text", {"text": text}, text, reply_to=self.one().pos)

    async def card(self, phone: Phone) -> None:
        text = self._text()
        await self._send(phone, "product_card", {"product": "pot", "text": text}, text)

    async def note(self, phone: Phone) -> None:
        text = self._text()
        await self._send(phone, "x-note", {"alt": text, "data": {"words": text}}, text)

    async def forward(self, phone: Phone) -> None:
        said = [one for one in self.recent if one.editable] or [self.one()]
        positions = sorted(one.pos for one in self.chance.sample(said, min(len(said), 2)))
        ok = await phone.do("message.forward", group=self.group, source=self.group, positions=positions)
        for pos in positions:
            for text in self.shown[pos]:  # edits meanwhile count too: whatever it showed may stand in the copy
                self.marks.put(text, Place(self.group, ok["pos"]))

    # -- what one changes

    async def edit(self, phone: Phone) -> None:
        mine = [one for one in self.recent if one.by is phone and one.editable]
        if mine:
            one, text = self.chance.choice(mine), self._text()
            self.shown[one.pos].append(text)  # before the answer: it may be forwarded by then
            ok = await phone.do("message.edit", group=self.group, pos=one.pos, text=text)
            self.marks.put(text, Place(self.group, ok["pos"], one.pos))

    async def recall(self, phone: Phone) -> None:
        await phone.do("message.recall", group=self.group, pos=self.one().pos)

    async def react(self, phone: Phone) -> None:
        emoji = self.chance.choice(EMOJI)
        op = self.chance.choice(("reaction.add", "reaction.add", "reaction.remove"))
        await phone.do(op, group=self.group, pos=self.one().pos, emoji=emoji)

    async def pin(self, phone: Phone) -> None:
        if self.chance.random() < 0.5:
            await phone.do("pin.add", group=self.group, pos=self.one().pos)
        else:
            await phone.do("pin.remove", group=self.group, pos=self.one().pos)

    async def feature(self, phone: Phone) -> None:
        one, text = self.one(), self.marks.new()
        ok = await phone.do("feature.add", group=self.group, pos=one.pos, note=text)
        if "pos" in ok:
            self.marks.put(text, Place(self.group, ok["pos"], one.pos))

    async def title(self, phone: Phone) -> None:
        text = self.marks.new()
        ok = await phone.do("group.update", group=self.group, title=f"Friends {text}", intro=text)
        self.marks.put(text, Place(self.group, ok["pos"], state=True))

    async def announce(self, phone: Phone) -> None:
        text = self.marks.new()
        ok = await phone.do("group.announce", group=self.group, text=text)
        self.marks.put(text, Place(self.group, ok["pos"], state=True))

    async def nickname(self, phone: Phone) -> None:
        text = self.marks.new()
        ok = await phone.do("nickname.set", group=self.group, nickname=text)
        if "pos" in ok:
            self.marks.put(text, Place(self.group, ok["pos"], state=True))

    # -- what leaves no entry

    async def read(self, phone: Phone) -> None:
        await phone.ask("read.mark", group=self.group, seq=self.one().seq)

    async def type(self, phone: Phone) -> None:
        await phone.ask("typing.start", group=self.group)

    async def draft(self, phone: Phone) -> None:
        await phone.ask("draft.save", group=self.group, text=self.marks.new())

    async def ask(self, phone: Phone) -> None:
        await phone.ask("receipt.get", group=self.group, seq=self.one().seq)
        await phone.ask("presence.get", group=self.group)
