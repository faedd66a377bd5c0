"""What one may do with a message, by the rules that the server will judge it by. Pure.

What is offered and refused after all costs a sentence; what is not offered though it could be done is still a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from chatd_protocol import kinds
from chatd_protocol.groups import GroupInfo, GroupLine
from chatd_protocol.log import Message

RANK: Final = {"silent": -1, "member": 0, "admin": 1, "owner": 2}
_WRITES: Final = {"chat": "post", "qa": "post", "announce": "announce", "showcase": "feature"}
"""By kind of section, the right to write text there."""


@dataclass(frozen=True)
class Standing:
    """How one stands in the open group now. `roles`: of the others, as far as they are known; `window_ms`: how long a
    message can be edited and taken back; `receipts`: whether who has read something can be asked here."""

    me: str
    line: GroupLine
    info: GroupInfo | None
    roles: Mapping[str, str] = field(default_factory=dict)
    now_ms: int = 0
    window_ms: int = 0
    receipts: bool = True

    @property
    def writable(self) -> bool:
        """Anything can be changed here at all."""
        return not self.line.read_only and self.line.gone_at is None

    @property
    def silenced(self) -> bool:
        """One may not write for now."""
        info = self.info
        if info is None:
            return False
        everybody = info.restricted is not None and RANK[self.line.role] < RANK["admin"]
        return everybody or info.restricted_self is not None

    def may(self, right: str) -> bool:
        """Whether one's role holds a right; without the group's own table what is offered everywhere."""
        lowest = self.info.rights.get(right) if self.info is not None else None  # type: ignore[call-overload]
        return self.writable and RANK[self.line.role] >= RANK[lowest or "member"]

    def may_write_in(self, section: int) -> bool:
        """Whether one may write text in a section, now."""
        kind = next((one.kind for one in self.line.sections if one.section == section), "chat")
        return self.may(_WRITES[kind]) and not self.silenced

    def may_take_back(self, message: Message) -> bool:
        """Whether one may recall a message: one's own for a while, those of lower roles at any time."""
        if not self.writable:
            return False
        if message.sender == self.me:
            return self.in_time(message)
        rank, theirs = RANK[self.line.role], RANK[self.roles.get(message.sender, "member")]
        return not message.operator and rank >= RANK["admin"] and rank > theirs

    def in_time(self, message: Message) -> bool:
        """Whether it was sent a short while ago."""
        return self.now_ms <= message.at + self.window_ms

    def may_keep(self, right: str) -> bool:
        """Whether one may pin or feature; in a direct chat both may."""
        return self.may(right) if self.line.peer is None else self.writable


def acts_on(message: Message, standing: Standing) -> Iterator[str]:
    """What may be done with a message, in the order in which it is offered. `pin` and `feature` stand for their
    opposites too, where the message is pinned or featured."""
    own = message.sender == standing.me
    if message.recalled is None:
        yield from _living(message, standing, own)
    if message.reactions:
        yield "reactions"
    if message.reply_to is not None:
        yield "quote"
    if not own:
        yield "person"


def _living(message: Message, standing: Standing, own: bool) -> Iterator[str]:
    body = message.body
    plain_text = isinstance(body, kinds.TextContent) and body.card is None
    if standing.may_write_in(message.section):
        yield "reply"
    if standing.may("react") and not standing.silenced:
        yield "react"
    mine_to_edit = own and plain_text and message.forwarded is None and standing.in_time(message)
    if mine_to_edit and standing.may_write_in(message.section):
        yield "edit"
    if standing.may_take_back(message):
        yield "recall"
    if own and message.seq and standing.receipts:
        yield "receipts"
    yield "copy"
    yield "forward"
    for act in ("pin", "feature"):
        if standing.may_keep(act):
            yield act
