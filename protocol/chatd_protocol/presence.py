"""Presence: who is here now, and when those who are not were here last, as far as each allows it."""

from __future__ import annotations

from chatd_protocol.values import Data, GroupId, Millis, UserId, View


class GetPresence(Data):
    """`presence.get`: the members of a small group whose presence the caller may know. Above
    `presence_group_members` refused with `limit`."""

    group: GroupId


class PersonPresence(View):
    """`seen`: when somebody who is not here was here last; absent if that is not known."""

    user: UserId
    online: bool
    seen: Millis | None = None


class Presence(View):
    """People who hide it from the caller are missing, like those between whom and the caller is a block."""

    group: GroupId
    people: list[PersonPresence]


class PresenceSignal(View):
    """Members of small groups that this session has opened came or went. Gathered for a while, and may be dropped."""

    people: list[PersonPresence]
