"""From an entry to rows of styled text: pure, for so many cells, in the words of the line-based chat.

A row is a list of pieces, each with the name of a style (`ink`). Buttons and the like are named by where they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from chatd.cli.chat_cards import card_state, product_state
from chatd.cli.chat_render import Renderer
from chatd.cli.chat_words import Words
from chatd.cli.screen.cells import Piece, Row, clean, cut, cut_row, fill, width, width_of, wrap
from chatd.cli.screen.ink import Signs, style_of
from chatd_protocol import kinds, log

GUTTER: Final = 2
"""Cells in front of every message: a bar beside the one that is chosen, `@` beside what is addressed to the reader."""
TOGETHER_MS: Final = 5 * 60_000
"""What one person says within this time stands under one name."""
BOX_CELLS: Final = 60
NUMBERED_CELLS: Final = 30
"""A message without a head shows its number where there is this much room: editing and recalling ask for it."""
QUOTE_ROWS: Final = 2


@dataclass
class Painted:
    """The rows of one entry, and which cells of which row do something when they are pressed."""

    rows: list[Row] = field(default_factory=list)
    spots: list[tuple[int, int, int, str]] = field(default_factory=list)
    """Row, first cell, the cell behind the last, and what it is."""

    def add(self, *pieces: Piece) -> None:
        self.rows.append(list(pieces))


@dataclass(frozen=True)
class Setting:
    """What the rows of an entry depend on beside the entry."""

    cells: int
    head: bool = True
    """The sender's name stands above it."""
    day: str = ""
    """The line above it that says which day it is."""
    fresh: str = ""
    """The line above it that says that what follows is new."""
    own: frozenset[str] = frozenset()
    """The reader's own reactions."""
    readers: int = 0
    """How many are known to have read it."""


