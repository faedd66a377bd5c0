"""The list of chats in two rows each: title with what is unread, and what was said last. As the server orders them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from chatd.cli.chat_render import Renderer
from chatd.cli.chat_words import Words
from chatd.cli.screen.cells import Row, clean, cut, width, width_of
from chatd.cli.screen.ink import Ink, Signs
from chatd_protocol.groups import GroupLine

ROWS_EACH: Final = 2
COUNT_MAX: Final = 99


def in_order(lines: Iterable[GroupLine]) -> list[GroupLine]:
    """Pinned ones by their order, then by newest activity, archived ones last: as `group.list` gives them."""

    def rank(line: GroupLine) -> tuple[bool, int, int, str]:
        pinned = line.chat.pinned if line.chat is not None else 0
        return line.archived, -pinned, -line.at, line.group

    return sorted(lines, key=rank)


class ChatRows:
    """The two rows of a chat."""

    def __init__(self, words: Words, render: Renderer, signs: Signs) -> None:
        self._words = words
        self._render = render
        self._signs = signs

    def rows(self, line: GroupLine, last: str, here: bool | None, cells: int) -> tuple[Row, Row]:
        """`last`: what was said last, or unsent text; `here`: of a direct chat, whether the other one is."""
        marks = self._marks(line)
        badge = self._badge(line)
        room = max(cells - width_of(badge) - width_of(marks) - 1, 4)
        dot: Row = (
            [] if here is None else [("good" if here else "faint", self._signs.here if here else self._signs.away)]
        )
        title = cut(clean(self._render.title(line)), room - width_of(dot))
        style = "dim" if line.archived else "bold" if line.unread else "text"
        gap = " " * max(cells - width_of(dot) - width(title) - width_of(marks) - width_of(badge), 0)
        return [*dot, (style, title), ("", gap), *marks, *badge], [("dim", cut(last, cells))]

    def _marks(self, line: GroupLine) -> Row:
        chat = line.chat
        marks: Row = []
        if chat is not None and chat.pinned:
            marks.append(("accent", " " + self._signs.pin))
        if chat is not None and chat.level != "all":
            marks.append(("faint", " " + self._signs.mute))
        if line.gone_at is not None or line.read_only:
            marks.append(("faint", " ×"))
        return marks

    def _badge(self, line: GroupLine) -> Row:
        badge: Row = [("mention", " @")] if line.mentions else []
        if line.unread:
            count = str(line.unread) if line.unread <= COUNT_MAX else f"{COUNT_MAX}+"
            quiet = line.chat is not None and line.chat.level == "none"
            return [*badge, ("", " "), ("muted" if quiet else "badge", f"({count})")]
        if line.chat is not None and line.chat.marked:
            return [*badge, ("", " "), ("accent", f"({self._signs.here})")]
        return badge


class Chats(Widget, can_focus=True):
    """Lists chats; says which one is opened."""

    class Opened(Message):
        """A chat was chosen."""

        def __init__(self, group: str) -> None:
            super().__init__()
            self.group = group

    def __init__(self, draw: ChatRows, ink: Callable[[], Ink], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._ground = Style()
        self._draw = draw
        self._ink = ink
        self.lines: list[GroupLine] = []
        self.lasts: dict[str, str] = {}
        self.here: dict[str, bool] = {}
        self.open: str | None = None
        self.empty_words = ""
        self._cursor: str | None = None
        self._top = 0

    def show(self, lines: list[GroupLine], lasts: dict[str, str], here: dict[str, bool], opened: str | None) -> None:
        """Draw these, in this order."""
        self.lines, self.lasts, self.here = lines, lasts, here
        if opened != self.open:
            self.open = self._cursor = opened
            self._follow()
        self.refresh()

    @property
    def index(self) -> int:
        """Where the cursor stands."""
        groups = [line.group for line in self.lines]
        return groups.index(self._cursor) if self._cursor in groups else 0

    def beside(self, step: int, *, unread: bool = False) -> str | None:
        """The chat next to the open one, going round; with `unread` the next with something unread."""
        groups = [line.group for line in self.lines]
        start = groups.index(self.open) if self.open in groups else -1 if step > 0 else 0
        for away in range(1, len(groups) + 1):
            line = self.lines[(start + step * away) % len(groups)]
            if line.group != self.open and (not unread or line.unread):
                return line.group
        return None

    def _follow(self) -> None:
        """Keep the cursor on the screen."""
        fit = max(self.size.height // ROWS_EACH, 1)
        index = self.index
        self._top = max(min(self._top, index), index - fit + 1, 0)
        self._top = min(self._top, max(len(self.lines) - fit, 0))

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self.rich_style  # Asked for once a picture: it is put together from all that lies below.
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        index, row = self._top + y // ROWS_EACH, y % ROWS_EACH
        cells, ground = self.size.width, self._ground
        if index >= len(self.lines):
            words = self.empty_words if not self.lines and y == 0 else ""
            return Strip([Segment(words, ground + self._ink()["dim"])]).adjust_cell_length(cells, ground)
        line = self.lines[index]
        rows = self._draw.rows(line, self.lasts.get(line.group, ""), self.here.get(line.group), cells - 2)
        current = line.group == self.open
        pointed = self.has_focus and index == self.index
        ink = self._ink()
        back = ink["current"] if current or pointed else Style()
        mark = ("›" if current else " ") if not pointed else "»"
        segments = [Segment((mark if row == 0 else " "), ground + back + ink["accent"])]
        segments += [Segment(text, ground + back + ink[style]) for style, text in rows[row]]
        rest = cells - 1 - width_of(rows[row])
        return Strip([*segments, Segment(" " * max(rest, 0), ground + back)]).adjust_cell_length(cells)

    # --- hands

    def move(self, step: int) -> None:
        """Move the cursor."""
        if self.lines:
            index = max(0, min(self.index + step, len(self.lines) - 1))
            self._cursor = self.lines[index].group
            self._follow()
            self.refresh()

    def on_key(self, event: events.Key) -> None:
        page = max(self.size.height // ROWS_EACH - 1, 1)
        ends = {"home": -len(self.lines), "end": len(self.lines)}
        steps = {"up": -1, "down": 1, "k": -1, "j": 1, "pageup": -page, "pagedown": page, **ends}
        if event.key in steps:
            event.stop()
            self.move(steps[event.key])
        elif event.key in {"enter", "right", "space"} and self.lines:
            event.stop()
            self.post_message(self.Opened(self.lines[self.index].group))

    def on_click(self, event: events.Click) -> None:
        index = self._top + event.y // ROWS_EACH
        if index < len(self.lines):
            self._cursor = self.lines[index].group
            self.post_message(self.Opened(self._cursor))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._roll(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._roll(1)

    def _roll(self, step: int) -> None:
        fit = max(self.size.height // ROWS_EACH, 1)
        self._top = max(0, min(self._top + step, len(self.lines) - fit))
        self.refresh()

    def on_resize(self) -> None:
        self._follow()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
