"""People who are connected: their sessions, what they may spend, their tags, and shutting them out.

Part of the hub, which knows the groups; nothing here publishes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chatd.core.bots import AddToken, SetScopes
from chatd.core.limits import Budget
from chatd.core.profiles import tag_names
from chatd.core.refusal import Refused
from chatd.core.users import DisableUser, EnsureUser, Revoke
from chatd.core.wishes import AnyWish
from chatd.hub.devices import Devices
from chatd.hub.feed import Feed, State
from chatd.hub.presence import Presence
from chatd.hub.settings import HubSettings
from chatd.service.secrets import Secrets
from chatd.store.link import WriterLink
from chatd.store.readers import Readers
from chatd_protocol import errors

if TYPE_CHECKING:
    from chatd.hub.session import Session


class Person:
    """One user with at least one connection."""

    __slots__ = ("budget", "sessions", "tags", "user")

    def __init__(self, user: str, budget: Budget) -> None:
        self.user = user
        self.budget = budget
        self.sessions: list[Session] = []
        self.tags: list[dict[str, Any]] = []
        """Their verified tags, with when each ends."""


class People(ABC):
    """Base of `Hub`."""

    link: WriterLink
    settings: HubSettings
    readers: Readers
    devices: Devices
    secrets: Secrets
    presence: Presence
    people: dict[str, Person]
    bots: set[str]
    """Those of them who are bots."""
    sessions_open: int
    now_ms: Callable[[], int]
    clock_s: Callable[[], float]
    new_id: Callable[[str], str]

    @abstractmethod
    def drop_if_idle(self, feed: Feed) -> None:
        """Nobody connected is in this group any more."""

    def budget_of_connection(self, now_s: float) -> Budget:
        """What one connection may spend."""
        return Budget(self.settings.requests_per_s, self.settings.request_burst, now_s)

    def enter(self, session: Session, user: str) -> None:
        """From now on this session hears of everything that concerns the user. Raises `limit`."""
        person = self.people.get(user)
        if person is None:
            budget = Budget(self.settings.user_requests_per_s, self.settings.user_request_burst, self.clock_s())
            person = self.people[user] = Person(user, budget)
        others = [s for s in person.sessions if s.device != session.device]
        if len(others) >= self.settings.connections_per_user:
            session.close(errors.CLOSE_TOO_MANY_CONNECTIONS, "too many connections")
            raise Refused("limit", bound="connections_per_user", max=self.settings.connections_per_user)
        person.sessions.append(session)
        session.person = person

    def forget(self, session: Session) -> None:
        """The connection of this session is gone."""
        self.sessions_open -= 1
        person = session.person
        if person is not None:
            if not session.forgotten:
                self.devices.see(person.user, session.device, "", self.now_ms())
            person.sessions.remove(session)
            if not person.sessions:
                del self.people[person.user]
                self.bots.discard(person.user)
                self.presence.went(person.user, session)
        for follow in list(session.follows.values()):
            follow.set(State.GONE)
            self.drop_if_idle(follow.feed)

    def replace_older(self, session: Session) -> None:
        """A device speaks through its newest connection."""
        assert session.person is not None
        for other in list(session.person.sessions):
            if other is not session and other.device == session.device:
                other.close(errors.CLOSE_REPLACED, "a newer connection of this device")

    async def revoke(self, user: str, device: str | None) -> int:
        """Refuse all tokens issued so far, and close what they opened. Returns how many connections were closed.

        Raises `Refused`: `not_found`, `unavailable`.
        """
        verdict = await self.link.ask(Revoke(user, device, self.now_ms()))
        if verdict.answer is None:
            raise Refused(verdict.code)
        person = self.people.get(user)
        hit = [s for s in person.sessions if device in (None, s.device)] if person is not None else []
        for session in hit:
            session.close(errors.CLOSE_REVOKED, "revoked")
        return len(hit)

    def end_sessions(self, user: str, device: str | None, before: int) -> int:
        """Close what tokens issued before this time have opened, on one device or on all. Returns how many."""
        person = self.people.get(user)
        if device is not None:
            self.devices.forget(user, device)
        hit = [s for s in person.sessions if device in (None, s.device)] if person is not None else []
        hit = [session for session in hit if session.issued_at < before]
        for session in hit:
            session.forgotten = device is not None
            session.close(errors.CLOSE_REVOKED, "revoked")
        return len(hit)

    async def rotate_token(self, user: str, digest: str, *, rotate: bool) -> int:
        """A further token of a bot; with `rotate`, what the older ones opened is closed. Returns how many that were.

        Raises `Refused`: `not_found`, `limit`, `unavailable`.
        """
        done = await self._settle(AddToken(user, digest, rotate))
        hit = [s for s in self._sessions_of(user) if s.token not in done["tokens"]]
        for session in hit:
            session.close(errors.CLOSE_REVOKED, "revoked")
        return len(hit)

    async def set_scopes(self, user: str, scopes: list[str]) -> int:
        """What a bot may do from now on. Its connections end, to come back as what it is now. Returns how many.

        Raises `Refused`: `not_found`, `unavailable`.
        """
        done = await self._settle(SetScopes(user, scopes))
        hit = self._sessions_of(user) if done["changed"] else []
        for session in hit:
            session.close(errors.CLOSE_SCOPES_CHANGED, "the scopes were changed")
        return len(hit)

    async def _settle(self, wish: AnyWish) -> dict[str, Any]:
        verdict = await self.link.ask(wish)
        if verdict.answer is None:
            raise Refused(verdict.code, verdict.message, **verdict.details)
        return verdict.answer

    def _sessions_of(self, user: str) -> list[Session]:
        person = self.people.get(user)
        return list(person.sessions) if person is not None else []

    async def disable(self, user: str, on: bool, reason: str = "") -> int:
        """Shut somebody out, or let them in again; the `reason` is for the audit log. Returns how many connections
        were closed.

        Raises `Refused`: `not_found`, `unavailable`.
        """
        verdict = await self.link.ask(DisableUser(user, on, reason))
        if verdict.answer is None:
            raise Refused(verdict.code)
        person = self.people.get(user)
        hit = list(person.sessions) if person is not None and on else []
        for session in hit:
            session.close(errors.CLOSE_DISABLED, "disabled")
        return len(hit)

    async def ensure_user(
        self, sub: str, name: str, tags: list[dict[str, Any]] | None = None, *, issued_at: int, act: str = ""
    ) -> str:
        """The id of the user that tokens with this `sub` speak for; made if there is none, renamed if a name is given.

        `issued_at`: when it was said that there is one (ms). `act`: what the audit log calls it, if it is the
        operator's. Raises `Refused`: `unavailable`, `overloaded`, `limit`,
        `revoked` if the person was erased since.
        """
        wish = EnsureUser(self.new_id("u"), sub, name, tags, self.secrets.hash_sub(sub), issued_at, act)
        verdict = await self.link.ask(wish)
        if verdict.answer is None:
            raise Refused(verdict.code)
        return str(verdict.answer["user"])

    def tags_of(self, person: Person) -> list[str]:
        """The verified tags that somebody has now."""
        return tag_names({"tags": person.tags}, self.now_ms()) if person.tags else []

    def seen_here(self, user: str) -> int:
        """When somebody was here, as far as the store does not say so yet, else 0; who is connected is here now."""
        return self.now_ms() if user in self.people else self.devices.here.get(user, 0)
