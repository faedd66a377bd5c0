"""Plays a dialogue with a bot: does what the people do, waits until the bot has done its part, and compares.

No waiting by guess: an act has a number in the log, and the bot says when it has handled it and nothing is due.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from chatd_client.bots.bot import Bot
from chatd_client.bots.runner import Runner
from chatd_client.bots.store import Store, StoredCursors
from chatd_client.bots.testing.clock import NoPauses
from chatd_client.bots.testing.dialogue import (
    BOT,
    BadDialogue,
    Did,
    Gathered,
    Line,
    Named,
    Passed,
    Said,
    Stocked,
    Switched,
    read_dialogue,
)
from chatd_client.bots.testing.ear import Chat, DialogueFailed, Ear
from chatd_client.bots.testing.heard import kind_of, looks_of
from chatd_client.bots.testing.places import Place, StagePlace
from chatd_client.bots.words import Phrase
from chatd_client.errors import ChatdError
from chatd_client.port import Port
from chatd_protocol import messages
from chatd_protocol.bots import PressMenu, PressMenuOk
from chatd_protocol.catalogue import Deletion
from chatd_protocol.kinds import Entity
from chatd_protocol.log import Message, read_entry
from chatd_protocol.values import PAGE_MAX, Data, ItemKind

PATIENCE_S: Final = 20.0
ANYTHING: Final = "…"


async def play(bot: Bot, dialogue: str | Path, place: Place | None = None, *, folder: Path | None = None) -> None:
    """Play a dialogue, given as text or as the path of a file: on a stage, or at another place. What the bot remembers
    is kept in `folder`, else in one that is removed.

    Raises `DialogueFailed`, with the line, where the bot does something else; `BadDialogue`; `FileNotFoundError`;
    `TimeoutError` if it does not come to an end.
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    text = await asyncio.to_thread(_read, dialogue) if isinstance(dialogue, Path) else dialogue
    with contextlib.ExitStack() as stack:
        where = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        theatre = Theatre(bot, place or StagePlace(bot.name), where)
        try:
            for line in read_dialogue(text):
                async with asyncio.timeout(PATIENCE_S):
                    try:
                        await theatre.act(line)
                    except ChatdError as refused:  # what a person does; what the bot does is among its dead letters
                        told = Phrase(f"refused: {refused}", f"被拒绝：{refused}")
                        raise DialogueFailed(line.number, DialogueFailed.ALLOWED, told) from None
            await theatre.finish()
        except DialogueFailed as failed:
            all_of_it = failed
            if failed.wanted != DialogueFailed.NO_FAILURE.en:
                all_of_it = failed.because(await theatre.failure())
            raise all_of_it.with_traceback(None) from None  # where in here it was noticed tells an author nothing
        finally:
            await theatre.close()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise NoDialogue(path) from None


