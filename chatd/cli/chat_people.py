"""Who is in a group: in which order they are shown, and how many of them are here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from chatd_protocol.groups import Member

_RANKS: Final = {"owner": 0, "admin": 1}
_OTHERS: Final = 2
_BOTS: Final = 3


def in_rank(members: Iterable[Member], here: Mapping[str, bool], called: Callable[[str], str]) -> list[Member]:
    """Owner, admins, the others, bots; among each those who are here first, then by name."""

    def rank(one: Member) -> tuple[int, bool, str, str]:
        place = _BOTS if one.bot else _RANKS.get(one.role, _OTHERS)
        return place, not here.get(one.user, False), called(one.user).casefold(), one.user

    return sorted(members, key=rank)


def count_here(members: Iterable[Member], here: Mapping[str, bool]) -> tuple[int, int]:
    """How many people of these are here, bots aside, and of how many that is not known, for they do not show it."""
    people = [one.user for one in members if not one.bot]
    return sum(here.get(user, False) for user in people), sum(user not in here for user in people)
