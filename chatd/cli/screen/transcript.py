"""What one has of a conversation: a stretch of the group's log, kept true by the entries that come.

It grows at both ends by pages and is bounded: what is far from where one reads is dropped and asked for again.
Edits, recalls, reactions and changed cards go into the messages by the rules of the client's `GroupView`. No socket, no
await.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from chatd_client.feed import last_pos
from chatd_client.view import GroupView, quote_of
from chatd_protocol import log

KEPT_MAX: Final = 2000
"""Entries in memory; more than a person scrolls through before the server is asked again."""
RECENT_MAX: Final = 2000

_TOLD: Final = (
    log.Created,
    log.MembersChanged,
    log.RoleChanged,
    log.SettingsChanged,
    log.Moderated,
    log.NicknamesChanged,
    log.Pinned,
    log.Unpinned,
    log.Featured,
    log.Unfeatured,
    log.OwnerChanged,
    log.Announced,
    log.Dissolved,
    log.Erased,
    log.SectionsChanged,
)
"""What happened in the group and stands between the messages."""


class Transcript(GroupView):
    """A stretch of one group, of one `section` of it if that is not None.

    `order`: the positions that are shown, ascending. `older`, `newer`: there is more in that direction.
    """

    def __init__(self, group: str, section: int | None = None) -> None:
        super().__init__(group, messages_max=2 * KEPT_MAX)
        self.section = section
        self.order: list[int] = []
        self.older = True
        self.newer = False
        self.low: int | None = None
        self.high = 0
        """How far was read downwards and upwards, what is not shown included."""
        self.mine: dict[int, set[str]] = {}
        """By message, the reader's own reactions, as far as they are known."""
        self._told: dict[int, log.Entry] = {}
        self._recent: deque[log.Entry | log.UnknownEntry] = deque(maxlen=RECENT_MAX)
        self._paging = False

    def at(self, pos: int) -> log.Entry | None:
        """The entry at a position, as it is now."""
        return self.messages.get(pos) or self._told.get(pos)

    @property
    def newest(self) -> int:
        """The last position that is here, 0 if there is none."""
        return self.order[-1] if self.order else 0

    def clear(self) -> None:
        """Forget the stretch: another one is about to be put."""
        self.messages.clear()
        self._told.clear()
        self.order.clear()
        self.low, self.high = None, 0

    def put_page(self, entries: Iterable[log.Entry | log.UnknownEntry], as_of: int) -> None:
        """Take in a page that joins what is here, as read at `as_of`; what came after that goes over it again.

        Only where it reaches the head has everything up to `as_of` been seen: otherwise new messages up to there may
        still be on their way.
        """
        self._paging = True
        for entry in entries:
            self.low = entry.pos if self.low is None else min(self.low, entry.pos)
            self.high = max(self.high, last_pos(entry))
            self._add(entry)
        self._paging = False
        if not self.newer:
            self.cursor = max(self.cursor, as_of)
        for entry in self._recent:
            if last_pos(entry) > as_of:
                self._apply_one(entry)

    def take(self, entries: Iterable[log.Entry | log.UnknownEntry]) -> None:
        """Take in what comes live."""
        entries = list(entries)
        self._recent.extend(entries)
        self.apply(entries)

    def trim(self, *, keep_newest: bool) -> None:
        """Back within bounds, by dropping what lies at the far end."""
        excess = len(self.order) - KEPT_MAX
        if excess <= 0:
            return
        gone = self.order[:excess] if keep_newest else self.order[-excess:]
        self.order = self.order[excess:] if keep_newest else self.order[:-excess]
        for pos in gone:
            self.messages.pop(pos, None)
            self._told.pop(pos, None)
            self.mine.pop(pos, None)
        if keep_newest:
            self.older, self.low = True, self.order[0]
        else:
            self.newer, self.high = True, self.order[-1]

    def forget(self, floor: int) -> None:
        """What lies up to there is no longer kept by the server, and nothing older either."""
        super().forget(floor)
        gone = [pos for pos in self.order if pos <= floor]
        self.order = self.order[len(gone) :]
        for pos in gone:
            self._told.pop(pos, None)
            self.mine.pop(pos, None)
        for pos, told in self._told.items():
            if isinstance(told, log.Pinned | log.Featured) and told.quote is not None and told.quote.pos <= floor:
                self._told[pos] = replace(told, quote=None)
        if self.low is not None and self.low <= floor + 1:
            self.low, self.older = floor + 1, False

    def note_own(self, entry: log.Reacted, me: str) -> None:
        """Somebody reacted: if it was the reader, that is their own."""
        if entry.by != me:
            return
        mine = self.mine.setdefault(entry.target, set())
        if entry.on:
            mine.add(entry.emoji)
        else:
            mine.discard(entry.emoji)

    def neighbour(self, pos: int, step: int) -> int | None:
        """The position that is shown next to this one."""
        index = bisect_left(self.order, pos) + step
        return self.order[index] if 0 <= index < len(self.order) else None

    def index_of(self, pos: int) -> int:
        """Where a position stands, or where it would."""
        return bisect_left(self.order, pos)

    # --- as the entries come

    def _apply_one(self, entry: log.Entry | log.UnknownEntry) -> None:
        super()._apply_one(entry)
        if isinstance(entry, _TOLD):
            self._add(entry)

    def _edit(self, entry: log.Edited) -> None:
        super()._edit(entry)
        if entry.body is not None:
            self._requote_told(lambda quote: quote.pos == entry.target, entry.body.text)

    def _recall(self, entry: log.Recalled) -> None:
        super()._recall(entry)
        self._requote_told(lambda quote: quote.pos == entry.target, None)

    def _erase(self, entry: log.Erased) -> None:
        """Beside the messages: what notices tell of the person's words, nickname and announcements."""
        super()._erase(entry)
        self._requote_told(lambda quote: quote.sender == entry.user, None)
        for pos, told in self._told.items():
            if isinstance(told, log.NicknamesChanged):
                names = [replace(one, nickname="") if one.user == entry.user else one for one in told.names]
                self._told[pos] = replace(told, names=names)
            elif isinstance(told, log.Announced) and told.by == entry.user:
                self._told[pos] = replace(told, text="")

    def _requote_told(self, concerns: Callable[[log.Quote], bool], text: str | None) -> None:
        """What was pinned or featured reads as the message does now."""
        for pos, told in self._told.items():
            if isinstance(told, log.Pinned | log.Featured) and told.quote is not None and concerns(told.quote):
                self._told[pos] = replace(told, quote=quote_of(told.quote, text))

    def _put(self, message: log.Message) -> None:
        """A live message joins what is here unless there is a gap between."""
        self._add(message)

    def _add(self, entry: log.Entry | log.UnknownEntry) -> None:
        if not self._belongs(entry) or (self.newer and not self._paging and entry.pos > self.newest):
            return
        known = entry.pos in self.messages or entry.pos in self._told
        if isinstance(entry, log.Message):
            self.messages[entry.pos] = entry
        else:
            self._told[entry.pos] = entry  # type: ignore[assignment]
        if not known:
            insort(self.order, entry.pos)

    def _belongs(self, entry: log.Entry | log.UnknownEntry) -> bool:
        if isinstance(entry, log.Message):
            return self.section is None or entry.section == self.section
        return isinstance(entry, _TOLD) and not self.section
