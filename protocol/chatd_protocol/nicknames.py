"""What people are called in one group."""

from __future__ import annotations

from chatd_protocol.values import Cid, Data, GroupId, Nickname, Pos, View


class SetNickname(Data):
    """`nickname.set`: what the caller is called in this group; empty, by their own name again. A direct chat has
    none."""

    group: GroupId
    cid: Cid
    nickname: Nickname


class NicknameOk(View):
    """`pos`: the entry that says so; absent if nothing changed."""

    group: GroupId
    nickname: str
    pos: Pos | None = None
