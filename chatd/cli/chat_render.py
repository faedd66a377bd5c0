"""From entries to lines of a terminal. Pure: no output, no clock, no network.

Columns are counted in cells (`chat_cells`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from typing import Final

from chatd.cli.chat_cards import card_lines, card_title, menu_lines
from chatd.cli.chat_cells import cut, fill, printable, wrap
from chatd.cli.chat_notices import Notices
from chatd.cli.chat_words import Words
from chatd_protocol import kinds, log
from chatd_protocol.groups import GroupLine

Line = list[tuple[str, str]]
"""Pieces of one line, each with its style (prompt_toolkit's words: `bold`, `ansigreen`)."""

__all__ = [
    "DIM",
    "ERROR",
    "MINE",
    "NAME_CELLS",
    "NOTICE",
    "OTHERS",
    "TEXT_START",
    "Line",
    "Renderer",
    "cut",
    "fill",
    "plain",
    "printable",
    "wrap",
]

POS_CELLS: Final = 5
NAME_CELLS: Final = 12
TEXT_START: Final = POS_CELLS + 1 + 5 + 1 + NAME_CELLS + 1
TITLE_CELLS: Final = 24
UNREAD_CELLS: Final = 12

DIM: Final = "ansibrightblack"
MINE: Final = "ansigreen"
OTHERS: Final = "ansicyan"
NOTICE: Final = "ansiyellow"
ERROR: Final = "ansired"
MENTION: Final = "ansiyellow bold"


def is_own(message: log.Message, me: str) -> bool:
    """Whether somebody said it themselves: what the operator posted in their name is news to them."""
    return message.sender == me and not message.operator


class Renderer:
    """Makes lines for one reader, `me`. `name_of` gives the name to show for a user id, `own_name_of` the one without a
    nickname, `section_of` the title of a section of the open group, `zone` the hour to show (None: the machine's)."""

    def __init__(
        self,
        words: Words,
        me: Callable[[], str],
        name_of: Callable[[str], str],
        zone: tzinfo | None = None,
        section_of: Callable[[int], str] = str,
        own_name_of: Callable[[str], str] | None = None,
    ) -> None:
        self._words = words
        self._me = me
        self._name_of = name_of
        self._zone = zone
        self._section_of = section_of
        self._own_name_of = own_name_of or name_of
        self._notices = Notices(words, self.name, self.own_name, self.until)

    def name(self, user: str | None) -> str:
        """How somebody is called here."""
        if user is None:
            return self._words("operator")
        return self._words("you") if user == self._me() else self.called(user)

    def called(self, user: str) -> str:
        """How somebody is called, the reader too."""
        return printable(self._name_of(user)) or self._words("somebody_gone")

    def own_name(self, user: str) -> str:
        """How somebody is called where the nicknames of the open group do not count."""
        called = printable(self._own_name_of(user)) or self._words("somebody_gone")
        return self._words("you") if user == self._me() else called

    def section(self, number: int) -> str:
        """What a section of the open group is called."""
        return printable(self._section_of(number)) or self._words("section_main")

    def entry(self, entry: log.Entry | log.UnknownEntry, columns: int) -> list[Line]:
        """The lines of an entry; none for what the reader may not see or this program does not know."""
        if isinstance(entry, log.Message):
            return list(self._message(entry, columns))
        if isinstance(entry, log.Hidden | log.UnknownEntry):
            return []
        notices = self.notices(entry)
        at = [("", " " * (POS_CELLS + 1)), (DIM, self.clock(entry.at) + " ")]
        room = max(columns - POS_CELLS - 9, 10)
        return [
            [*(at if first else [("", " " * (POS_CELLS + 7))]), (DIM, "· " if first else "  "), (DIM, part)]
            for notice in notices
            for first, part in ((index == 0, part) for index, part in enumerate(wrap(notice, room)))
        ]

    def notices(self, entry: log.Entry) -> list[str]:
        """What is said of an entry that is no message, line by line."""
        return self._notices.of(entry)

    def is_me(self, user: str) -> bool:
        """Whether that is the reader."""
        return user == self._me()

    def day(self, entry: log.Entry | log.UnknownEntry) -> str:
        """The day of an entry, as ISO 8601 writes it; empty where the entry has no time."""
        if isinstance(entry, log.Hidden | log.UnknownEntry):
            return ""
        return self._moment(entry.at).date().isoformat()

    # --- messages

    def _message(self, message: log.Message, columns: int) -> Iterator[Line]:
        room = max(columns - TEXT_START, 10)
        indent = " " * TEXT_START
        if message.quote is not None and message.recalled is None:
            yield [(DIM, indent + cut("┆ " + self.quote_line(message.quote), room))]
        style = MINE if message.sender == self._me() else OTHERS
        for index, (text_style, part) in enumerate(self._parts(message, room)):
            if index:
                yield [("", indent), (text_style, part)]
                continue
            head = f"{message.pos:>{POS_CELLS}} "
            yield [
                (DIM, head + self.clock(message.at) + " "),
                (style, fill(self.name(message.sender), NAME_CELLS) + " "),
                (text_style, part),
            ]
        if message.recalled is None and isinstance(message.body, kinds.TextContent) and message.body.menu:
            hint = self._words("press_hint", pos=message.pos)
            lines = [*menu_lines(message.body.menu, room), hint]
            yield from ([(DIM if part == hint else NOTICE, indent + part)] for part in lines)
        if message.reactions:
            signs = "  ".join(f"{printable(one.emoji)} {one.count}" for one in message.reactions)
            yield from ([(DIM, indent + part)] for part in wrap(signs, room))

    def _parts(self, message: log.Message, room: int) -> list[tuple[str, str]]:
        """What stands behind the sender's name, line by line."""
        style, text = self._text(message)
        card = getattr(message.body, "card", None)
        parts = [(style, part) for part in wrap(text, room)] if text or card is None else []
        return parts + ([(NOTICE, part) for part in card_lines(self._words, card, room)] if card is not None else [])

    def _text(self, message: log.Message) -> tuple[str, str]:
        if message.recalled is not None:
            if message.recalled.erased:
                return DIM, self._words("message_erased")
            return DIM, self._words("message_recalled", name=self.name(message.recalled.by))
        if message.body is None:
            return DIM, self._words("unknown_message")
        if isinstance(message.body, kinds.TextContent) and message.body.card is None and not message.body.text:
            return DIM, printable(message.alt) or self._words("unknown_message")
        mark = self._words("edited_mark") if message.version else ""
        tags = "".join(f"[{printable(tag)}] " for tag in message.tags)
        if message.forwarded is not None:
            title = printable(message.forwarded.title)
            mark += self._words("forwarded_from", title=title) if title else self._words("forwarded_mark")
        style = MENTION if self.mentions_me(message) else ""
        if message.type == kinds.NOTICE:
            style, tags = NOTICE, self._words("notice_mark") + tags
        tags = (f"‹{self.section(message.section)}› " if message.section else "") + tags
        return style, tags + printable(self._said(message), keep_lines=True) + mark

    def _said(self, message: log.Message) -> str:
        """The text of a message, or what stands for it."""
        if isinstance(message.body, kinds.TextContent):
            return message.body.text
        if isinstance(message.body, kinds.BundleContent):
            lines = [self._words("said_by", name=item.name, text=_said_in(item)) for item in message.body.items]
            return "\n".join([self._words("bundle", count=len(lines)), *lines])
        return message.alt or self._words("unknown_message")

    def mentions_me(self, message: log.Message) -> bool:
        """Whether somebody else mentions the reader, or everybody."""
        if not isinstance(message.body, kinds.TextContent) or message.sender == self._me():
            return False
        return any(part.all or part.user == self._me() for part in message.body.entities)

    def quote_line(self, quote: log.Quote) -> str:
        """The start of the message that another one answers, with who said it."""
        if quote.recalled:
            return self._words("quote_recalled", pos=quote.pos)
        return self._words("quote", pos=quote.pos, name=self.name(quote.sender), text=printable(quote.text))

    def clock(self, at_ms: int) -> str:
        """The time of day."""
        return self._moment(at_ms).strftime("%H:%M")

    def _moment(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, self._zone).astimezone(self._zone)

    def until(self, at_ms: int) -> str:
        """A moment, with its day."""
        return self._moment(at_ms).strftime("%Y-%m-%d %H:%M")

    def end(self, until_ms: int | None) -> str:
        """When something ends, to be put behind a sentence; empty if it does not by itself."""
        return self._notices.end(until_ms)

    # --- the list of groups

    def title(self, line: GroupLine) -> str:
        """What a group is called: a direct chat by the other person."""
        return self.own_name(line.peer) if line.peer is not None else printable(line.title) or line.group

    def group_line(self, number: int, line: GroupLine, current: bool, columns: int) -> Line:
        """One line of the list of groups."""
        unread = self._words("unread", count=line.unread) if line.unread else ""
        chat = line.chat
        if chat is not None and chat.marked and not unread:
            unread = self._words("marked")
        unread += f" @{line.mentions}" if line.mentions else ""
        mark = "*" if current else " "
        pin = "^" if chat is not None and chat.pinned else "_" if line.archived else " "
        head = f"{mark}{number:>3}{pin} "
        style = "bold" if unread else ""
        last = self.preview(line.last)
        if line.draft is not None:
            last = self._words("draft", text=printable(line.draft.text))
        room = max(columns - len(head) - TITLE_CELLS - UNREAD_CELLS - 2, 1)
        title = fill(self.title(line), TITLE_CELLS) + " "
        return [("", head), (style, title), (NOTICE, fill(unread, UNREAD_CELLS) + " "), (DIM, cut(last, room))]

    def text(self, message: log.Message) -> str:
        """What a message says, on one line."""
        card = getattr(message.body, "card", None)
        said = [
            self._text(message)[1].replace("\n", " "),
            printable(card_title(self._words, card)) if card is not None else "",
        ]
        return " ".join(part for part in said if part)

    def preview(self, raw: dict[str, object] | None) -> str:
        """A message in a few words."""
        entry = log.read_entry(raw) if raw else None
        if not isinstance(entry, log.Message):
            return ""
        return self.said_by(entry)

    def said_by(self, message: log.Message) -> str:
        """What a message of any group says and who said it, on one line; of a recalled one, who recalled it."""
        if message.recalled is not None:
            return self.text(message).strip("— ")
        return self._words("said_by", name=self.own_name(message.sender), text=self.text(message))


def _said_in(item: kinds.BundleItem) -> str:
    """One line of a bundle."""
    text = item.body.get("text") if isinstance(item.body, dict) else None
    return item.alt or str(text or "")


def plain(line: Line) -> str:
    """A line without its styles."""
    return "".join(text for _, text in line).rstrip()
