"""Receipts: who has read up to where, among people who show it, in small groups."""

from __future__ import annotations

from chatd_protocol.values import Cursor, Data, GroupId, Pos, SectionNumber, UserId, View


class GetReceipts(Data):
    """`receipt.get`: which members have read up to the message number `seq` of a section, as it is now.

    Only of people who show what they read, to people who do (`privacy.set`): for the others `forbidden`. In groups
    above `receipt_group_members` refused with `limit`. Nobody sees it of somebody between whom and them is a block.
    """

    group: GroupId
    seq: Pos
    section: SectionNumber = 0


class Receipts(View):
    """`users`: by id; not the caller."""

    group: GroupId
    seq: Pos
    users: list[UserId]
    section: SectionNumber = 0


class ReceiptsSignal(View):
    """Members who have read on, with the message number up to which. Gathered for a while, and may be dropped:
    `receipt.get` tells the state."""

    group: GroupId
    reads: dict[UserId, Cursor]
    section: SectionNumber = 0
