"""What one group looks like now: its newest messages and its members, kept true by the entries that come.

The state is one page, as it was at one entry, and everything after that entry in order. So an entry at or below the
cursor changes nothing, however often it comes. No socket, no await.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from chatd_client.feed import last_pos
from chatd_protocol.groups import Member
from chatd_protocol.kinds import Card, ProductCard, VideoCard
from chatd_protocol.log import (
    CardChanged,
    Created,
    Edited,
    Entry,
    Erased,
    MembersChanged,
    Message,
    Nicknamed,
    NicknamesChanged,
    OwnerChanged,
    Quote,
    Reacted,
    Recall,
    Recalled,
    RoleChanged,
    Section,
    SectionsChanged,
    SettingsChanged,
    UnknownEntry,
)
from chatd_protocol.values import Role

MESSAGES_MAX: Final = 500
REPLAY_MAX: Final = 2000
QUOTE_MAX: Final = 100
"""How many code points of a message a quote of it shows."""


class GroupView:
    """A group as its reader sees it. `messages` holds the newest by `pos`, ascending; `members` the role of each."""

    def __init__(self, group: str, messages_max: int = MESSAGES_MAX) -> None:
        self.group = group
        self.cursor = 0
        """The last entry that this is the state after."""
        self.title = ""
        self.messages: dict[int, Message] = {}
        self.members: dict[str, Role] = {}
        self.nicknames: dict[str, str] = {}
        """What members are called here who are not called by their names."""
        self.sections: list[Section] = []
        """The sections, closed ones last; empty as long as the main one is the only one there ever was."""
        self.gone: str | None = None
        """`left` or `kicked` once the reader is out."""
        self._messages_max = messages_max
        self._replay: deque[Entry | UnknownEntry] | None = None

    def apply(self, entries: Iterable[Entry | UnknownEntry]) -> None:
        """Take in entries of the group's log, in order."""
        for entry in entries:
            if last_pos(entry) <= self.cursor:
                continue
            self.cursor = last_pos(entry)
            if self._replay is not None:
                self._replay.append(entry)
            self._apply_one(entry)

    def forget(self, floor: int) -> None:
        """Messages up to there are no longer kept by the server, nor shown by those that answer them."""
        self.messages = {pos: unquoted(message, floor) for pos, message in self.messages.items() if pos > floor}

    def begin_load(self) -> None:
        """Start anew: a page is about to be read, and what is applied until `load` may be newer than the page."""
        self.messages = {}
        self.members = {}
        self.nicknames = {}
        self.cursor = 0
        self._replay = deque(maxlen=REPLAY_MAX)

    def load(
        self,
        title: str,
        members: Iterable[Member],
        entries: Iterable[Entry | UnknownEntry],
        as_of: int,
        sections: Iterable[Section] = (),
    ) -> bool:
        """Take in a page as read at `as_of`, then again what was applied meanwhile.

        False if what came meanwhile does not follow on the page: then it must be read again.
        """
        replay, self._replay = self._replay or deque(), None
        if self.cursor > as_of and not (replay and replay[0].pos <= as_of + 1):
            return False
        self.title, self.sections = title, list(sections)
        members = list(members)
        self.members = {member.user: member.role for member in members}
        self.nicknames = {member.user: member.nickname for member in members if member.nickname}
        self.messages = {}
        for entry in entries:
            if isinstance(entry, Message):
                self._put(entry)
        self.cursor = as_of
        self.apply(replay)
        return True

    def _put(self, message: Message) -> None:
        self.messages[message.pos] = message
        if len(self.messages) > self._messages_max:
            del self.messages[next(iter(self.messages))]

    def _apply_one(self, entry: Entry | UnknownEntry) -> None:
        match entry:
            case Message():
                self._put(entry)
            case Edited():
                self._edit(entry)
            case Recalled() | Erased():
                self._take_back(entry)
            case Reacted():
                old = self.messages.get(entry.target)
                if old is not None and old.recalled is None:
                    self.messages[entry.target] = replace(old, reactions=entry.reactions)
            case CardChanged():
                self._recard(entry)
            case Created():
                self.title = entry.title
                self.members = {user: "owner" if user == entry.by else "member" for user in entry.members}
            case MembersChanged():
                self._move_members(entry)
            case RoleChanged() | OwnerChanged():
                self._set_role(entry)
            case NicknamesChanged(names=names):
                self._name(names)
            case SettingsChanged() | SectionsChanged():
                self._set(entry)
            case _:
                pass

    def _set(self, entry: SettingsChanged | SectionsChanged) -> None:
        if isinstance(entry, SectionsChanged):
            self.sections = entry.sections
        elif entry.title is not None:
            self.title = entry.title

    def _set_role(self, entry: RoleChanged | OwnerChanged) -> None:
        if isinstance(entry, OwnerChanged):
            self.members |= {entry.before: entry.role, entry.user: "owner"}
        elif entry.user in self.members:
            self.members[entry.user] = entry.role

    def _move_members(self, entry: MembersChanged) -> None:
        for one in entry.joined:
            self.members.setdefault(one.user, one.role or "member")
        for out in entry.left:
            self.members.pop(out.user, None)
            self.nicknames.pop(out.user, None)

    def _name(self, names: Iterable[Nicknamed]) -> None:
        for one in names:
            if one.nickname:
                self.nicknames[one.user] = one.nickname
            else:
                self.nicknames.pop(one.user, None)

    def _edit(self, entry: Edited) -> None:
        if entry.body is None:  # Recalled since: the entry that says so is on its way.
            return
        old = self.messages.get(entry.target)
        if old is not None and old.recalled is None:
            self.messages[entry.target] = replace(old, body=entry.body, version=entry.version)
        title = entry.body.card.title if entry.body.card is not None else ""
        self._requote(entry.target, "\n".join(part for part in (title, entry.body.text) if part))

    def _take_back(self, entry: Recalled | Erased) -> None:
        if isinstance(entry, Erased):
            self._erase(entry)
        else:
            self._recall(entry)

    def _recall(self, entry: Recalled) -> None:
        old = self.messages.get(entry.target)
        if old is not None and old.recalled is None:
            recall = Recall(entry.by, entry.at)
            self.messages[entry.target] = replace(old, body=None, quote=None, reactions=[], version=0, recalled=recall)
        self._requote(entry.target, None)

    def _erase(self, entry: Erased) -> None:
        """Nothing that the person wrote is left, nor what others quote of it."""
        recall = Recall(entry.user, entry.since, erased=True)
        for pos, message in self.messages.items():
            if message.sender == entry.user and message.recalled is None:
                self.messages[pos] = replace(message, body=None, quote=None, reactions=[], version=0, recalled=recall)
            elif message.quote is not None and message.quote.sender == entry.user:
                self.messages[pos] = replace(message, quote=quote_of(message.quote, None))
        self.nicknames.pop(entry.user, None)

    def _recard(self, entry: CardChanged) -> None:
        """Every message that shows the item shows this state of it, unless it shows a later one."""
        card = entry.card
        if card is None:
            return
        for pos, message in self.messages.items():
            body, quote = message.body, message.quote
            old = getattr(body, "card", None)
            if body is not None and old is not None and _same(old, card) and old.rev <= card.rev:
                body = replace(body, card=_kept(old, card))
            if quote is not None and card.status == "unavailable" and _quotes(quote, card):
                quote = replace(quote, text="")
            self.messages[pos] = replace(message, body=body, quote=quote)

    def _requote(self, target: int, text: str | None) -> None:
        """Quotes show what the quoted message reads now, also where that one is too old to be here."""
        for pos, reply in self.messages.items():
            if reply.reply_to == target and reply.quote is not None:
                self.messages[pos] = replace(reply, quote=quote_of(reply.quote, text))


def quote_of(old: Quote, text: str | None) -> Quote:
    """A quote of a message that reads so now; None: it is gone."""
    if text is None:
        return replace(old, text="", recalled=True)
    return old if old.recalled else replace(old, text=text[:QUOTE_MAX])


def unquoted(message: Message, floor: int) -> Message:
    """An answer without the quote of a message up to there."""
    quote = message.quote
    return replace(message, quote=None) if quote is not None and quote.pos <= floor else message


def _same(old: Card, new: Card) -> bool:
    return type(old) is type(new) and old.id == new.id


def _quotes(quote: Quote, card: Card) -> bool:
    kind = "video" if isinstance(card, VideoCard) else "product"
    return quote.card is not None and (quote.card.kind, quote.card.id) == (kind, card.id)


def _kept(old: Card, new: Card) -> Card:
    """The new state on an older message: what it cost when it was shared is the message's own."""
    if not (isinstance(old, ProductCard) and isinstance(new, ProductCard)) or new.price is None:
        return new
    then = old.price if old.price_then is None else old.price_then
    comparable = old.currency == new.currency and then != new.price
    return replace(new, price_then=then if comparable else None)
