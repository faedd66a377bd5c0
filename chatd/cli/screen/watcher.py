"""What comes from the server, into what the screen shows: counts in the list, messages in the conversation."""

from __future__ import annotations

from typing import Final, Protocol

from chatd.cli.chat_events import Watcher
from chatd.cli.chat_names import users_in
from chatd.cli.chat_render import DIM, MENTION, NOTICE, Line, Renderer, cut, is_own
from chatd.cli.chat_screen import Screen
from chatd.cli.chat_state import State
from chatd.cli.chat_words import Words
from chatd.cli.screen.transcript import Transcript
from chatd_client import Client, ClientClosed, Connected, EntriesEvent, Event, Expired, Reset, Truncated
from chatd_protocol import kinds, log
from chatd_protocol.receipts import ReceiptsSignal
from chatd_protocol.signals import TypingSignal

_CONNECTION: Final = {
    "going_away": False,
    "reconnecting": False,
    "no_server_yet": False,
    "reset": False,
    "resumed": True,
    "resumed_missed": True,
}
"""What is said of the connection, and whether that is over by then."""


class Face(Protocol):
    """What the screen does with it."""

    @property
    def transcript(self) -> Transcript | None:
        """The conversation that is open."""

    def came(self, entries: list[log.Entry | log.UnknownEntry]) -> None:
        """These went into the open conversation."""

    def cut_off(self) -> None:
        """The oldest ones of the open conversation have gone."""

    def told_of_reading(self, signal: ReceiptsSignal) -> None:
        """Others have read on."""

    def heard_typing(self) -> None:
        """Somebody writes in the open group."""

    def connected(self, event: Connected) -> None:
        """A session is open."""

    def tell_connection(self, line: Line, *, passing: bool) -> None:
        """Something became of the connection."""

    async def reload(self, group: str | None) -> None:
        """What was received of a group, or of all, is not good any more."""

    async def load_chats(self) -> None:
        """Read the list of chats anew."""


