"""The job that erases people, portion by portion, and goes on with what a restart interrupted.

One person after the other, and one commit at a time: whoever chats meanwhile waits for a portion at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.service.erasure import Eraser, begin
from chatd.store import erasing as stored
from chatd_protocol import errors

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

JOB: Final = "erasures"
EVERY_S: Final = 30.0


class Erasing:
    """`step` is the job."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._now: Eraser | None = None
        self._shown: Eraser | None = None

    async def begin(self, user: str) -> dict[str, Any]:
        """Shut somebody out for good and begin to erase them. Raises `Refused`: `not_found`, `unavailable`."""
        hub = self._hub
        self._shut_out(user)
        answer = await begin(user, hub.link.ask, hub.readers.read, hub.secrets)
        # Who came in before the commit, with a token that was good then.
        closed = self._shut_out(user)
        hub.jobs.wake(JOB)
        return answer | {"closed": closed}

    def _shut_out(self, user: str) -> int:
        """Close what they have opened, and forget what is not stored yet. Returns how many connections were closed."""
        hub = self._hub
        hub.reads.forget(user)
        hub.drafts.forget_all(user)
        hub.devices.forget_all(user)
        person = hub.people.get(user)
        sessions = list(person.sessions) if person is not None else []
        for session in sessions:
            session.forgotten = True
            session.close(errors.CLOSE_REVOKED, "erased")
        return len(sessions)

    def is_ending(self, user: str) -> bool:
        """Whether the last step is under way: committed perhaps, and not carried out to its end."""
        return self._shown is not None and self._shown.user == user and self._shown.stage != "done"

    def progress(self, user: str) -> dict[str, Any]:
        """How far it is with somebody whose erasure is under way."""
        now = self._shown
        if now is None or now.user != user:
            return {"stage": "waiting", "done": 0, "total": 0}
        return {"stage": now.stage, "done": min(now.done, now.total), "total": now.total}

    async def step(self) -> float | None:
        """One portion. Returns when to go on. Raises `ReaderLost`, `Refused`."""
        hub = self._hub
        waiting = await hub.readers.read(stored.erasures)
        if not waiting:
            self._now = None
            return None
        users = [erasure.user_id for erasure in waiting]
        if self._now is None or self._now.user not in users:
            self._now = Eraser(users[0], hub.link.ask, hub.readers.read)
            self._shown = self._now
            self._shut_out(users[0])
        eraser, self._now = self._now, None  # one that fails begins anew: what it had looked up may not have gone
        if await eraser.step():
            self._now = eraser
        return 0.0
