"""A group of a stage: its log, who is in it since when, and what its messages show now."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from chatd_client.bots.testing.shelf import then
from chatd_client.errors import ChatdError
from chatd_protocol.groups import GroupLine, Member
from chatd_protocol.kinds import Card, ProductCard
from chatd_protocol.log import CardChanged, CardRef, Hidden, Message, Quote, Reaction
from chatd_protocol.values import GroupKind, Role

QUOTE_MAX: Final = 100


class StageGroup:
    """Entries are in `log` by number − 1; those about a message show it as it is now."""

    def __init__(self, group: str, kind: GroupKind, title: str, maker: str) -> None:
        self.id = group
        self.kind: GroupKind = kind
        self.title = title
        self.maker = maker
        self.log: list[Any] = []
        self.members: dict[str, Role] = {}
        self.since: dict[str, tuple[int, int]] = {}
        """By member: the last entry from before their time, and when they came."""
        self.reactions: dict[int, dict[str, list[str]]] = {}
        self.shared_at: dict[int, int | None] = {}
        """By message that is a card of a product: what that cost when it was shared."""

    # --- people

    def let_in(self, user: str, at_ms: int, role: Role = "member") -> None:
        """From the next entry on."""
        self.members[user] = role
        self.since[user] = (len(self.log), at_ms)

    def listed(self, names: dict[str, tuple[str, bool]]) -> list[Member]:
        return [
            Member(user, self.members[user], self.since[user][1], name=names[user][0], bot=names[user][1])
            for user in sorted(self.members)
        ]

    def line(self, user: str) -> GroupLine:
        """As this member sees the group."""
        peer = next((one for one in self.members if one != user), None) if self.kind == "direct" else None
        seq = self.seq
        return GroupLine(
            self.id,
            self.kind,
            len(self.log),
            self.log[-1].at,
            seq,
            seq,
            0,
            self.since[user][0],
            self.members[user],
            len(self.members),
            title=self.title,
            peer=peer,
            live=True,
            after=len(self.log),
        )

    # --- messages

    @property
    def seq(self) -> int:
        return sum(isinstance(entry, Message) and entry.seq > 0 for entry in self.log)

    def visible(self, user: str, entry: Any) -> Any:
        """An entry as a member sees it."""
        if entry.pos <= self.since[user][0]:
            return Hidden(entry.pos, entry.at, entry.pos)
        return entry

    def message(self, user: str, pos: int) -> Message:
        """A message that a member may answer. Raises `ChatdError`: `not_found`, `gone`."""
        entry = self.log[pos - 1] if 0 < pos <= len(self.log) else None
        if not isinstance(entry, Message) or pos <= self.since[user][0]:
            raise ChatdError("not_found")
        if entry.recalled is not None:
            raise ChatdError("gone")
        return entry

    def quote(self, user: str, pos: int) -> Quote:
        """The start of the message that is answered."""
        entry = self.message(user, pos)
        text = (getattr(entry.body, "text", "") or entry.alt)[:QUOTE_MAX]
        card: Card | None = getattr(entry.body, "card", None)
        shown = None if card is None else CardRef("product" if isinstance(card, ProductCard) else "video", card.id)
        return Quote(pos, entry.sender, entry.type, text, card=shown, section=entry.section)

    def put(self, pos: int, **changes: Any) -> Message:
        """A message reads otherwise from now on."""
        changed: Message = replace(self.log[pos - 1], **changes)
        self.log[pos - 1] = changed
        return changed

    def react(self, pos: int, user: str, emoji: str, on: bool) -> list[Reaction] | None:
        """Add or take back a sign. The reactions now; None if nothing changed."""
        who = self.reactions.setdefault(pos, {}).setdefault(emoji, [])
        if (user in who) == on:
            return None
        if on:
            who.append(user)
        else:
            who.remove(user)
        counts = [Reaction(sign, len(users)) for sign, users in self.reactions[pos].items() if users]
        self.put(pos, reactions=counts)
        return counts

    def change_card(self, card: Card, now_ms: int) -> CardChanged | None:
        """An item of the catalogue looks otherwise: so do the messages that show it. The entry that says so."""
        newest = 0
        for entry in list(self.log):
            body = entry.body if isinstance(entry, Message) else None
            shown = getattr(body, "card", None)
            if body is not None and shown is not None and (type(shown), shown.id) == (type(card), card.id):
                newest = entry.pos
                self.put(newest, body=replace(body, card=then(card, self.shared_at.get(newest))))
        if not newest:
            return None
        return CardChanged(len(self.log) + 1, now_ms, newest, then(card, self.shared_at.get(newest)))

    def note_price(self, pos: int, card: Card | None) -> None:
        """What it cost when it was shared."""
        self.shared_at[pos] = card.price if isinstance(card, ProductCard) else None
