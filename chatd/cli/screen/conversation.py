"""The open conversation: opening it where one has read to, its pages at both ends, and going to a place in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from chatd.cli.chat_names import users_in
from chatd.cli.chat_render import is_own
from chatd.cli.screen.desk import ScreenDesk
from chatd.cli.screen.timeline import Timeline
from chatd.cli.screen.transcript import Transcript
from chatd.cli.typed.desk import Mistyped, NotANumber, number_in
from chatd.cli.typed.groups import learn_here, learn_presence, name_lines
from chatd_client import ChatdError
from chatd_protocol.bots import BotLine
from chatd_protocol.groups import GroupInfo, GroupLine, Member
from chatd_protocol.log import Entry, Message, UnknownEntry, read_entry
from chatd_protocol.messages import History
from chatd_protocol.receipts import ReceiptsSignal
from chatd_protocol.values import PAGE_MAX

PAGE: Final = 60
CONTEXT: Final = 20
"""Messages that are shown above the first unread one."""


class Conversation:
    """One at a time; another one takes its place, also while it is still being read."""

    def __init__(self, desk: ScreenDesk, timeline: Timeline, changed: Callable[[], None]) -> None:
        self._desk = desk
        self._changed = changed
        self._timeline = timeline
        self._turn = 0
        self._busy = False
        self.transcript: Transcript | None = None
        self.info: GroupInfo | None = None
        self.members: list[Member] = []
        self.bots: list[BotLine] = []
        self._reads: dict[str, int] = {}
        """How far others have read, of those who show it."""

    @property
    def busy(self) -> bool:
        """A page is on its way."""
        return self._busy

    async def open(self, group: str, section: int | None = None) -> bool:
        """Open a group at its first unread message. False if another one was opened meanwhile. Raises `ChatdError`."""
        desk, state = self._desk, self._desk.state
        before = state.open, state.section, self.transcript
        self._turn += 1
        turn = self._turn
        try:
            line = await desk.client.open_group(group)
            if turn != self._turn:
                return False
            state.put(line)
            state.turn_to(group)
            numbers = [one.section for one in line.sections]
            state.section = section if section is not None else 0
            self._start(Transcript(group, state.section if numbers or section else None))
            await self._read_newest(self.transcript_now(), line)
            if turn != self._turn:
                return False
            self._changed()
            await self._learn(line)
        except ChatdError:
            if turn == self._turn:
                state.open, state.section = before[0], before[1]
                self.transcript = before[2]
                self._timeline.show(before[2])
            raise
        return turn == self._turn

    def transcript_now(self) -> Transcript:
        """The open one. Raises `Mistyped`."""
        if self.transcript is None:
            raise Mistyped("no_open_group")
        return self.transcript

    def close(self) -> None:
        """None is open."""
        self._turn += 1
        self.transcript = self.info = None
        self.members, self.bots = [], []
        self._timeline.show(None)

    def _start(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.info, self.members, self.bots = None, [], []
        self._reads = {}
        self._timeline.readers = {}
        self._timeline.fresh_from = None
        self._timeline.show(None)  # One without a page asks for an older one: drawn at its newest, that counts as read.

    def _unread(self, line: GroupLine) -> int:
        section = self._desk.state.section
        return next((one.unread for one in line.sections if one.section == section), line.unread)

    def _read(self, line: GroupLine) -> int:
        section = self._desk.state.section
        return next((one.read for one in line.sections if one.section == section), line.read)

    async def _read_newest(self, transcript: Transcript, opened: GroupLine | None = None) -> None:
        """`opened`: what the server said of the group when it was opened here, to begin where one has read to."""
        unread = self._unread(opened) if opened is not None else 0
        limit = min(max(PAGE, unread + CONTEXT), PAGE_MAX)
        page = await self._page(transcript, limit=limit)
        transcript.clear()
        transcript.older, transcript.newer = page.more, False
        await self._put(transcript, page)
        if opened is not None and transcript is self.transcript:
            self._timeline.show(transcript)
            if unread:
                self._mark_fresh(transcript, self._read(opened), unread)

    def _mark_fresh(self, transcript: Transcript, read: int, unread: int) -> None:
        """Begin at the first message that is not read, if it is here."""
        said = [transcript.messages[pos] for pos in transcript.order if pos in transcript.messages]
        me = self._desk.client.hello.user if self._desk.client.hello else ""
        first = next((one for one in said if one.seq > read and not is_own(one, me)), None)
        if first is None or first is said[0]:
            return
        self._timeline.fresh_from = first.pos
        self._timeline.fresh_words = self._desk.words("new_below", count=unread)
        self._timeline.go_above(first.pos)

    async def _page(
        self,
        transcript: Transcript,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = PAGE,
    ) -> History:
        return await self._desk.client.read_history(
            transcript.group, before=before, after=after, around=around, limit=limit, section=transcript.section
        )

    async def _put(self, transcript: Transcript, page: History) -> None:
        entries = [read_entry(raw) for raw in page.entries]
        await self._name(entries)
        transcript.put_page(entries, page.as_of)
        if transcript is self.transcript:
            self._timeline.touch()

    async def _name(self, entries: list[Entry | UnknownEntry]) -> None:
        await self._desk.state.names.learn(user for entry in entries for user in users_in(entry))
        self._desk.state.items.see(entries)

    async def _learn(self, line: GroupLine) -> None:
        """What else there is to know: who is in it, what they are called, what stands on top."""
        desk = self._desk
        await name_lines(desk, [line])
        await learn_here(desk, line)
        await self.learn_info()
        draft = self.info.draft if self.info is not None else None
        desk.state.drafts[line.group] = draft.text if draft is not None else ""
        await self._ask_receipts(line)

    async def learn_info(self) -> None:
        """What stands on top of it, and who is in it: the first page, which is all of a group of friends."""
        desk, transcript = self._desk, self.transcript
        if transcript is None:
            return
        info = await desk.client.get_group(transcript.group)
        desk.state.put(info.line)
        members = (await desk.client.list_members(transcript.group, limit=PAGE_MAX)).members
        bots = (await desk.client.list_bots(transcript.group)).bots
        await desk.state.names.learn(member.user for member in members)
        if transcript is self.transcript:
            self.info, self.members, self.bots = info, members, bots
            desk.state.people = {desk.state.called(member.user): member.user for member in members}
            desk.state.people |= {desk.state.names.of(member.user): member.user for member in members}

    async def learn_presence(self) -> None:
        """Who of it is here. Raises `ChatdError`."""
        line = self._desk.state.lines.get(self.transcript.group) if self.transcript is not None else None
        if line is not None:
            await learn_presence(self._desk, line)

    # --- pages

    async def older(self) -> None:
        """One page up. Raises `ChatdError`."""
        transcript = self.transcript
        if transcript is None or self._busy or not transcript.older:
            return
        self._busy = True
        try:
            page = await self._page(transcript, before=transcript.low)
            transcript.older = page.more and bool(page.entries)
            await self._put(transcript, page)
            transcript.trim(keep_newest=False)
        finally:
            self._busy = False

    async def newer(self) -> None:
        """One page down. Raises `ChatdError`."""
        transcript = self.transcript
        if transcript is None or self._busy or not transcript.newer:
            return
        self._busy = True
        try:
            page = await self._page(transcript, after=transcript.high)
            transcript.newer = page.more and bool(page.entries)
            await self._put(transcript, page)
            transcript.trim(keep_newest=True)
        finally:
            self._busy = False

    async def newest(self) -> None:
        """To the end. Raises `ChatdError`."""
        transcript = self.transcript
        if transcript is not None and transcript.newer:
            await self._read_newest(transcript)
        self._timeline.go_to_end()

    async def reload(self) -> None:
        """Read it anew: what was received is not good any more. Raises `ChatdError`."""
        if self.transcript is not None:
            self.transcript = Transcript(self.transcript.group, self.transcript.section)
            self._timeline.show(self.transcript)
            await self._read_newest(self.transcript)

    # --- places

    async def go_to(self, where: str) -> None:
        """A position, or the first entry of a day or a minute as ISO 8601 writes them. Raises `Mistyped`."""
        transcript = self.transcript_now()
        try:
            pos: int | None = number_in(where)
        except NotANumber:
            try:
                at = datetime.fromisoformat(where).astimezone()
            except ValueError:
                raise NotANumber from None
            pos = await self._desk.client.find_pos(transcript.group, max(int(at.timestamp() * 1000), 0))
        if pos is None:
            raise Mistyped("nothing_since")
        await self.go_to_pos(pos)

    async def go_to_message(self, pos: int, kept: Message | None = None) -> None:
        """The same for that message and no other. `kept` is it, where it stands on the board and may have outlived
        those around it: then it stands above what is left. Raises `ChatdError`, `Mistyped`."""
        transcript = self.transcript_now()
        if transcript.at(pos) is None:
            page = await self._page(transcript, around=pos)
            if pos > page.floor:
                kept = None
            elif kept is None:
                raise Mistyped("message_gone", pos=pos)
            await self._turn_to(transcript, page)
            if kept is not None:
                transcript.put_page([kept], page.as_of)
        self._timeline.go_to(pos)

    async def go_to_pos(self, pos: int) -> None:
        """Show a position in the middle and choose it. Raises `ChatdError`."""
        transcript = self.transcript_now()
        if transcript.at(pos) is None:
            await self._turn_to(transcript, await self._page(transcript, around=pos))
        self._timeline.go_to(pos)

    async def _turn_to(self, transcript: Transcript, page: History) -> None:
        transcript.clear()
        transcript.older, transcript.newer = page.older, page.more
        await self._put(transcript, page)

    # --- receipts

    async def _ask_receipts(self, line: GroupLine) -> None:
        hello, mine = self._desk.client.hello, self._newest_of_mine()
        if hello is None or mine is None or line.members > hello.bounds.receipt_group_members:
            return
        try:
            told = await self._desk.client.get_receipts(line.group, mine.seq, mine.section)
        except ChatdError:
            return  # For those who show what they read.
        self._reads = dict.fromkeys(told.users, mine.seq)
        self.count_readers()

    def told_of_reading(self, signal: ReceiptsSignal) -> None:
        """Others have read on."""
        transcript = self.transcript
        if transcript is not None and (signal.group, signal.section) == (transcript.group, transcript.section or 0):
            self._reads |= signal.reads
            self.count_readers()

    def count_readers(self) -> None:
        """How many have read one's own newest message."""
        mine = self._newest_of_mine()
        if mine is not None:
            count = sum(read >= mine.seq for read in self._reads.values())
            self._timeline.readers = {mine.pos: count} if count else {}
            self._timeline.touch()

    def _newest_of_mine(self) -> Message | None:
        me = self._desk.client.hello.user if self._desk.client.hello else ""
        transcript = self.transcript
        if transcript is None or not self._desk.client.hello:
            return None
        mine = (transcript.messages.get(pos) for pos in reversed(transcript.order))
        return next(
            (one for one in mine if one is not None and one.sender == me and one.seq and not one.recalled), None
        )
