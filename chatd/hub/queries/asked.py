"""What every query needs: who asks, and their place in a group.

Authorisation looks through the asker: a group is found among those that the session follows, or not at all. An answer
that was awaited is given only if the session still follows the group then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chatd.core.refusal import Refused
from chatd.hub.feed import Follow, State
from chatd.store.commits import last_commit
from chatd.store.engine import WRITER
from chatd.store.readers import Reader

if TYPE_CHECKING:
    from chatd.hub.session import Session

T = TypeVar("T")
AtOnce = Mapping[str, Callable[["Session", Any], dict[str, Any]]]
Awaited = Mapping[str, Callable[["Session", Any], Awaitable[dict[str, Any]]]]
READ_AGAIN_MAX: Final = 5
"""So often is something read anew because it became old meanwhile."""


def followed(session: Session, group: str) -> Follow:
    """The session's place in a group. Raises `not_found` for a group that its person is not in."""
    follow = session.follows.get(group)
    if follow is None:
        raise Refused("not_found")
    return follow


@asynccontextmanager
async def told_snapshot(session: Session) -> AsyncIterator[Reader]:
    """A snapshot of the store; behind it, all that it shows is published. So what was read of a group is answered only
    to those who are in it still as far as that very state goes. Raises `unavailable`, `ReaderLost`."""
    async with session.hub.readers.snapshot() as reader:
        yield reader
        n = await last_commit(reader, WRITER)
    await session.hub.caught_up(n)


def user_of(session: Session) -> str:
    """The person's id."""
    assert session.person is not None
    return session.person.user


def read_by(session: Session) -> Callable[[str, int], int]:
    """How far the person has read, by group and section, where that may be newer than what is stored. To be asked for
    before the store is read."""
    known = session.hub.reads.of_user(user_of(session))

    def read(group: str, section: int) -> int:
        follow = None if section else session.follows.get(group)
        return max(known(group, section), follow.read if follow is not None else 0)

    return read


async def settled(session: Session, read: Callable[[], Awaitable[T]]) -> T:
    """What `read` brings; read anew if the person's own log moved meanwhile, for what that says of a group (put away,
    read-only, out of it) was told already, and must not be followed by an older answer. Raises `overloaded`."""
    for _ in range(READ_AGAIN_MAX):
        before = session.mine_head
        found = await read()
        if session.mine_head == before:
            return found
    raise Refused("overloaded")


async def read_settled(
    session: Session, follow: Follow, read: Callable[[Reader], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    """What `read` says of a group, read again if something was taken back meanwhile. Raises `overloaded` if that goes
    on, `not_found` if the session is out of the group by then."""
    for _ in range(READ_AGAIN_MAX):
        redactions = follow.feed.redactions
        async with told_snapshot(session) as reader:
            answer = await read(reader)
        check_still(session, follow)
        if redactions == follow.feed.redactions:
            return answer
    raise Refused("overloaded")


def check_still(session: Session, follow: Follow) -> None:
    """Raises `not_found` if the session stopped following while an answer was awaited."""
    if follow.state is State.GONE:
        raise Refused("not_found")
