"""After the writer was interrupted: take note of commits whose outcome never arrived.

There is no second way to publish. What was touched is read anew from the store, in one step the feeds jump to where the
store is, whoever listened is behind, and reading on does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatd.hub.feed import State
from chatd.store import commits, users
from chatd.store.chats import Place, places_of
from chatd.store.engine import WRITER

if TYPE_CHECKING:
    from chatd.hub.hub import Hub
    from chatd.hub.session import Session


async def catch_up_with_store(hub: Hub, n: int) -> None:
    """Bring the hub to commit `n`. Raises `ReaderLost`."""
    for person in hub.people.values():
        for session in person.sessions:
            if session.missed is not None:
                session.missed.again = True
    if n == hub.n:
        return
    hub.shelf.forget()
    async with hub.readers.snapshot() as reader:
        touched = await commits.touched_since(reader, WRITER, hub.n)
        people = [user for user in hub.people if not touched.whole or user in touched.users]
        members = [
            user
            for user, person in hub.people.items()
            if user not in touched.users
            and any(group in session.follows for session in person.sessions for group in touched.groups)
        ]
        places: dict[str, list[Place]] = {user: await places_of(reader, user) for user in {*people, *members}}
        heads = {user: await users.head_of_mine(reader, user) for user in people}
    feeds = {place.group: place for of_user in places.values() for place in of_user}
    for group, place in feeds.items():
        feed = hub.feeds.get(group)
        if feed is not None:
            feed.read_only = bool(place.read_only)
            feed.floor = max(feed.floor, place.cut)
        if feed is not None and place.head > feed.head:
            feed.jump(place.head, place.at, place.seq, place.members)
        elif feed is not None and (group in touched.groups or not touched.whole):
            feed.drop_ring()  # content can go without a new entry
    for user, now in places.items():
        for session in hub.people[user].sessions if user in hub.people else ():
            if session.missed is None:
                _reconcile(hub, session, now, heads.get(user))


def _reconcile(hub: Hub, session: Session, now: list[Place], mine_head: int | None) -> None:
    """The session follows exactly the groups its person is in; what moved is behind."""
    if mine_head is not None:
        session.mine_head = max(session.mine_head, mine_head)
    places = {place.group: place for place in now}
    for group, follow in list(session.follows.items()):
        place = places.get(group)
        if place is None or place.floor != follow.floor:
            session.unfollow(group, None)
    for group, place in places.items():
        known = session.follows.get(group)
        if known is None:
            hub.ensure_feed(place)
            known = session.follow(group, place.floor, place.read)
            session.go_live_from(known, place.joined_pos - 1)
        elif known.state is State.LIVE and known.cursor < known.feed.published:
            session.go_live_from(known, known.cursor)
        known.marked = bool(place.marked)
    session.catch_up()
