"""From entries to lines of a terminal. Pure: no output, no clock, no network.

Columns are counted in cells (`chat_cells`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from typing import Final

from chatd.cli.chat_cards import card_lines, card_state, card_title
from chatd.cli.chat_cells import cut, fill, printable, wrap
from chatd.cli.chat_words import Words
from chatd_protocol import kinds, log
from chatd_protocol.groups import GroupLine
from chatd_protocol.menus import MenuRows

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
    "users_in",
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


_WENT: Final[dict[str | None, str]] = {"removed": "put_out", "unfollowed": "fan_left", "erased": "left"}
_CAME: Final = {
    None: "joined",
    "invite": "came_by_invite",
    "request": "let_in",
    "open": "came",
    "operator": "added_by_operator",
}
_ACTS: Final = {
    "create": "section_made",
    "close": "section_closed",
    "open": "section_opened",
    "order": "section_ordered",
}
MENU_CELLS: Final = 60
_SETTINGS: Final = (
    *("title", "intro", "history", "limit", "entry", "question", "invites", "rules", "avatar", "rights"),
    "on_unfollow_owner",
)


def menu_lines(menu: MenuRows, room: int) -> list[str]:
    """The buttons of a bot's message, numbered as they are pressed, a row on a line."""
    lines, number = [], 0
    for row in menu:
        labels = [f"[{number + place} {printable(button.label)}]" for place, button in enumerate(row, 1)]
        number += len(row)
        lines += wrap(" ".join(labels), room)
    return lines


