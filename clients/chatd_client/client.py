"""The client: one user's session with a chatd server, kept up by itself.

It joins the parts and holds no rule of its own: `session` receives and resumes, `lane` keeps sends in order, `view` is
what a group looks like, `cursors` remembers what the handler has taken.
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from random import Random, SystemRandom
from ssl import SSLContext
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

import msgspec

from chatd_client.connection import Endpoint
from chatd_client.cursors import Cursors, CursorStore, Taken
from chatd_client.errors import ChatdError, ConnectionLost
from chatd_client.events import EntriesEvent, Event, Expired, MineEvent, Reset, Truncated
from chatd_client.lane import Lane
from chatd_client.ops.bots import Menu, rows_of
from chatd_client.port import Port
from chatd_client.session import Identity, Session, Token
from chatd_client.timing import Backoff, Clock, SystemClock
from chatd_client.view import GroupView
from chatd_protocol import messages
from chatd_protocol.codec import Format, Invalid, shape
from chatd_protocol.errors import CLOSE_NORMAL
from chatd_protocol.groups import CloseGroup, GroupLine, Member
from chatd_protocol.log import Section, SectionsChanged, read_entry
from chatd_protocol.session import HelloOk, Unnamed
from chatd_protocol.values import PAGE_MAX, Data, View

PENDING_MAX: Final = 256
"""Commands that may wait for their answers; the next caller waits for a place."""
INBOX_ENTRIES: Final = 2000
REFUSALS_MAX: Final = 8
SAVE_EVERY: Final = 100
LOADS_MAX: Final = 5
VIEW_ENTRIES: Final = 50

V = TypeVar("V", bound=View)
T = TypeVar("T")


class Client(Port):
    """One user on one device.

    `url`: `ws://` or `wss://`, `/ws` is added where there is no path. `token`: a JSON Web Token, or an async function
    that gives a fresh one, called for every connection and when the server says that the old one runs out. `device`:
    the name of this installation; a second client of the same device takes the place of the first. `cursors`: where
    to keep what was taken (`FileCursors`), for the next run to go on from. `inbox_entries`: how many entries may wait
    for the handler of events; beyond that they are left with the server and asked for later.

    `heads_interval_s`: how often the server shows that it is there, if not as often as it says in `session.hello`;
    after 2.5 times of silence the connection counts as dead. `clock` and `random` are for tests.

    Raises `ValueError` for a URL of another kind, or cursors that cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token,
        device: str,
        format: Format = "json",  # noqa: A002  the word for it everywhere else
        cursors: CursorStore | None = None,
        program: str = "chatd_client",
        heads_interval_s: float | None = None,
        inbox_entries: int = INBOX_ENTRIES,
        tls: SSLContext | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self._random = random or SystemRandom()
        self._url = address_of(url)
        self._store = cursors
        kept = cursors.load() if cursors is not None else Cursors()
        self._taken = Taken(kept)
        self._saving = asyncio.Lock()
        self._save_task: asyncio.Future[None] | None = None
        self._slots = asyncio.Semaphore(PENDING_MAX)
        self._lanes: dict[str, Lane] = {}
        self._views: dict[str, GroupView] = {}
        self._session = Session(
            Endpoint(self._url, format, tls),
            Identity(token, device, program),
            kept,
            inbox_entries=inbox_entries,
            heads_interval_s=heads_interval_s,
            clock=clock or SystemClock(),
            backoff=Backoff(self._random),
        )

    # --- life

    @property
    def hello(self) -> HelloOk | None:
        """What the server said when the session was last opened: who one is, the bounds, the groups that changed."""
        return self._session.hello

    async def connect(self) -> HelloOk:
        """Start, and wait for the first session, however long that takes. Raises `ClientClosed`."""
        self._session.link.start()
        await self._session.link.connection()
        assert self.hello is not None
        return self.hello

    def retry_now(self) -> None:
        """Do not wait for the end of the pause before the next attempt to connect (`Disconnected.retry_in_s`). For a
        person who asks for it; programs leave the pauses as they are, for all that wait would come at once."""
        self._session.link.retry_now()

    async def close(self) -> None:
        """End the session and keep the cursors. What waits for an answer gets `ClientClosed`."""
        await self._session.close()
        await self._save()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- reading

    async def events(self) -> AsyncIterator[Event]:
        """Everything that happens, in order. Ends after `close()`; raises `ClientClosed` if the server ended it.

        An event counts as taken when the next one is asked for: leave the loop before that, and the next loop, or the
        next run with the same cursors, begins with it again. Use one loop at a time. Commands may be awaited inside.
        """
        inbox = self._session.inbox
        while (event := await inbox.first()) is not None:
            await self._show(event)
            yield event
            inbox.drop_first()
            self._taken.take(event)
            if inbox.empty or self._taken.unsaved >= SAVE_EVERY:
                await self._save()
        closed = self._session.link.closed
        if closed is not None and closed.code != CLOSE_NORMAL:
            raise closed

    async def open_group(self, group: str, *, from_start: bool = False) -> GroupLine:
        """Get this group's entries from here on, on every connection: from where this client was, else from the head;
        or from the first entry one may see."""
        self._session.feed.follow(group, from_start)
        try:
            return await self._repeat(lambda: self._session.open_group(group))
        except ChatdError:
            self._session.feed.forget(group)
            raise

    async def close_group(self, group: str) -> None:
        """Get only `Heads` of it again; its cursor and its view are forgotten."""
        self._session.feed.forget(group)
        self._taken.forget(group)
        self._views.pop(group, None)
        await self.ask(CloseGroup(group), Unnamed)

    async def view(self, group: str) -> GroupView:
        """Open a group and keep a picture of it: its newest entries, its members. It moves on with `events()`, each
        event being in it when it is yielded, so somebody has to read those."""
        await self.open_group(group)
        view = self._views.setdefault(group, GroupView(group))
        await self._load(view)
        return view

    # --- acting

    async def send(
        self,
        group: str,
        text: str,
        *,
        reply_to: int | None = None,
        entities: Sequence[messages.Entity] = (),
        section: int = 0,
        menu: Menu | None = None,
    ) -> messages.SendMessageOk:
        """Send a text; `entities` are its mentions and links, `menu` a bot's buttons. Sends of one group arrive in the
        order in which they were called, also over reconnects; one that is refused does not hold up the next."""
        body = messages.TextBody(text, list(entities), rows_of(menu))
        return await self.send_kind(group, "text", body, reply_to=reply_to, section=section)

    async def send_video(
        self,
        group: str,
        video: str,
        text: str | None = None,
        *,
        reply_to: int | None = None,
        section: int = 0,
        menu: Menu | None = None,
    ) -> messages.SendMessageOk:
        """Send a card of a video of the catalogue, in order as `send` does. `no_item` if it cannot be shared."""
        body = messages.VideoCardBody(video, text, rows_of(menu))
        return await self.send_kind(group, "video_card", body, reply_to=reply_to, section=section)

    async def send_product(
        self,
        group: str,
        product: str,
        text: str | None = None,
        *,
        reply_to: int | None = None,
        section: int = 0,
        menu: Menu | None = None,
    ) -> messages.SendMessageOk:
        """Send a card of a product of the catalogue, in order as `send` does. `no_item` if it cannot be shared."""
        body = messages.ProductCardBody(product, text, rows_of(menu))
        return await self.send_kind(group, "product_card", body, reply_to=reply_to, section=section)

    async def send_notice(
        self, group: str, text: str, *, reply_to: int | None = None, section: int = 0
    ) -> messages.SendMessageOk:
        """Say something as owner or admin that is shown apart and that nobody has unread, in order as `send` does."""
        return await self.send_kind(group, "notice", messages.NoticeBody(text), reply_to=reply_to, section=section)

    async def send_kind(
        self, group: str, kind: str, body: Data, *, reply_to: int | None = None, section: int = 0
    ) -> messages.SendMessageOk:
        """Send a message of any kind, in one line with the texts: a host's own `x-…` has a `CustomBody`."""
        draft = messages.SendMessage(group, self.new_cid(), kind, body, reply_to=reply_to, section=section)
        check(draft)
        async with self._slots:
            lane = self._lanes.get(group)
            if lane is None:
                lane = self._lanes[group] = Lane(self._session.request, self._session.pause, REFUSALS_MAX)
            try:
                return await lane.post(draft)
            finally:
                if lane.idle and self._lanes.get(group) is lane:
                    del self._lanes[group]

    async def ask(self, request: Data, kind: type[V]) -> V:
        """Send any request of `chatd_protocol` and get the answer of its op, over as many connections and pauses as
        it takes."""
        check(request)

        async def once() -> V:
            await self._session.link.connection()
            return msgspec.convert(await self._session.request(request), kind)

        return await self._repeat(once)

    def link_of(self, link: str) -> str:
        """An invite's link as others open it, also where the server told its path only."""
        parts = urlsplit(self._url)
        return urljoin(urlunsplit((parts.scheme.replace("ws", "http", 1), parts.netloc, "/", "", "")), link)

    def new_cid(self) -> str:
        return urlsafe_b64encode(self._random.randbytes(16)).decode().rstrip("=")

    async def _repeat(self, once: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do it until it is answered, or refused for good, or refused too often."""
        refusals = 0
        async with self._slots:
            while True:
                try:
                    return await once()
                except ConnectionLost:
                    continue
                except ChatdError as error:
                    refusals += 1
                    if not error.retry or refusals > REFUSALS_MAX:
                        raise
                    await self._session.pause(refusals, error.retry_after or 0.0)

    # --- what the handler sees

    async def _show(self, event: Event) -> None:
        """Bring the views up to an event before the handler gets it."""
        match event:
            case EntriesEvent(group=group, entries=entries) if group in self._views:
                self._views[group].apply(entries)
            case Expired(group=group, floor=floor) if group in self._views:
                self._views[group].forget(floor)
            case MineEvent(entries=entries):
                for entry in entries:
                    if entry.group in self._views and entry.kind in {"added", "removed"}:
                        self._views[entry.group].gone = entry.why if entry.kind == "removed" else None
            case Reset(group=None):
                for view in self._views.values():
                    await self._reload(view)
            case Reset(group=str() as group) | Truncated(group=str() as group) if group in self._views:
                await self._reload(self._views[group])
            case _:
                pass

    async def _reload(self, view: GroupView) -> None:
        try:
            await self._load(view)
        except ChatdError as error:
            view.gone = view.gone or error.code

    async def _load(self, view: GroupView) -> None:
        for _ in range(LOADS_MAX):
            view.begin_load()
            info = await self.get_group(view.group)
            members = await self._members_of(view.group)
            past = await self.read_history(view.group, limit=VIEW_ENTRIES)
            entries = [read_entry(raw) for raw in past.entries]
            several = bool(info.line.sections) or any(isinstance(entry, SectionsChanged) for entry in entries)
            sections = await self.list_sections(view.group) if several else []
            told = [Section(one.section, one.kind, one.title, one.intro, one.closed) for one in sections]
            if view.load(info.line.title, members, entries, past.as_of, told):
                return

    async def _members_of(self, group: str) -> list[Member]:
        page = await self.list_members(group, limit=PAGE_MAX)
        members = list(page.members)
        while page.more is not None:
            page = await self.list_members(group, page.more, PAGE_MAX)
            members += page.members
        return members

    async def _save(self) -> None:
        """Keep the cursors of what was taken. One save at a time: a caller that is cancelled does not end its own."""
        self._save_task = asyncio.ensure_future(self._save_whole())
        await asyncio.shield(self._save_task)

    async def _save_whole(self) -> None:
        """Off the loop: a disk may take its time to say that it is done."""
        async with self._saving:
            if self._store is None or not self._taken.unsaved:
                return
            saving = self._taken.unsaved
            await asyncio.to_thread(self._store.save, self._taken.snapshot())
            self._taken.unsaved -= saving


def address_of(url: str) -> str:
    """The address of the WebSocket. Raises `ValueError` for anything but `ws://host…` and `wss://host…`."""
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.fragment:
        raise ValueError("the URL must be ws://host or wss://host, with a port and a path if needed")
    if "@" in parts.netloc or parts.query:
        raise ValueError("the URL must carry no name, no password and no query: the token is sent in the session")
    return urlunsplit((parts.scheme, parts.netloc, parts.path if parts.path.strip("/") else "/ws", "", ""))


def check(request: Data) -> None:
    """Refuse what the server would refuse by its shape, in the same words. Raises `ChatdError` (`invalid`)."""
    try:
        shape(msgspec.to_builtins(request), type(request))
    except Invalid as error:
        raise ChatdError("invalid", error.problem, details={"path": error.path}) from None
