"""Who is here: told now and then to those who have a group of theirs opened, as far as each allows it.

A person is here while a session of theirs is. Comings and goings are gathered, so that one who was away for a moment
was not away at all; what people chose and whom they blocked is read from the store each time. Signals only, and the
first thing that is dropped when there is too much: `presence.get` tells the state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.session import Phase
from chatd.core.sharing import Circle
from chatd.store.relations import circle_of

if TYPE_CHECKING:
    from chatd.hub.hub import Hub
    from chatd.hub.people import Person
    from chatd.hub.receiver import Receiver

PAIRS_AT_ONCE: Final = 5000
"""So many pairs of one who came or went and somebody to be told are looked at in one round, or those of one person."""


class Presence:
    """The job that tells who came and went."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._changed: dict[str, tuple[bool, frozenset[str]]] = {}
        """Of each who came or went: whether they were here before, and the groups where somebody may want to know."""

    def state_of(self, user: str, stored: int = 0) -> dict[str, Any]:
        """As it goes on the wire; `stored` is when the store says that they were last here."""
        if user in self._hub.people:
            return {"user": user, "online": True}
        seen = max(stored, self._hub.seen_here(user))
        return {"user": user, "online": False} | ({"seen": seen} if seen else {})

    def came(self, person: Person, session: Receiver) -> None:
        """A session of theirs is open."""
        if not any(other.phase is Phase.OPEN for other in person.sessions if other is not session):
            self._note(person.user, False, self._watched(session))

    def went(self, user: str, session: Receiver) -> None:
        """The last session of theirs is gone; its groups are still known."""
        self._note(user, True, self._watched(session))

    def _watched(self, session: Receiver) -> frozenset[str]:
        most = self._hub.settings.presence_group_max
        feeds = (follow.feed for follow in session.follows.values())
        return frozenset(feed.group for feed in feeds if feed.watched and feed.members <= most)

    def _note(self, user: str, was_here: bool, groups: frozenset[str]) -> None:
        known = self._changed.get(user)
        if known is not None:
            self._changed[user] = (known[0], known[1] | groups)
        elif groups and len(self._changed) < self._hub.settings.presence_changes_max:
            self._changed[user] = (was_here, groups)

    async def tell(self) -> float | None:
        """One round; says when the next one is due if there is more."""
        moved: dict[str, frozenset[str]] = {}
        pairs: set[tuple[str, str]] = set()
        while self._changed and len(pairs) < PAIRS_AT_ONCE:
            user = next(iter(self._changed))
            was_here, groups = self._changed.pop(user)
            if (user in self._hub.people) != was_here:
                moved[user] = groups
                pairs |= {(user, to.person.user) for to in self._audience(user, groups) if to.person is not None}
        if pairs:
            async with self._hub.readers.snapshot() as reader:
                circle = await circle_of(reader, pairs, mutual=True)
            self._signal(moved, circle)
        return 0.0 if self._changed else None

    def _audience(self, user: str, groups: frozenset[str]) -> list[Receiver]:
        """Sessions of others that have one of the groups opened."""
        found: dict[Receiver, None] = {}
        for group in groups:
            feed = self._hub.feeds.get(group)
            for follow in feed.live if feed is not None and feed.watched else ():
                person = follow.session.person
                if follow.opened and person is not None and person.user != user:
                    found[follow.session] = None
        return list(found)

    def _signal(self, moved: dict[str, frozenset[str]], circle: Circle) -> None:
        """To those who are in the groups now: some may have gone while the store was read."""
        now_ms = self._hub.now_ms()
        news: dict[Receiver, list[dict[str, Any]]] = {}
        for user, groups in moved.items():
            for session in self._audience(user, groups):
                if session.person is not None and circle.shows_presence(user, session.person.user):
                    news.setdefault(session, []).append(self.state_of(user, now_ms))
        for session, people in news.items():
            session.signal("presence", {"people": people})
