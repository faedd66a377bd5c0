"""Who owns a group, what they announce, and its end."""

from __future__ import annotations

from chatd_protocol.values import Cid, Data, GroupId, Millis, Notice, Pos, UserId, View


class TransferGroup(Data):
    """`group.transfer`: the owner hands the group to one of its members, and stays as an admin."""

    group: GroupId
    user: UserId
    cid: Cid


class DissolveGroup(Data):
    """`group.dissolve`: the owner ends the group. It can be read for a while, and then nothing of it is left."""

    group: GroupId
    cid: Cid


class DissolveGroupOk(View):
    """`until`: from then on it cannot be read either."""

    group: GroupId
    pos: Pos
    until: Millis


class AnnounceInGroup(Data):
    """`group.announce`: replace the announcement; with an empty `text`, take it away."""

    group: GroupId
    cid: Cid
    text: Notice


class AnnounceInGroupOk(View):
    group: GroupId
    pos: Pos
    version: int
