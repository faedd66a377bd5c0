"""What a handler is given: what happened, what the bot remembers, and what it can do about it.

Everything done through a context has a name that follows from what happened (see `ops`), so a handler that runs twice
for the same thing does it once. `ctx.client` is the client itself, whose commands are new ones every time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from chatd_client.bots.clock import WallClock
from chatd_client.bots.lines import Line
from chatd_client.bots.memory import Memory
from chatd_client.bots.menus import Menu
from chatd_client.bots.ops import Ops
from chatd_client.bots.schedule import ms_of
from chatd_client.bots.store import Timer
from chatd_client.bots.words import Lang, Said, in_language
from chatd_client.commands import Commands
from chatd_client.errors import ChatdError
from chatd_protocol import messages
from chatd_protocol.log import Entry
from chatd_protocol.menus import Button
from chatd_protocol.values import Data, GroupKind, ItemId

E = TypeVar("E", bound=Entry)
TIMER_MAX_BYTES: Final = 4096


@dataclass
class Deed:
    """What a context works with; made by the bot, one for each thing that happened."""

    me: str
    client: Commands
    ops: Ops
    clock: WallClock
    memory: Memory
    lang: Lang
    group: str = ""
    group_kind: GroupKind = "private"
    user: str = ""
    since: int = 0
    """An entry of the group that all answers come after."""
    names: frozenset[str] = frozenset()
    """What the bot is called behind the `@` of a command."""
    timers: dict[str, Timer | None] = field(default_factory=dict)
    name_of: Callable[[str], Awaitable[str]] | None = None
    chat_with: Callable[[str], Awaitable[str | None]] | None = None


class Context:
    """What all contexts have. `group` is where it happened, `user` who it is about (ids, empty for nobody)."""

    def __init__(self, deed: Deed) -> None:
        self._deed = deed
        self.me = deed.me
        """The bot's own id."""
        self.my_names = deed.names
        self.client = deed.client
        self.ops = deed.ops
        """Every command there is, safe to be repeated: `await ctx.ops.pin(ctx.group, pos)`."""
        self.memory = deed.memory
        self.group = deed.group
        self.group_kind = deed.group_kind
        self.user = deed.user
        self.section = 0
        """Which section of the group it is about; what is sent goes there."""

    # --- languages

    @property
    def lang(self) -> Lang:
        """The language to answer in: that of this person, else of this group (of what was
        said there, or of its title), else the bot's."""
        return self.memory.lang() or self._deed.lang

    def pick(self, en: str, zh: str) -> str:
        """The one of these that is in the language to answer in."""
        return zh if self.lang == "zh" else en

    # --- time

    def now_ms(self) -> int:
        """The time, by the bot's clock; a test can turn it."""
        return self._deed.clock.now_ms()

    def later(
        self, job: str, after: timedelta | datetime, payload: Any = None, *, key: str = "", group: str | None = None
    ) -> None:
        """Have `job` done later, once, also after a restart; kept if this handler succeeds. The same job with the same
        `key` in the same group takes the place of one that waits. `payload` is what JSON can hold, up to 4,096 bytes.

        Raises `ValueError` for more, and for a moment without a zone.
        """
        if isinstance(after, datetime) and after.tzinfo is None:
            raise ValueError("`later` needs a moment with a time zone")
        due = ms_of(after) if isinstance(after, datetime) else self.now_ms() + after // timedelta(milliseconds=1)
        raw = msgspec.json.encode(payload)
        if len(raw) > TIMER_MAX_BYTES:
            raise ValueError(f"the payload of a job exceeds {TIMER_MAX_BYTES} bytes as JSON")
        place = self.group if group is None else group
        name = timer_id(job, place, key)
        self._deed.timers[name] = Timer(name, job, place, due, raw)

    def cancel(self, job: str, *, key: str = "", group: str | None = None) -> None:
        """Do not do it, if it waits."""
        self._deed.timers[timer_id(job, self.group if group is None else group, key)] = None

    # --- saying

    async def send(
        self,
        text: Said | Line,
        *,
        menu: Menu | None = None,
        reply_to: int | None = None,
        group: str | None = None,
        section: int | None = None,
    ) -> messages.SendMessageOk:
        """Send a text, here if no other group is named."""
        body = _body(text, self.lang, menu)
        return await self.send_kind("text", body, reply_to=reply_to, group=group, section=section)

    async def reply(self, text: Said | Line, *, menu: Menu | None = None) -> messages.SendMessageOk:
        """Answer: for a message, below it; else as `send`."""
        return await self.send(text, menu=menu, reply_to=self._answered)

    async def send_product(
        self,
        product: str,
        text: Said | None = None,
        *,
        menu: Menu | None = None,
        reply_to: int | None = None,
        group: str | None = None,
        section: int | None = None,
    ) -> messages.SendMessageOk:
        """Send a card of a product. `no_item` if it cannot be shared."""
        body = messages.ProductCardBody(*self._on_card(product, text, menu))
        return await self.send_kind("product_card", body, reply_to=reply_to, group=group, section=section)

    async def send_video(
        self,
        video: str,
        text: Said | None = None,
        *,
        menu: Menu | None = None,
        reply_to: int | None = None,
        group: str | None = None,
        section: int | None = None,
    ) -> messages.SendMessageOk:
        """Send a card of a video. `no_item` if it cannot be shared."""
        body = messages.VideoCardBody(*self._on_card(video, text, menu))
        return await self.send_kind("video_card", body, reply_to=reply_to, group=group, section=section)

    def _on_card(
        self, item: str, text: Said | None, menu: Menu | None
    ) -> tuple[str, str | None, list[list[Button]] | None]:
        """What a card says: the item, words below it, buttons."""
        said = None if text is None else in_language(text, self.lang)
        return _some_item(item), said, menu.rows if menu is not None else None

    async def send_kind(
        self,
        kind: str,
        body: Data,
        *,
        reply_to: int | None = None,
        group: str | None = None,
        section: int | None = None,
    ) -> messages.SendMessageOk:
        """Send a message of any kind: a notice, a host's own `x-…`."""
        to = self._to(group)
        place = self.section if section is None and to == self.group else section or 0
        wish = messages.SendMessage(to, self.ops.new_cid(), kind, body, reply_to=reply_to, section=place)
        return await self.ops.send(wish, since=self._deed.since if to == self.group else 0)

    async def tell(self, user: str, text: Said | Line, *, menu: Menu | None = None) -> messages.SendMessageOk:
        """Say something to one person alone, in the direct chat with them. A bot cannot begin one, people begin it with
        the bot: until they have, this raises `ChatdError` (`not_for_bots`; `not_mutual` for a person's account)."""
        chat = await self._deed.chat_with(user) if self._deed.chat_with is not None else None
        if chat is None:
            chat = (await self.ops.create_direct(user)).group
        return await self.send(text, menu=menu, group=chat, section=0)

    async def react(self, emoji: str, pos: int | None = None) -> None:
        """Add a sign, to the message that this is about or to another one of the group."""
        await self.ops.once(self.ops.react(self.group, self._target(pos), emoji))

    async def unreact(self, emoji: str, pos: int | None = None) -> None:
        """Take one's own sign back."""
        await self.ops.once(self.ops.unreact(self.group, self._target(pos), emoji))

    async def edit(
        self, pos: int, text: Said | Line | None = None, *, menu: Menu | None = None, group: str | None = None
    ) -> None:
        """Change what the bot said: the text, the menu (an empty one takes it away), or both."""
        body = None if text is None else _body(text, self.lang, None)
        wish = messages.EditMessage(
            self._to(group),
            pos,
            self.ops.new_cid(),
            None if body is None else body.text,
            [] if body is None else body.entities,
            None if menu is None else menu.rows,
        )
        await self.ops.once(self.ops.ask(wish, messages.EditMessageOk))

    async def recall(self, pos: int, group: str | None = None) -> None:
        """Take a message back."""
        await self.ops.once(self.ops.recall(self._to(group), pos))

    # --- people

    async def name_of(self, user: str) -> str:
        """What somebody is called; their id, if nobody knows them."""
        return await self._deed.name_of(user) if self._deed.name_of is not None else user

    # --- inside

    @property
    def _answered(self) -> int | None:
        return None

    def _target(self, pos: int | None) -> int:
        target = self._answered if pos is None else pos
        if target is None:
            raise ValueError("there is no message here: say which one, by its `pos`")
        return target

    def _to(self, group: str | None) -> str:
        to = self.group if group is None else group
        if not to:
            raise ValueError("this happened in no group: say where, with `group=`")
        return to


def timer_id(job: str, place: str, key: str = "") -> str:
    """One job, in one place, under one key, waits at most once."""
    return f"{job}\x1f{place}\x1f{key}"


def _body(text: Said | Line, lang: Lang, menu: Menu | None) -> messages.TextBody:
    rows = menu.rows if menu is not None else None
    if isinstance(text, Line):
        return messages.TextBody(text.text, list(text.entities), rows)
    return messages.TextBody(in_language(text, lang), [], rows)


def _some_item(item: str) -> str:
    """What could be the id of an item. Raises `ChatdError` (`no_item`) for the rest: people type whatever they like."""
    try:
        return msgspec.convert(item, ItemId)
    except msgspec.ValidationError as error:
        raise ChatdError("no_item", str(error)) from None
