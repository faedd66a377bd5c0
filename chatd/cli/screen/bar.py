"""One or a few rows of text, parts of which can be pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from chatd.cli.screen.cells import Row, cut_row, width
from chatd.cli.screen.ink import Ink

Part = tuple[str, str, str]
"""A style, a text, and what is said when it is pressed; empty if nothing is."""


class Bar(Widget):
    """Shows rows of parts. Hidden while there are none."""

    class Pressed(Message):
        """A part was pressed."""

        def __init__(self, spot: str) -> None:
            super().__init__()
            self.spot = spot

    class Resized(Message):
        """There is another width for what stands there."""

        def __init__(self, bar: str) -> None:
            super().__init__()
            self.bar = bar

    def __init__(self, ink: Callable[[], Ink], *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._wide = 0
        self._ground = Style()
        self._ink = ink
        self._rows: list[list[Part]] = []
        self.display = False

    def set(self, *rows: Sequence[Part]) -> None:
        """Show these rows."""
        new = [list(row) for row in rows]
        if new == self._rows:
            return
        tall = len(new) != len(self._rows)
        self._rows = new
        self.display = bool(new)
        self.refresh(layout=tall)

    @property
    def text(self) -> str:
        """What stands there, without its styles."""
        return "\n".join("".join(text for _, text, _ in row) for row in self._rows)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self.rich_style  # Asked for once a picture: it is put together from all that lies below.
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        ground = self._ground
        if y >= len(self._rows):
            return Strip.blank(self.size.width, ground)
        row: Row = [(style, text) for style, text, _ in self._rows[y]]
        ink = self._ink()
        cells = self.size.width
        return Strip([Segment(text, ground + ink[style]) for style, text in cut_row(row, cells)]).adjust_cell_length(
            cells, ground
        )

    def on_resize(self, event: events.Resize) -> None:
        if event.size.width != self._wide:
            self._wide = event.size.width
            self.post_message(self.Resized(self.id or ""))

    def on_click(self, event: events.Click) -> None:
        at = 0
        for _, text, spot in self._rows[event.y] if event.y < len(self._rows) else ():
            at += width(text)
            if event.x < at:
                if spot:
                    self.post_message(self.Pressed(spot))
                return
