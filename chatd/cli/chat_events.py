"""What comes from the server, shown as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from chatd.cli.chat_names import users_in
from chatd.cli.chat_render import DIM, ERROR, MENTION, NOTICE, Renderer, cut, is_own, printable
from chatd.cli.chat_screen import Screen
from chatd.cli.chat_state import ASK_S, HELD_MAX, State
from chatd.cli.chat_words import Words
from chatd_client import (
    ChatdError,
    Client,
    ClientClosed,
    Connected,
    Disconnected,
    EntriesEvent,
    Event,
    Expired,
    MineEvent,
    Opened,
    Reset,
    Truncated,
)
from chatd_client.feed import last_pos
from chatd_protocol.chats import DraftSignal
from chatd_protocol.errors import CLOSE_ABNORMAL, CLOSE_NORMAL
from chatd_protocol.log import (
    CardChanged,
    Edited,
    Entry,
    Erased,
    Message,
    MineEntry,
    NicknamesChanged,
    Reacted,
    Recalled,
    SectionsChanged,
    UnknownEntry,
)
from chatd_protocol.presence import PresenceSignal
from chatd_protocol.signals import GoingAway, Heads, ReadSignal, TokenExpiring, TypingSignal

COUNT_S: Final = 1.0


class Watcher:
    """Reads the client's events until they end."""

    def __init__(self, client: Client, state: State, screen: Screen, render: Renderer, words: Words) -> None:
        self._client = client
        self._state = state
        self._screen = screen
        self._render = render
        self._words = words
        self._lost = False
        self._day = ""
        """The day of the entry that was printed last."""
        self._read_to: dict[tuple[str, int], int] = {}
        self._marking: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        screen.set_status(self._status)

    async def watch(self) -> ClientClosed | None:
        """Show everything that comes. Returns why the server ended it, or None if this side did."""
        try:
            async for event in self._client.events():
                await self._take(event)
                self._screen.refresh()
        except ClientClosed as why:
            if why.code == CLOSE_NORMAL:  # This side did, while something was asked for.
                return None
            self.say_text(ERROR, self.farewell_to(why))
            return why
        finally:
            working = [task for task in (self._marking, self._counting) if task is not None]
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        return None

    def say(self, style: str, key: str, **values: object) -> None:
        """Show one of our own texts."""
        self.say_text(style, self._words(key, **values))

    def say_text(self, style: str, text: str) -> None:
        """Show several lines."""
        for line in text.split("\n"):
            self._screen.show([(style, line)])

    def show_entries(self, group: str, entries: Iterable[Entry | UnknownEntry], *, past: bool = False) -> None:
        """Print entries of the open group, each once."""
        for entry in entries:
            if last_pos(entry) <= self._state.printed.get(group, 0):
                continue
            self._state.printed[group] = last_pos(entry)
            self._state.oldest.setdefault(group, entry.pos)
            self.show_entry(entry, past=past)
            if isinstance(entry, Message) and entry.seq:
                self._mark_read(group, entry.seq, entry.section)
            elif isinstance(entry, NicknamesChanged) and not past:
                self._state.call(entry.names)

    def show_entry(self, entry: Entry | UnknownEntry, *, past: bool) -> None:
        """Print an entry, below its day if that is another one than before.

        In a page of the `past` messages are shown as they are now: what has changed them is not told again.
        """
        if past and isinstance(entry, Edited | Recalled | Reacted | CardChanged):
            return
        if isinstance(entry, Message) and entry.seq:
            self._state.note_shown(entry.pos, entry.seq, entry.section)
        lines = self._render.entry(entry, self._screen.columns)
        day = self._render.day(entry)
        if lines and day != self._day:
            self._day = day
            self.say(DIM, "day", day=day)
        for line in lines:
            self._screen.show(line)

    def farewell_to(self, why: ClientClosed) -> str:
        """In words, why it is over: the server ended it, or cannot be reached and will not be."""
        if why.error is None and why.code == CLOSE_ABNORMAL:
            return self._words("not_connected", why=self._words.why_lost(why.code, why.reason))
        return self._words("closed", why=self.why(why), code=why.code)

    def why(self, why: ClientClosed) -> str:
        """In words, why the server does not want this client back."""
        if why.error is not None:
            return self._words.choose(f"error_{why.error.code}", "error_other", message=why.error.message)
        return self._words.why_closed(why.code)

    def _status(self) -> str:
        state = self._state
        line = state.lines.get(state.open or "")
        parts = [self._words("state_online") if state.online else self.offline()]
        parts += [self._render.title(line)] if line else []
        parts += [self._render.section(state.section)] if state.section else []
        parts += [self._words("total_unread", count=state.unread_elsewhere)] if state.unread_elsewhere else []
        parts += [state.typing] if state.typing else []
        return " · ".join(parts)

    def offline(self) -> str:
        """How it stands with the next attempt."""
        seconds = self._state.retry_in_s
        if seconds:
            return self._words("state_retry", seconds=seconds)
        return self._words("state_offline" if self._client.hello is not None else "state_connecting")

    async def _count_down(self) -> None:
        """Have the seconds drawn that are left."""
        while not self._state.online:
            self._screen.refresh()
            await asyncio.sleep(COUNT_S)  # it is time itself that is shown

    # --- events

    async def _take(self, event: Event) -> None:
        match event:
            case EntriesEvent():
                await self._take_entries(event)
            case MineEvent(entries=entries):
                for entry in entries:
                    await self._take_mine(entry)
            case Connected():
                await self._take_connected(event)
            case Disconnected():
                self._tell_lost(event)
            case Opened(line=line):
                self._state.put(line)
            case Reset(group=group):
                self._take_reset(group)
            case Truncated(group=str() as group) | Expired(group=group):
                self.say(NOTICE, "truncated", title=self.title_of(group))
                await self.learn_group(group)  # What is unread may have gone with them.
            case Heads() | ReadSignal() | TypingSignal() | TokenExpiring() | GoingAway():
                await self._take_signal(event)
            case PresenceSignal(people=people):
                self._state.take_presence(people)
            case DraftSignal(group=group, text=text):
                self._state.drafts[group] = text
            case _:
                pass

    async def _take_connected(self, event: Connected) -> None:
        self._state.go(online=True)
        self._lost = False
        self._state.ahead_ms = event.hello.at - int(time.time() * 1000)
        if event.hello.reset or not event.resumed:
            self._state.lines.clear()
        for line in event.hello.groups:
            self._state.put(line)
        for group, read in event.hello.reads.items():
            self._take_read(group, read)
        for one in event.hello.section_reads:
            self._take_read(one.group, one.read, one.section)
        await self._state.names.learn(line.peer for line in event.hello.groups if line.peer)
        if event.resumed:
            self.say(NOTICE, "resumed_missed" if event.missed else "resumed", missed=event.missed)
        elif not event.hello.reset:
            self.say(NOTICE, "connected", name=event.hello.name or self._state.names.of(event.hello.user))

    def _tell_lost(self, event: Disconnected) -> None:
        """Once; further attempts show in the status only."""
        state = self._state
        state.lost_why = self._words.why_lost(event.code, event.reason)
        if not self._lost:
            key = "reconnecting" if self._client.hello is not None else "no_server_yet"
            self.say(NOTICE, key, why=state.lost_why)
        state.go(online=False)
        state.retry_at_s = time.monotonic() + event.retry_in_s
        if self._screen.interactive and (self._counting is None or self._counting.done()):
            self._counting = asyncio.create_task(self._count_down())
        self._lost = True

    def _take_reset(self, group: str | None) -> None:
        if group is None:
            self._state.printed.clear()
            self._state.oldest.clear()
            self.say(NOTICE, "reset")
        else:
            self._state.printed.pop(group, None)
            self._state.oldest.pop(group, None)
            self.say(NOTICE, "reset_group", title=self.title_of(group))

    async def _take_entries(self, event: EntriesEvent) -> None:
        state = self._state
        await state.names.learn(user for entry in event.entries for user in users_in(entry))
        state.items.see(event.entries)
        for entry in event.entries:
            if isinstance(entry, SectionsChanged):
                state.take_sections(event.group, entry.sections)
            elif isinstance(entry, Erased):
                state.erase(entry.user)
        if event.group == state.open and state.held is None:
            state.typing = ""
            self.show_entries(event.group, event.entries)
        elif event.group == state.open and state.held is not None:
            state.held = [*state.held, *event.entries][-HELD_MAX:]
        else:
            self._tell_elsewhere(event)

    def _tell_elsewhere(self, event: EntriesEvent) -> None:
        """Messages of others in another group: counted, and the newest shown in one line."""
        me = self._client.hello.user if self._client.hello else ""
        said = [entry for entry in event.entries if isinstance(entry, Message) and not is_own(entry, me)]
        if not said:
            return
        last = said[-1]
        for entry in said:
            if entry.seq:
                self._state.count_unread(event.group, entry.seq, entry.section)
        text = self._render.text(last)
        name = self._render.own_name(last.sender)
        line = self._words("elsewhere", title=self.title_of(event.group), name=name, text=text)
        style = MENTION if any(self._render.mentions_me(entry) for entry in said) else DIM
        self._screen.show([(style, cut(line, self._screen.columns))])

    async def _take_mine(self, entry: MineEntry) -> None:
        state, group = self._state, entry.group
        if group is None:
            await self._take_personal(entry)
            return
        if entry.kind == "added" or group not in state.lines:
            await self.learn_group(group)
        await state.names.learn({user for user in (entry.by, entry.user) if user})
        if entry.kind == "direct" and group in state.lines:
            await state.names.learn_anew(state.lines[group].peer)
        title, by = self.title_of(group), self._render.name(entry.by)
        match entry:
            case MineEntry(kind="added"):
                me = self._client.hello.user if self._client.hello else ""
                self.say(NOTICE, "entered" if entry.how or entry.by in {None, me} else "added_to", title=title, by=by)
            case MineEntry(kind="invited" | "request"):
                self._tell_of_door(entry, title, by)
            case MineEntry(kind="removed"):
                why = "removed" if entry.why == "banned" and entry.by is None else entry.why
                key = self._words.choose_key(f"removed_{why}", "removed_left")
                reason = printable(entry.reason or "")
                if reason and why == "kicked":
                    key = "removed_reason"
                elif reason:
                    reason = self._words("told_reason", reason=reason)
                self.say(NOTICE, key, title=title, by=by, reason=reason)
                state.drop(group)
            case MineEntry(kind="restricted" | "unrestricted"):
                self._tell_of_silence(entry, title, by)
            case MineEntry(kind="direct"):
                self.say(NOTICE, "direct_read_only" if entry.read_only else "direct_writable", title=title)
            case MineEntry(kind="archived"):
                self.say(NOTICE, "archived" if entry.archived else "unarchived", title=title)
            case _:
                pass

    async def _take_personal(self, entry: MineEntry) -> None:
        """What concerns the person and no group."""
        if entry.kind == "contact":
            await self._state.names.learn({entry.by} if entry.by else ())
            key = "contact" if entry.text else "contact_bare"
            self.say(NOTICE, key, name=self._render.name(entry.by), text=printable(entry.text or ""))

    def _tell_of_door(self, entry: MineEntry, title: str, by: str) -> None:
        """Somebody is invited, or a request to come in stands otherwise than before."""
        if entry.kind == "invited":
            self.say(NOTICE, "invited", by=by, invite=entry.invite)
        elif entry.state is not None and entry.user is not None:
            key = "own_request" if self._render.is_me(entry.user) else "request"
            self.say(NOTICE, f"{key}_{entry.state}", title=title, name=self._render.name(entry.user))

    def _tell_of_silence(self, entry: MineEntry, title: str, by: str) -> None:
        """One may not write, or may again."""
        reason = self._words("told_reason", reason=printable(entry.reason)) if entry.reason else ""
        key = f"fan_{entry.kind}" if entry.why == "unfollowed" else entry.kind
        self.say(NOTICE, key, title=title, by=by, until=self._render.end(entry.until), reason=reason)

    async def learn_group(self, group: str) -> None:
        """Read anew what is known of a group."""
        try:
            async with asyncio.timeout(ASK_S):
                line = (await self._client.get_group(group)).line
        except (ChatdError, TimeoutError):
            return  # One was in it and is not any more, or the connection is gone: the next hello says how it stands.
        self._state.put(line)
        await self._state.names.learn({line.peer} if line.peer else ())

    async def _take_signal(self, signal: Heads | ReadSignal | TypingSignal | TokenExpiring | GoingAway) -> None:
        match signal:
            case Heads(heads=heads):
                for group in heads.keys() & self._state.lines.keys() - {self._state.open}:
                    await self.learn_group(group)
            case ReadSignal(group=group, read=read, section=section):
                self._take_read(group, read, section)
            case TypingSignal(group=group, user=user) if group == self._state.open:
                await self._state.names.learn({user})
                self._state.typing = self._words("typing", name=self._render.name(user))
            case TokenExpiring():
                self.say(NOTICE, "token_expiring")
            case GoingAway():
                self.say(NOTICE, "going_away")
            case _:
                pass

    def _take_read(self, group: str, read: int, section: int = 0) -> None:
        """Another device read up to here."""
        if read >= self._state.newest_in(group, section):
            self._state.count_read(group, section)

    def title_of(self, group: str) -> str:
        """What a group is called, as far as it is known."""
        line = self._state.lines.get(group)
        return self._render.title(line) if line else self._words("some_group")

    # --- read positions

    def mark_shown(self, group: str, entries: Iterable[Entry | UnknownEntry]) -> None:
        """These messages were shown, out of turn."""
        for entry in entries:
            if isinstance(entry, Message):
                self._mark_read(group, entry.seq, entry.section)

    def _mark_read(self, group: str, seq: int, section: int) -> None:
        """Tell the server what was shown: the newest of each section only, one request at a time."""
        self._state.count_read(group, section)
        self._tell_read(group, seq, section)

    def _tell_read(self, group: str, seq: int, section: int) -> None:
        self._read_to[group, section] = seq
        if self._marking is None or self._marking.done():
            self._marking = asyncio.create_task(self._mark())

    async def _mark(self) -> None:
        while self._read_to:
            (group, section), seq = self._read_to.popitem()
            try:
                await self._client.mark_read(group, seq, section)
            except (ChatdError, ClientClosed):
                return  # It is marked with the next message that is shown.
