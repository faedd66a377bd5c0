"""Who brought whom: a tree over everybody who was ever in a group, by what brought each of them the first time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

DAY_MS: Final = 86_400_000


class Person(msgspec.Struct):
    """`stays`: when they came and went (None: they are in)."""

    user: str
    inviter: str | None
    invite: str | None
    stays: list[tuple[int, int | None]]

    def was_in(self, at_ms: int) -> bool:
        """Whether they were in the group at a time."""
        return any(since <= at_ms and (until is None or at_ms < until) for since, until in self.stays)


class Branches:
    """Built from every stay, as (user, came at, what brought them, went at), by user and time."""

    def __init__(self, stays: Iterable[tuple[str, int, dict[str, Any] | None, int | None]]) -> None:
        self.people: dict[str, Person] = {}
        for user, since, via, until in stays:
            person = self.people.get(user)
            if person is None:
                brought = via or {}
                person = self.people[user] = Person(user, brought.get("inviter"), brought.get("invite"), [])
            person.stays.append((since, until))
        self._brought: dict[str | None, list[str]] = {}
        for user, person in self.people.items():
            self._brought.setdefault(person.inviter, []).append(user)

    def brought_by(self, user: str | None) -> list[str]:
        """Whom somebody brought, by id; None: whom nobody brought."""
        return sorted(self._brought.get(user, []))

    def branch_of(self, user: str) -> Iterator[Person]:
        """Somebody and everybody who came through them."""
        waiting = [user]
        while waiting:
            one = waiting.pop()
            yield self.people[one]
            waiting += self._brought.get(one, [])

    def view(self, user: str, days: int | None, now_ms: int) -> dict[str, Any]:
        """What is told of somebody and their branch."""
        person, branch = self.people[user], list(self.branch_of(user))
        shown: dict[str, Any] = {
            "user": user,
            "since": person.stays[0][0],
            "present": person.stays[-1][1] is None,
            "brought": len(self._brought.get(user, [])),
            "branch": len(branch),
        }
        if person.invite is not None:
            shown["invite"] = person.invite
        if days is not None:
            after_ms = days * DAY_MS
            ripe = [one for one in branch if one.stays[0][0] + after_ms <= now_ms]
            shown |= {"eligible": len(ripe), "stayed": sum(one.was_in(one.stays[0][0] + after_ms) for one in ripe)}
        return shown