class Renderer:
    """Makes lines for one reader, `me`. `name_of` gives the name to show for a user id, `section_of` the title of a
    section of the open group, `zone` the hour to show (None: the machine's)."""

    def __init__(
        self,
        words: Words,
        me: Callable[[], str],
        name_of: Callable[[str], str],
        zone: tzinfo | None = None,
        section_of: Callable[[int], str] = str,
    ) -> None:
        self._words = words
        self._me = me
        self._name_of = name_of
        self._zone = zone
        self._section_of = section_of

    def name(self, user: str | None) -> str:
        """How somebody is called here."""
        if user is None:
            return self._words("operator")
        return self._words("you") if user == self._me() else printable(self._name_of(user))

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
        return [notice for notice in self._notice(entry) if notice]

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
            lines = [f"{item.name}: {_said_in(item)}" for item in message.body.items]
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

    # --- everything else that happens in a group

    def _notice(self, entry: log.Entry) -> list[str]:
        match entry:
            case log.Created(by=by):
                return [self._words("created", name=self.name(by))]
            case log.MembersChanged():
                return self._moves(entry)
            case log.RoleChanged(by=by, user=user, role=role):
                shown = self._words(f"role_{role}")
                return [self._words("role", by=self.name(by), name=self.name(user), role=shown)]
            case log.NicknamesChanged():
                return [self._called(one) for one in entry.names]
            case log.SettingsChanged():
                return [self._words("settings", by=self.name(entry.by), what=self._settings(entry))]
            case log.Moderated():
                return [self._moderation(entry)]
            case log.SectionsChanged():
                return [self._sections(entry)]
            case log.Erased():
                return [self._words("erased")]
            case log.OwnerChanged() | log.Announced() | log.Dissolved():
                return [self._governed(entry)]
            case _:
                return self._of_message(entry)

    def _of_message(self, entry: log.Entry) -> list[str]:
        """What happened to a message after it was sent."""
        match entry:
            case log.Edited(by=by, target=target, body=body):
                key, text = ("edited_gone", "") if body is None else ("edited", printable(body.text))
                told = [self._words(key, by=self.name(by), target=target, text=text)]
                return told + (menu_lines(body.menu, MENU_CELLS) if body is not None else [])
            case log.Recalled(by=by, target=target):
                return [self._words("recalled", by=self.name(by), target=target)]
            case log.Reacted(by=by, target=target, emoji=emoji):
                key = "reacted" if entry.on else "unreacted"
                return [self._words(key, by=self.name(by), target=target, emoji=printable(emoji))]
            case log.CardChanged(target=target, card=kinds.VideoCard() | kinds.ProductCard() as card):
                what = printable(
                    " · ".join(part for part in (self._title(card), card_state(self._words, card)) if part)
                )
                return [self._words("card_changed", target=target, what=what)]
            case log.Pinned() | log.Unpinned() | log.Featured() | log.Unfeatured():
                return self._board(entry)
            case _:
                return []

    def _called(self, one: log.Nicknamed) -> str:
        key = "called" if one.nickname else "called_nothing"
        return self._words(key, name=self.name(one.user), nickname=printable(one.nickname))

    def _title(self, card: kinds.Card) -> str:
        return card_title(self._words, card)

    def _board(self, entry: log.Pinned | log.Unpinned | log.Featured | log.Unfeatured) -> list[str]:
        keys = {log.Pinned: "pinned", log.Unpinned: "unpinned", log.Featured: "featured", log.Unfeatured: "unfeatured"}
        quote = entry.quote if isinstance(entry, log.Pinned | log.Featured) else None
        named = {"by": self.name(entry.by), "target": entry.target}
        return [self._words(keys[type(entry)], **named, text=self._quoted(quote))]

    def _quoted(self, quote: log.Quote | None) -> str:
        """What is left of a message that an entry refers to."""
        if quote is None:
            return ""
        return self._words("quote_recalled", pos=quote.pos) if quote.recalled else printable(quote.text)

    def _governed(self, entry: log.OwnerChanged | log.Announced | log.Dissolved) -> str:
        by = self.name(entry.by)
        match entry:
            case log.OwnerChanged(user=user):
                return self._words("owner_follows" if entry.by is None else "owner", by=by, name=self.name(user))
            case log.Announced(text=text):
                return self._words("announced" if text else "unannounced", by=by, text=printable(text))
            case _:
                until = self._moment(entry.until).strftime("%Y-%m-%d %H:%M")
                return self._words("dissolved_by_nobody" if entry.by is None else "dissolved", by=by, until=until)

    def _moves(self, entry: log.MembersChanged) -> list[str]:
        moves = [
            self._words(
                _CAME[one.how], name=self.name(one.user), **({} if one.how == "open" else {"by": self.name(one.by)})
            )
            for one in entry.joined
        ]
        for one in entry.left:
            key = "kicked" if one.by is not None else _WENT.get(one.why, "left")
            moves.append(self._words(key, name=self.name(one.user), by=self.name(one.by)))
        return moves

    def until(self, at_ms: int) -> str:
        """A moment, with its day."""
        return self._moment(at_ms).strftime("%Y-%m-%d %H:%M")

    def end(self, until_ms: int | None) -> str:
        """When something ends, to be put behind a sentence; empty if it does not by itself."""
        return self._words("until", time=self.until(until_ms)) if until_ms is not None else ""

    def _moderation(self, entry: log.Moderated) -> str:
        by = self.name(entry.by)
        if entry.slow_s is not None:
            return self._words(
                "moderation_slow" if entry.slow_s else "moderation_slow_off", by=by, seconds=entry.slow_s
            )
        key = "moderation_restricted" if entry.restricted else "moderation_unrestricted"
        return self._words(key, by=by, until=self.end(entry.until))

    def _sections(self, entry: log.SectionsChanged) -> str:
        one = next((one for one in entry.sections if one.section == entry.section), None)
        title = printable(one.title) if one is not None and one.title else self._words("section_main")
        kind = self._words(f"section_kind_{one.kind}") if one is not None else ""
        return self._words(_ACTS.get(entry.act, "section_changed"), by=self.name(entry.by), title=title, kind=kind)

    def _settings(self, entry: log.SettingsChanged) -> str:
        changed = ((key, getattr(entry, key)) for key in _SETTINGS)
        what = [self._words(f"setting_{key}", value=printable(str(to))) for key, to in changed if to is not None]
        return ", ".join(what)

    # --- the list of groups

    def title(self, line: GroupLine) -> str:
        """What a group is called: a direct chat by the other person."""
        return self.name(line.peer) if line.peer is not None else printable(line.title) or line.group

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
        said = [self._text(message)[1].replace("\n", " "), printable(self._title(card)) if card is not None else ""]
        return " ".join(part for part in said if part)

    def preview(self, raw: dict[str, object] | None) -> str:
        """A message in a few words."""
        entry = log.read_entry(raw) if raw else None
        if not isinstance(entry, log.Message):
            return ""
        return f"{self.name(entry.sender)}: {self.text(entry)}"


def users_in(entry: log.Entry | log.UnknownEntry) -> set[str]:
    """Everybody whose name is needed to show an entry."""
    match entry:
        case log.Message(sender=sender, quote=quote, recalled=recalled):
            return {sender} | ({quote.sender} if quote else set()) | ({recalled.by} if recalled else set())
        case log.MembersChanged(joined=joined, left=left):
            people = {one.user for one in joined} | {one.by for one in joined if one.by}
            return people | {one.user for one in left} | {one.by for one in left if one.by}
        case log.RoleChanged(by=by, user=user):
            return {user} | ({by} if by else set())
        case log.Erased(user=user):
            return {user}
        case log.NicknamesChanged(names=names):
            return {one.user for one in names}
        case log.Hidden() | log.UnknownEntry() | log.CardChanged():
            return set()
        case log.OwnerChanged(user=user, before=before, by=by):
            return {user, before} | ({by} if by else set())
        case _:
            return {entry.by} if entry.by else set()


def _said_in(item: kinds.BundleItem) -> str:
    """One line of a bundle."""
    text = item.body.get("text") if isinstance(item.body, dict) else None
    return item.alt or str(text or "")


def plain(line: Line) -> str:
    """A line without its styles."""
    return "".join(text for _, text in line).rstrip()