class Painter:
    """Paints for one reader."""

    def __init__(self, words: Words, render: Renderer, signs: Signs) -> None:
        self._words = words
        self._render = render
        self._signs = signs

    def entry(self, entry: log.Entry, setting: Setting) -> Painted:
        """The rows of an entry; none for what is not shown."""
        painted = Painted()
        for text, style in ((setting.day, "faint"), (setting.fresh, "error")):
            if text:
                painted.add((style, rule(text, setting.cells)))
        if isinstance(entry, log.Message):
            self._message(painted, entry, setting)
        else:
            for notice in self._render.notices(entry):
                rows = wrap([("dim", clean(notice))], setting.cells - 2 * GUTTER)
                indent = max((setting.cells - max(width_of(row) for row in rows)) // 2, 0)
                for row in rows:
                    painted.add(("", " " * indent), *row)
        return painted

    def day(self, entry: log.Entry) -> str:
        """The day of an entry with its weekday."""
        iso = self._render.day(entry)
        return f"{iso} {self._words('weekdays').split()[date.fromisoformat(iso).weekday()]}" if iso else ""

    # --- messages

    def _message(self, painted: Painted, message: log.Message, setting: Setting) -> None:
        room = max(setting.cells - GUTTER, 10)
        mark = self._gutter(message)
        if message.type == kinds.NOTICE and message.recalled is None:
            self._boxed_notice(painted, message, room)
            return
        if setting.head:
            painted.add(mark, *self._head(message, room))
            mark = ("", " " * GUTTER)
        if message.quote is not None and message.recalled is None:
            quote = wrap([("dim", clean(self._render.quote_line(message.quote)))], room - 2)[:QUOTE_ROWS]
            for row in quote:
                painted.add(mark, ("faint", self._signs.quote + " "), *row)
                mark = ("", " " * GUTTER)
        number = "" if setting.head or room < NUMBERED_CELLS else f" #{message.pos}"
        body = self._body(message, room, number, setting)
        if self._is_bare_card(message):
            number = ""
        for row in body:
            gap = " " * (room - width(number) - width_of(row)) if number else ""
            painted.add(mark, *row, *((("", gap), ("faint", number)) if number else ()))
            mark, number = ("", " " * GUTTER), ""
        self._menu(painted, message, room)
        self._below(painted, message, room, setting)

    def _menu(self, painted: Painted, message: log.Message, room: int) -> None:
        """The buttons of a bot, each with the digit that presses it while the message is chosen."""
        body = message.body
        number = 0
        for buttons in body.menu if isinstance(body, kinds.TextContent) and message.recalled is None else ():
            row: Row = [("", " " * GUTTER)]
            for button in buttons:
                number += 1
                shown = f" {number} {clean(button.label)} "
                if width_of(row) + width(shown) > room + GUTTER and len(row) > 1:
                    painted.rows.append(row)
                    row = [("", " " * GUTTER)]
                at = width_of(row)
                shown = cut(shown, room)
                painted.spots.append((len(painted.rows), at, at + width(shown), f"button {number}"))
                row += [("button", shown), ("", " ")]
            painted.rows.append(row)

    def _gutter(self, message: log.Message) -> Piece:
        return ("mention", fill("@", GUTTER)) if self._render.mentions_me(message) else ("", " " * GUTTER)

    def _head(self, message: log.Message, room: int) -> Row:
        own = self._render.is_me(message.sender)
        right = f"{self._render.clock(message.at)} #{message.pos}"
        left: Row = [("mine" if own else style_of(message.sender), clean(self._render.name(message.sender)))]
        left += [("notice", f" [{clean(tag)}]") for tag in message.tags]
        left = cut_row(left, room - width(right) - 1)
        return [*left, ("", " " * (room - width_of(left) - width(right))), ("faint", right)]

    def _body(self, message: log.Message, room: int, number: str, setting: Setting) -> Iterator[Row]:
        beside = room - width(number)
        if message.recalled is not None:
            recalled = self._words("message_recalled", name=self._render.name(message.recalled.by))
            text = self._words("message_erased") if message.recalled.erased else recalled
            yield from wrap([("dim", clean(text))], beside)
            return
        pieces = list(self._said(message))
        card = getattr(message.body, "card", None)
        if pieces or card is None:
            yield from wrap([*pieces, *self._marks(message, setting)], beside)
        if card is not None:
            yield from self._card(card, room, number.strip() if self._is_bare_card(message) else "")

    def _is_bare_card(self, message: log.Message) -> bool:
        """Whether it is a card without a word, whose upper edge holds its number: so it is as wide as others."""
        card = getattr(message.body, "card", None)
        return message.recalled is None and card is not None and not list(self._said(message))

    def _said(self, message: log.Message) -> Iterator[Piece]:
        body = message.body
        if isinstance(body, kinds.TextContent):
            if body.card is None and not body.text:
                yield "dim", clean(message.alt) or self._words("unknown_message")
            yield from self._marked_up(body)
        elif isinstance(body, kinds.BundleContent):
            yield "dim", self._words("bundle", count=len(body.items))
            for item in body.items:
                yield "accent", f"\n{self._signs.quote} {clean(item.name)} "
                yield "text", clean(said_in(item))
        else:
            yield "text" if message.alt else "dim", clean(message.alt) or self._words("unknown_message")

    def _marked_up(self, body: kinds.TextContent) -> Iterator[Piece]:
        """The text, with mentions and links set off."""
        at = 0
        for part in body.entities:
            yield "text", clean(body.text[at : part.offset], keep_lines=True)
            at = max(at, part.offset + part.length)
            called = part.all or (part.user is not None and self._render.is_me(part.user))
            style = "called" if called else "accent" if part.url is not None else "mention"
            yield style, clean(body.text[part.offset : at])
        if body.text[at:]:
            yield "text", clean(body.text[at:], keep_lines=True)

    def _marks(self, message: log.Message, setting: Setting) -> Iterator[Piece]:
        """What is said about a message behind its text."""
        if message.version:
            yield "faint", self._words("edited_mark")
        if message.forwarded is not None:
            title = clean(message.forwarded.title)
            text = self._words("forwarded_from", title=title) if title else self._words("forwarded_mark")
            yield "faint", text
        if setting.readers:
            yield "good", f" {self._signs.mine}{setting.readers}"

    def _below(self, painted: Painted, message: log.Message, room: int, setting: Setting) -> None:
        signs: Row = []
        for one in message.reactions:
            emoji = clean(one.emoji)
            own = one.emoji in setting.own
            signs += [("accent" if own else "dim", f"[{emoji} {one.count}]" if own else f" {emoji} {one.count} ")]
        at, row = 0, Row()
        for (style, text), reaction in zip(signs, message.reactions, strict=True):
            if at and at + width(text) > room:
                painted.add(("", " " * GUTTER), *row)
                at, row = 0, Row()
            painted.spots.append(
                (len(painted.rows), GUTTER + at, GUTTER + at + width(text), f"reaction {reaction.emoji}")
            )
            row.append((style, text))
            at += width(text)
        if row:
            painted.add(("", " " * GUTTER), *row)

    def _boxed_notice(self, painted: Painted, message: log.Message, room: int) -> None:
        """What owner or admins have to say stands apart, in a box with their name."""
        body = message.body
        text = body.text if isinstance(body, kinds.TextContent) else message.alt
        label = f"{self._words('notice_mark').strip()} {clean(self._render.name(message.sender))}"
        time = f"{self._render.clock(message.at)} #{message.pos}"
        mark = self._gutter(message)
        for row in boxed(
            wrap([("notice", clean(text, keep_lines=True))], room - 4), room, label, time, "notice", self._signs.corners
        ):
            painted.add(mark, *row)
            mark = ("", " " * GUTTER)

    def _card(self, card: kinds.Card, room: int, number: str) -> Iterator[Row]:
        """A video or a product in a box: what it is, how it stands now, where to find it."""
        room = min(room, BOX_CELLS)
        label = self._words("box_video" if isinstance(card, kinds.VideoCard) else "box_product")
        style = "text" if card.status in {"available", "on_sale"} else "dim"
        rows = wrap([(f"{style}", clean(card.title) or self._words("card_unavailable"))], room - 4)
        for text, ink in self._details(card):
            rows.append([(ink, cut(clean(text), room - 4))])
        yield from boxed(rows, room, label, number, "accent", self._signs.corners)

    def _details(self, card: kinds.Card) -> Iterable[tuple[str, str]]:
        if not card.title:
            return
        if isinstance(card, kinds.VideoCard):
            minutes, seconds = divmod(card.duration_ms // 1000, 60)
            length = f"{minutes}:{seconds:02}" if card.duration_ms else ""
            state = card_state(self._words, card)
            yield " · ".join(part for part in (card.author, length, state) if part), "dim"
        else:
            changed = card.price_then is not None
            ink = "notice" if changed else "good" if card.status == "on_sale" else "error"
            yield product_state(self._words, card), ink
        if card.url:
            yield card.url, "faint"


def rule(text: str, cells: int) -> str:
    """A line across with words in its middle."""
    shown = f" {cut(text, cells - 8)} "
    left = max((cells - width(shown)) // 2, 1)
    right = max(cells - width(shown) - left, 0)
    return "─" * left + shown + "─" * right


def boxed(rows: Iterable[Row], room: int, label: str, right: str, style: str, corners: str) -> Iterator[Row]:
    """Rows in a frame of `room` cells, with words in its upper edge."""
    ends = width(right) + 2 if right else 0
    label = f" {cut(label, room - 6 - ends)} "
    right = f" {right} " if right else ""
    line = "─" * max(room - 3 - width(label) - width(right), 0)
    yield [(style, corners[0] + "─" + label), (style, line), ("faint", right), (style, corners[1])]
    for row in rows:
        short = cut_row(row, room - 4)
        yield [(style, "│ "), *short, ("", " " * (room - 4 - width_of(short))), (style, " │")]
    yield [(style, corners[2] + "─" * (room - 2) + corners[3])]


def said_in(item: kinds.BundleItem) -> str:
    """One forwarded message of a bundle on one line."""
    text = item.body.get("text") if isinstance(item.body, dict) else None
    return item.alt or str(text or "")


def together(before: log.Entry | None, entry: log.Entry) -> bool:
    """Whether a message goes on under the name above it."""
    return (
        isinstance(before, log.Message)
        and isinstance(entry, log.Message)
        and before.sender == entry.sender
        and entry.at - before.at < TOGETHER_MS
        and before.type != kinds.NOTICE
        and entry.tags == before.tags
    )