class ScreenWatcher(Watcher):
    """Reads the client's events for the screen."""

    def __init__(
        self, client: Client, state: State, screen: Screen, render: Renderer, words: Words, face: Face
    ) -> None:
        super().__init__(client, state, screen, render, words)
        self._face = face
        self._farewell = ""
        self.lasts: dict[str, tuple[int, str]] = {}
        """By group, what was said last since the list was read: its position and a few words."""

    @property
    def farewell(self) -> str:
        """Why the server ended it, in words."""
        return self._farewell

    async def watch(self) -> ClientClosed | None:
        closed = await super().watch()
        if closed is not None:
            self._farewell = self.farewell_to(closed)
        return closed

    @property
    def _me(self) -> str:
        return self._client.hello.user if self._client.hello else ""

    def say(self, style: str, key: str, **values: object) -> None:
        """Show one of our own texts, unless it stands at an edge anyway."""
        if key in _CONNECTION:
            self._face.tell_connection([(style, self._words(key, **values))], passing=_CONNECTION[key])
        elif key != "connected":
            super().say(style, key, **values)

    async def _take(self, event: Event) -> None:
        match event:
            case ReceiptsSignal():
                self._face.told_of_reading(event)
            case Truncated(group=None):
                await self._face.load_chats()
            case Truncated(group=group):
                await super()._take(event)
                await self._face.reload(group)
            case Expired(group=group, floor=floor):
                self._forget(group, floor)
                await self.learn_group(group)  # What is unread and what was said last may have gone with them.
            case Reset(group=group):
                await super()._take(event)
                await self._face.reload(group)
            case Connected():
                await super()._take(event)
                self._face.connected(event)
            case TypingSignal():
                await super()._take(event)
                self._face.heard_typing()
            case _:
                await super()._take(event)

    def _forget(self, group: str, floor: int) -> None:
        """Older messages are no longer kept."""
        if self.lasts.get(group, (floor + 1, ""))[0] <= floor:
            del self.lasts[group]
        transcript = self._face.transcript
        if transcript is not None and transcript.group == group:
            transcript.forget(floor)
            self._face.cut_off()
            self.say(NOTICE, "expired")

    async def _take_entries(self, event: EntriesEvent) -> None:
        state, group = self._state, event.group
        await state.names.learn(user for entry in event.entries for user in users_in(entry))
        state.items.see(event.entries)
        for entry in event.entries:
            self._note(group, entry)
        newest = next((entry for entry in reversed(event.entries) if not isinstance(entry, log.UnknownEntry)), None)
        if newest is not None:
            state.move(group, newest.to if isinstance(newest, log.Hidden) else newest.pos, newest.at)
        transcript = self._face.transcript
        if transcript is not None and transcript.group == group:
            for entry in event.entries:
                if isinstance(entry, log.Reacted):
                    transcript.note_own(entry, self._me)
            transcript.take(event.entries)
            self._face.came(list(event.entries))
        if any(isinstance(entry, log.Recalled | log.Erased) for entry in event.entries):
            await self.learn_group(group)

    def _note(self, group: str, entry: log.Entry | log.UnknownEntry) -> None:
        """What an entry changes about its group."""
        state = self._state
        match entry:
            case log.Message():
                self._count(group, entry)
            case log.SectionsChanged(sections=sections):
                state.take_sections(group, sections)
            case log.NicknamesChanged(names=names) if group == state.open:
                state.call(names)
            case log.Recalled(target=target) | log.Edited(target=target):
                if self.lasts.get(group, (0, ""))[0] == target:
                    del self.lasts[group]
            case log.Erased(user=user):
                self.lasts.pop(group, None)
                state.erase(user)

    def _count(self, group: str, message: log.Message) -> None:
        state = self._state
        self.lasts[group] = message.pos, self._render.said_by(message)
        if is_own(message, self._me):
            state.count_unread(group, message.seq, message.section)
            if message.type != kinds.NOTICE:
                state.count_read(group, message.section)
        elif message.seq > state.newest_in(group, message.section):
            state.count_unread(group, message.seq, message.section)
            if self._render.mentions_me(message):
                state.count_mention(group, message.pos, message.section)
                self._tell_of(MENTION, group, message)
        elif message.type == kinds.NOTICE:
            self._tell_of(DIM, group, message)

    def _tell_of(self, style: str, group: str, message: log.Message) -> None:
        """A message in a chat that is not open, in one line."""
        if group != self._state.open:
            name, text = self._render.own_name(message.sender), self._render.text(message)
            line = self._words("elsewhere", title=self.title_of(group), name=name, text=text)
            self.say_text(style, cut(line, self._screen.columns))

    def _tell_of_door(self, entry: log.MineEntry, title: str, by: str) -> None:
        """One's own request was answered when it was made: here it is no news. Invites stand in a view."""
        if entry.kind == "invited":
            self.say(NOTICE, "invited_view", by=by)
            return
        if not (entry.kind == "request" and entry.state == "pending" and entry.user == self._me):
            super()._tell_of_door(entry, title, by)

    def _take_reset(self, group: str | None) -> None:
        super()._take_reset(group)
        self.lasts.clear()

    def seen(self, transcript: Transcript, pos: int) -> None:
        """Everything up to this position of the open conversation was on the screen of somebody who looked."""
        group, section = transcript.group, transcript.section or 0
        line = self._state.lines.get(group)
        if line is None:
            return
        known = next((one.read for one in line.sections if one.section == section), line.read)
        left = 0
        for at in reversed(transcript.order):
            message = transcript.messages.get(at)
            if message is None or not message.seq:
                continue
            if at > pos:
                left += not is_own(message, self._me) and message.recalled is None
            elif message.seq > known:
                newest = self._state.newest_in(group, section)
                left = max(newest - message.seq, 0) if transcript.newer else left
                self._state.count_read(group, section, left, message.seq)
                self._tell_read(group, message.seq, section)
                return
            else:
                return
