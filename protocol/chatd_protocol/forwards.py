"""Forwarding messages from one group to another."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from chatd_protocol.codec import Invalid
from chatd_protocol.values import Cid, Data, GroupId, Pos, SectionNumber

FORWARD_MAX: Final = 50


class ForwardMessages(Data):
    """`message.forward`: messages of the group `source` that the caller sees, as one new message of theirs in `group`.

    One is sent as it is, without its mentions. Several are sent as one `bundle`, in the order of the log, with the
    names of their senders: a copy that does not change any more. A card is forwarded alone. `section` is where it
    stands in `group`.
    """

    group: GroupId
    cid: Cid
    source: GroupId
    positions: Annotated[list[Pos], Meta(min_length=1, max_length=FORWARD_MAX)]
    section: SectionNumber = 0

    def checked(self, where: str) -> ForwardMessages:
        if len(set(self.positions)) < len(self.positions):
            raise Invalid(f"{where}.positions", "Names a message twice")
        return self
