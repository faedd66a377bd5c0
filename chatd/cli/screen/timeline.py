"""The conversation: only the rows that one sees are painted, however long the transcript is.

Where one reads is kept as an entry and how many of its rows lie below the edge, so that nothing moves when a page comes
above or a message is edited. At the newest it stays at the newest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from chatd.cli.screen.cells import Row, width, width_of
from chatd.cli.screen.ink import Ink
from chatd.cli.screen.paint import Painted, Painter, Setting, together
from chatd.cli.screen.transcript import Transcript
from chatd_protocol import log

BAR_CELLS: Final = 1
CACHE_MAX: Final = 4000
WHEEL_ROWS: Final = 3


class Timeline(Widget, can_focus=True):
    """Shows a `transcript`. Says when it is near an end of it, what was seen, and what was pressed."""

    chosen: reactive[int | None] = reactive(None, repaint=False)
    """The position of the message that one acts on."""

    class NearEnd(Message):
        """There is little left in this direction: -1 older, 1 newer."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Seen(Message):
        """Everything up to this position has been on the screen."""

        def __init__(self, pos: int) -> None:
            super().__init__()
            self.pos = pos

    class Chosen(Message):
        """Another message is acted on, or none."""

        def __init__(self, pos: int | None) -> None:
            super().__init__()
            self.pos = pos

    class Pressed(Message):
        """A message was asked for what can be done with it (`spot` empty), or something on it was pressed."""

        def __init__(self, pos: int, spot: str = "") -> None:
            super().__init__()
            self.pos = pos
            self.spot = spot

    def __init__(self, painter: Painter, ink: Callable[[], Ink], bar: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._ground = Style()
        self.transcript: Transcript | None = None
        self.fresh_from: int | None = None
        """The first message that was unread when the group was opened, and the words for it."""
        self.fresh_words = ""
        self.empty_words = ""
        self.idle_words = ""
        """What stands there while no conversation is open, in lines."""
        self.readers: dict[int, int] = {}
        self.waiting: list[str] = []
        """What was sent and not acknowledged yet."""
        self._painter = painter
        self._ink = ink
        self._bar = bar
        self._below: tuple[int, int] | None = None
        """Where one reads: the last entry and how many of its rows are hidden; None at the newest."""
        self._cache: dict[int, tuple[log.Entry, Setting, Painted]] = {}
        self._rows: list[tuple[int, int]] | None = None
        """What stands in each row: position and row of its entry; below 0 what waits, position 0 nothing."""
        self._laid_for = Size()

    # --- from outside

    def show(self, transcript: Transcript | None) -> None:
        """Another conversation, at its newest."""
        self.transcript = transcript
        self._below = None
        self._cache.clear()
        self.chosen = None
        self.touch()

    def touch(self) -> None:
        """Something has changed: it is laid out anew when it is drawn next."""
        self._rows = None
        self.refresh()

    def repaint(self) -> None:
        """People are called otherwise than before: nothing that was painted is good."""
        self._cache.clear()
        self.touch()

    @property
    def at_newest(self) -> bool:
        """Whether new messages are seen as they come."""
        return self._below is None

    def go_to(self, pos: int) -> None:
        """Choose an entry and bring it to the middle."""
        transcript = self.transcript
        if transcript is None or not transcript.order:
            return
        index = min(transcript.index_of(pos), len(transcript.order) - 1)
        self.chosen = transcript.order[index]
        self._below = (self.chosen, 0)
        self._move(-(self.size.height // 2))
        self.touch()

    def go_to_end(self) -> None:
        """To the newest that is here."""
        self._below = None
        self.touch()

    def go_above(self, pos: int) -> None:
        """Bring the row above an entry to the upper edge, as far as there is enough below it."""
        transcript = self.transcript
        if transcript is not None and transcript.order:
            self._below = (transcript.order[min(transcript.index_of(pos), len(transcript.order) - 1)], 0)
            self._move(-max(self.size.height - len(self._painted(self._below[0]).rows), 0))
        self.touch()

    # --- layout

    def _painted(self, pos: int) -> Painted:
        transcript = self.transcript
        assert transcript is not None
        entry = transcript.at(pos)
        assert entry is not None
        before_pos = transcript.neighbour(pos, -1)
        before = transcript.at(before_pos) if before_pos is not None else None
        setting = self._setting(transcript, pos, entry, before)
        known = self._cache.get(pos)
        if known is not None and known[0] is entry and known[1] == setting:
            return known[2]
        if len(self._cache) >= CACHE_MAX:
            self._cache.clear()
        painted = self._painter.entry(entry, setting)
        self._cache[pos] = entry, setting, painted
        return painted

    def _setting(self, transcript: Transcript, pos: int, entry: log.Entry, before: log.Entry | None) -> Setting:
        day = self._painter.day(entry)
        if before is not None and self._painter.day(before) == day:
            day = ""
        fresh = self.fresh_words if pos == self.fresh_from else ""
        return Setting(
            cells=max(self.size.width - BAR_CELLS, 12),
            head=bool(day or fresh) or not together(before, entry),
            day=day,
            fresh=fresh,
            own=frozenset(transcript.mine.get(pos, ())),
            readers=self.readers.get(pos, 0),
        )

    def _layout(self) -> list[tuple[int, int]]:
        """What stands in each row of the widget, from above."""
        height, rows = self.size.height, []
        transcript = self.transcript
        if transcript is not None and self._below is None:
            rows = [(-1 - index, 0) for index in reversed(range(len(self.waiting)))][:height]
        if transcript is None or not transcript.order:
            return [(0, 0)] * (height - len(rows)) + rows[::-1]
        pos: int | None = transcript.newest
        hidden = 0
        if self._below is not None:
            pos, hidden = self._anchor(transcript)
        while pos is not None and len(rows) < height:
            count = len(self._painted(pos).rows)
            rows += [(pos, index) for index in range(count - 1 - hidden, -1, -1)]
            hidden = 0
            pos = transcript.neighbour(pos, -1)
        rows = rows[:height]
        return [(0, 0)] * (height - len(rows)) + rows[::-1]

    def _anchor(self, transcript: Transcript) -> tuple[int, int]:
        """Where one reads, if that entry is still here; else what is nearest to it."""
        assert self._below is not None
        pos, hidden = self._below
        index = min(transcript.index_of(pos), len(transcript.order) - 1)
        if transcript.order[index] != pos:
            pos, hidden = transcript.order[index], 0
        return pos, min(hidden, max(len(self._painted(pos).rows) - 1, 0))

    def _laid_out(self) -> list[tuple[int, int]]:
        if self._rows is None or self._laid_for != self.size:  # It may be drawn before it is told of another size.
            self._rows, self._laid_for = self._layout(), self.size
            self.call_after_refresh(self._tell_what_is_seen)
        return self._rows

    def _tell_what_is_seen(self) -> None:
        transcript = self.transcript
        if transcript is None or not self._rows:
            return
        shown = [pos for pos, _ in self._rows if pos > 0]
        if shown:
            self._tell(self.Seen(shown[-1]))
        near = transcript.order[: 1 + self.size.height // 2]
        if transcript.older and (not shown or shown[0] in near):
            self._tell(self.NearEnd(-1))
        if transcript.newer and shown and shown[-1] in transcript.order[-1 - self.size.height // 2 :]:
            self._tell(self.NearEnd(1))

    def _tell(self, message: Message) -> None:
        """Say something as this widget: drawing is done by the screen, and what the screen says does not reach the
        app."""
        self.post_message(message.set_sender(self))

    # --- moving

    def _move(self, up: int) -> None:
        """Scroll by so many rows, upwards if positive, as far as there are any."""
        transcript = self.transcript
        if transcript is None or not transcript.order:
            return
        pos, hidden = (transcript.newest, 0) if self._below is None else self._anchor(transcript)
        pos, hidden, ended = self._downwards(transcript, pos, hidden + up)
        if ended:
            self._below = None
            return
        while hidden >= len(self._painted(pos).rows):
            before = transcript.neighbour(pos, -1)
            if before is None:
                hidden = len(self._painted(pos).rows) - 1
                break
            hidden -= len(self._painted(pos).rows)
            pos = before
        self._below = (pos, hidden) if up > 0 or hidden or pos != transcript.newest else None
        self._fill_top(transcript)

    def _downwards(self, transcript: Transcript, pos: int, hidden: int) -> tuple[int, int, bool]:
        """Where one is with so many rows of an entry hidden (below 0: of those behind it), and whether at the end."""
        while hidden < 0:
            after = transcript.neighbour(pos, 1)
            if after is None:
                return pos, 0, True
            pos = after
            hidden += len(self._painted(pos).rows)
        return pos, hidden, False

    def _fill_top(self, transcript: Transcript) -> None:
        """The oldest entry does not leave the upper edge: what stays empty above is given back below."""
        if self._below is None:
            return
        pos, hidden = self._below
        room = self.size.height + hidden
        at: int | None = pos
        while at is not None and room > 0:
            room -= len(self._painted(at).rows)
            at = transcript.neighbour(at, -1)
        if room > 0:
            pos, hidden, ended = self._downwards(transcript, pos, hidden - room)
            self._below = (pos, hidden) if not ended and (hidden or pos != transcript.newest) else None

    def scroll_rows(self, up: int) -> None:
        """Scroll, upwards if positive."""
        self._move(up)
        self.touch()

    def choose(self, step: int) -> None:
        """Act on the message next to the chosen one; scrolls there. Behind the last one nothing is chosen."""
        transcript = self.transcript
        if transcript is None or not transcript.order:
            return
        rows = self._laid_out()
        shown = [pos for pos, _ in rows if pos > 0]
        pos = self.chosen
        if pos is None or transcript.at(pos) is None:
            pos = None if not shown else shown[-1] if step < 0 else None
        else:
            pos = transcript.neighbour(pos, step)
            if pos is None and step < 0:
                return
        while pos is not None and not isinstance(transcript.at(pos), log.Message):
            pos = transcript.neighbour(pos, step)
        if pos is None and step < 0:
            return
        self.chosen = pos
        if pos is not None:
            self._reveal(transcript, pos, shown)
        self.touch()

    def _reveal(self, transcript: Transcript, pos: int, shown: list[int]) -> None:
        """Scroll so that an entry can be seen whole, if it fits."""
        rows = self._layout()
        count = min(len(self._painted(pos).rows), self.size.height)
        if sum(1 for at, _ in rows if at == pos) >= count:
            return
        if shown and pos > shown[0]:
            self._below = (pos, 0)
            self._fill_top(transcript)
            if pos == transcript.newest:
                self._below = None
        else:
            self._below = (pos, 0)
            self._move(count - self.size.height)

    def watch_chosen(self, pos: int | None) -> None:
        self.post_message(self.Chosen(pos))
        self.touch()

    # --- drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self.rich_style  # Asked for once a picture: it is put together from all that lies below.
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        rows = self._laid_out()
        cells = self.size.width
        if y >= len(rows) or self.transcript is None:
            return self._empty(y, cells)
        pos, index = rows[y]
        if pos == 0:
            return self._empty(y, cells)
        row = [("faint", f"  {self.waiting[-1 - pos]}")] if pos < 0 else self._painted(pos).rows[index]
        return self._strip(row, pos, cells, y)

    def _empty(self, y: int, cells: int) -> Strip:
        words = self.idle_words
        if self.transcript is not None:
            words = "" if self.transcript.order else self.empty_words
        rows = words.split("\n")
        at = y - (self.size.height - len(rows)) // 2
        if words and 0 <= at < len(rows):
            text = " " * max((cells - max(map(width, rows))) // 2, 0) + rows[at]
            return Strip([Segment(text, self._ground + self._ink()["dim"])]).adjust_cell_length(cells, self._ground)
        return Strip.blank(cells, self._ground)

    def _strip(self, row: Row, pos: int, cells: int, y: int) -> Strip:
        ink, ground = self._ink(), self._ground
        chosen = pos > 0 and pos == self.chosen and self.has_focus
        back = ink["chosen"] if chosen else Style()
        segments = [Segment(text, ground + back + ink[style]) for style, text in row]
        if chosen and segments and row[0][1][:1] in (" ", "@"):
            segments[0] = Segment(self._bar + row[0][1][1:], ground + back + ink["accent"])
        rest = cells - BAR_CELLS - width_of(row)
        strip = Strip([*segments, Segment(" " * max(rest, 0), ground + back)]).adjust_cell_length(cells - BAR_CELLS)
        return Strip([*strip, Segment(self._thumb(y), ground + ink["faint"])])

    def _thumb(self, y: int) -> str:
        """The bar at the edge: where in the transcript one is."""
        transcript = self.transcript
        if transcript is None or self._below is None or len(transcript.order) < 2 or not self.size.height:
            return " "
        share = transcript.index_of(self._below[0]) / (len(transcript.order) - 1)
        return "█" if round(share * (self.size.height - 1)) == y else "│"

    # --- hands

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(-WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        rows = self._laid_out()
        if self.transcript is None or not 0 <= event.y < len(rows):
            return
        pos, index = rows[event.y]
        if pos <= 0 or not isinstance(self.transcript.at(pos), log.Message):
            return
        for row, first, end, spot in self._painted(pos).spots:
            if row == index and first <= event.x < end:
                self.post_message(self.Pressed(pos, spot))
                return
        if pos == self.chosen:
            self.post_message(self.Pressed(pos))
        else:
            self.chosen = pos

    def on_resize(self) -> None:
        self.touch()

    def on_focus(self) -> None:
        self.touch()

    def on_blur(self) -> None:
        self.touch()