class NoDialogue(FileNotFoundError):
    """There is no file of this name."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        self._path = path.absolute()

    def __str__(self) -> str:
        return f"there is no dialogue {self._path}"


class Theatre:
    """A dialogue in the middle."""

    def __init__(self, bot: Bot, place: Place, folder: Path) -> None:
        self._bot = bot
        self._place = place
        self._folder = folder
        self._names: dict[str, str] = {}
        self._people: dict[str, Port] = {}
        self._main: Chat | None = None
        self._alone: dict[str, Chat] = {}
        self._me = ""
        self._store: Store | None = None
        self._port: Port | None = None
        self._run: asyncio.Task[None] | None = None
        self._last: dict[str, int] = {}
        """The last message of everybody."""
        self._ear = Ear()
        self._line = 0
        self._watching: asyncio.Task[None] | None = None

    async def act(self, line: Line) -> None:
        """One line."""
        self._line = line.number
        turn = line.turn
        if isinstance(turn, Said | Did) and turn.who == BOT:
            self._ear.compare(turn, line.number)
            return
        self._ear.check_silence(line.number)
        match turn:
            case Named():
                self._names[turn.who] = turn.name
            case Gathered():
                await self._gather(turn)
            case Said():
                await self._say(turn)
            case Did():
                await self._do(turn)
            case Stocked():
                await self._stock(turn)
            case Passed():
                now = self._place.clock.now_ms()
                if 0 < turn.until_ms < now:
                    shown = f"{datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%d %H:%M}"
                    raise BadDialogue(self._line, BadDialogue.BACK, now=shown)
                self._place.clock.turn_to(turn.until_ms or now + turn.for_ms)
                await self._settle()
            case Switched():
                await self._switch(turn.what)
        chats: dict[str | None, Chat | None] = {None: self._main}
        chats.update(self._alone)
        await self._ear.listen(chats, self._me)

    async def finish(self) -> None:
        """Nothing more was said, and nothing was given up."""
        self._ear.check_silence(self._line)
        if failure := await self.failure():
            raise DialogueFailed(self._line, DialogueFailed.NO_FAILURE, failure)

    async def failure(self) -> str:
        """Which handler failed last, of what and where; empty if none did."""
        store = self._store
        letters = [] if store is None or self._run is None else await store.run(store.dead)
        return f"{letters[0].handler}: {letters[0].error}" if letters else ""

    async def close(self) -> None:
        await self._stop()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._place.close()

    # --- the bot

    @property
    def _runner(self) -> Runner:
        assert self._bot.runner is not None, "the bot is not running"
        return self._bot.runner

    async def _start(self) -> None:
        self._store = Store(self._folder / f"{self._bot.name}.db")
        self._port = await self._place.bot(StoredCursors(self._store))
        running = self._bot.run(self._port, self._store, clock=self._place.clock, pauses=NoPauses())
        self._run = asyncio.create_task(running, name="bot")
        await self._while_it_runs(self._bot.running.wait())
        await self._while_it_runs(self._runner.ready.wait())
        assert self._port.hello is not None
        self._me = self._port.hello.user

    def _see_that_it_runs(self) -> None:
        if self._run is not None and self._run.done():
            self._run.result()
            raise AssertionError("the bot has ended")

    async def _stop(self) -> None:
        if self._run is not None:
            self._bot.stop()
            with contextlib.suppress(asyncio.CancelledError):
                await self._run
        if self._port is not None:
            await self._port.close()
        if self._store is not None:
            self._store.close()
        self._run = self._port = self._store = None

    async def _switch(self, what: str) -> None:
        if what in {"stops", "restarts"}:
            await self._stop()
        if what in {"starts", "restarts"}:
            await self._start()
            await self._settle()

    async def _settle(self) -> None:
        """Until the bot has seen everything there is, and has nothing to do."""
        if self._run is None:
            return
        for chat in [self._main, *self._alone.values()]:
            if chat is not None:
                head = (await chat.reader.get_group(chat.group)).line.head
                await self._while_it_runs(self._runner.until(chat.group, head))
        await self._while_it_runs(self._runner.idle())

    async def _while_it_runs(self, wait: Any) -> None:
        assert self._run is not None
        waiting = asyncio.ensure_future(wait)
        await asyncio.wait({waiting, self._run}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            self._see_that_it_runs()
        waiting.result()

    # --- people

    async def _gather(self, turn: Gathered) -> None:
        for who in turn.who:
            await self._person(who)
        if self._run is None:
            await self._start()
        owner = self._people[turn.who[0]]
        group = (await owner.create_group(turn.title, history="all")).group
        for who in turn.who[1:]:
            await self._befriend(turn.who[0], who)
            await owner.add_members(group, [_id_of(self._people[who])])
        await self._place.admit(owner, group, self._me)
        self._main = Chat(owner, group, 0)
        self._watching = asyncio.create_task(self._ear.watch(owner, group), name="dialogue")
        await self._while_it_runs(self._runner.wait_for(lambda: self._runner.seen["added"] > 0))
        await self._settle()

    async def _person(self, who: str) -> Port:
        if who not in self._people:
            self._people[who] = await self._place.person(who, self._names.get(who, who.title()))
        return self._people[who]

    async def _befriend(self, one: str, other: str) -> None:
        first, second = await self._person(one), await self._person(other)
        await first.follow(_id_of(second))
        await second.follow(_id_of(first))

    async def _chat(self, person: str | None) -> Chat:
        if person is None:
            if self._main is None:
                raise BadDialogue(self._line, BadDialogue.NOBODY)
            return self._main
        if person not in self._alone:
            port = await self._person(person)
            if self._run is None:
                await self._start()
            group = (await port.create_direct(self._me)).group
            self._alone[person] = Chat(port, group, 0)
        return self._alone[person]

    async def _say(self, turn: Said) -> None:
        chat, port = await self._chat(turn.to), await self._person(turn.who)
        text, marks = self._marked(turn.text)
        if turn.edits:
            wish: Data = messages.EditMessage(chat.group, self._last_of(turn.who), port.new_cid(), text, marks)
            await port.ask(wish, messages.EditMessageOk)
            await self._settle()
            return
        kind, body = "text", messages.TextBody(text, marks) if turn.card is None else _card_body(turn.card, text)
        if turn.card is not None:
            kind = f"{turn.card[0]}_card"
        reply_to = self._heard_in(turn.to) if turn.reply else None
        send = messages.SendMessage(chat.group, port.new_cid(), kind, body, reply_to=reply_to)
        self._last[turn.who] = (await port.ask(send, messages.SendMessageOk)).pos
        await self._settle()

    def _last_of(self, who: str) -> int:
        if who not in self._last:
            raise BadDialogue(self._line, BadDialogue.SILENT, who=who)
        return self._last[who]

    def _heard_in(self, chat: str | None) -> int:
        if chat not in self._ear.last:
            raise BadDialogue(self._line, BadDialogue.UNHEARD)
        return self._ear.last[chat]

    def _marked(self, text: str) -> tuple[str, list[Entity]]:
        marks = []
        for found in re.finditer(r"@(\w+)", text):
            user = self._me if found[1] == BOT else None
            if found[1] in self._people:
                user = _id_of(self._people[found[1]])
            if user:
                marks.append(Entity(found.start(), len(found[0]), user=user))
        return text, marks

    async def _do(self, turn: Did) -> None:
        port, chat = await self._person(turn.who), await self._chat(None)
        match turn.act:
            case "presses":
                await self._press(port, turn.what)
            case "reacts":
                await port.react(chat.group, self._heard_in(None), turn.what)
            case "recalls":
                await port.recall(chat.group, self._last_of(turn.who))
            case "pulls":
                await self._befriend(turn.who, turn.what)
                await port.add_members(chat.group, [_id_of(self._people[turn.what])])
            case "comes":
                made = await (await self._person(turn.what)).create_invite(chat.group)
                await port.redeem_invite(made.token)
            case "kicks":
                await port.kick_member(chat.group, _id_of(await self._person(turn.what)))
            case _:
                await port.leave_group(chat.group)
        await self._settle()

    async def _press(self, port: Port, label: str) -> None:
        before = self._runner.seen["pressed"]
        for chat in [self._main, *self._alone.values()]:
            if chat is None or (chat is not self._main and chat.reader is not port):
                continue
            page = await chat.reader.read_history(chat.group, limit=PAGE_MAX)
            for raw in reversed(page.entries):
                entry = read_entry(raw)
                rows = getattr(entry.body, "menu", ()) if isinstance(entry, Message) and entry.body else ()
                for button in (one for row in rows for one in row if one.label == label):
                    wish = PressMenu(chat.group, entry.pos, button.id, port.new_cid())
                    await port.ask(wish, PressMenuOk)
                    await self._while_it_runs(self._runner.wait_for(lambda: self._runner.seen["pressed"] > before))
                    return
        raise DialogueFailed(self._line, Phrase(f"a button [[{label}]]", f"按钮 [[{label}]]"), DialogueFailed.ABSENT)

    async def _stock(self, turn: Stocked) -> None:
        item = turn.item
        key = (item.kind, item.id) if isinstance(item, Deletion) else (kind_of(item), item.id)
        cards = self._ear.cards
        await self._place.change(item)
        if self._ear.looks_changed(key, looks_of(item)):  # a server tells the groups a little later
            await self._ear.wait_for_card(cards)
        await self._settle()


def _card_body(card: tuple[ItemKind, str], text: str) -> messages.ProductCardBody | messages.VideoCardBody:
    make = messages.ProductCardBody if card[0] == "product" else messages.VideoCardBody
    return make(card[1], text or None)


def _id_of(port: Port) -> str:
    assert port.hello is not None
    return port.hello.user
