"""Ops that change nothing durable: reading, opening and closing groups, read positions, typing, renewing a token.

Authorisation looks through the asker: a group is found among those that the session follows, or not at all. An answer
that was awaited is given only if the session still follows the group then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.hub.feed import Follow, State
from chatd.hub.opening import check_not_revoked, resume_from
from chatd.service import groups, messages, relations, users
from chatd.store import messages as stored
from chatd.store import users as stored_users
from chatd.store.groups import places_of
from chatd_protocol import groups as wire_groups
from chatd_protocol import messages as wire
from chatd_protocol import relations as wire_relations
from chatd_protocol import session as wire_session
from chatd_protocol.codec import Invalid

if TYPE_CHECKING:
    from chatd.hub.session import Session

_READ_AGAIN_MAX: Final = 5


def handle(session: Session, number: int, op: str, request: Any) -> None:
    """Answer now if nothing has to be read, else as a task of the session. Raises `Refused`."""
    at_once = _AT_ONCE.get(op)
    if at_once is not None:
        session.answer(number, at_once(session, request))
    else:
        session.run(number, _AWAITED[op](session, request))


def followed(session: Session, group: str) -> Follow:
    """The session's place in a group. Raises `not_found` for a group that its person is not in."""
    follow = session.follows.get(group)
    if follow is None:
        raise Refused("not_found")
    return follow


def user_of(session: Session) -> str:
    """The person's id."""
    assert session.person is not None
    return session.person.user


# -- at once


def mark_read(session: Session, request: wire.MarkRead) -> dict[str, Any]:
    """`read.mark`."""
    follow = followed(session, request.group)
    if request.seq > follow.feed.seq:
        raise Invalid("$.data.seq", f"Expected `int` <= {follow.feed.seq}, the number of messages")
    session.hub.move_read(session, follow, request.seq)
    return {"group": request.group, "read": follow.read}


def start_typing(session: Session, request: wire.Typing) -> dict[str, Any]:
    """`typing.start`: silently nothing in large groups or more often than the interval."""
    follow = followed(session, request.group)
    session.hub.tell_typing(session, follow)
    return {}


def close_group(session: Session, request: wire_groups.CloseGroup) -> dict[str, Any]:
    """`group.close`."""
    follow = followed(session, request.group)
    follow.told = follow.cursor if follow.state is not State.SUMMARY else follow.told
    session.behind.pop(follow, None)
    follow.set(State.SUMMARY)
    return {}


_AT_ONCE: Final[dict[str, Callable[[Session, Any], dict[str, Any]]]] = {
    "read.mark": mark_read,
    "typing.start": start_typing,
    "group.close": close_group,
}


# -- awaited


async def renew(session: Session, request: wire_session.Renew) -> dict[str, Any]:
    """`session.renew`."""
    hub = session.hub
    claims = hub.tokens.verify(request.token)
    async with hub.readers.snapshot() as reader:
        user = await stored_users.user_by_sub(reader, claims.sub)
        if user is None or user.id != user_of(session):
            raise Refused("unauthenticated", "The token speaks for somebody else.")
        await check_not_revoked(reader, user, session.device, claims)
    session.renewed(claims.expires_at / 1000)
    return {"expires": claims.expires_at}


async def get_users(session: Session, request: wire_session.GetUsers) -> dict[str, Any]:
    """`user.get`."""
    async with session.hub.readers.snapshot() as reader:
        return await users.get_users(reader, request)


async def list_follows(session: Session, request: wire_relations.ListFollows) -> dict[str, Any]:
    """`follow.list`."""
    async with session.hub.readers.snapshot() as reader:
        return await relations.list_follows(reader, user_of(session), request)


async def list_blocks(session: Session, request: wire_relations.ListBlocks) -> dict[str, Any]:
    """`block.list`."""
    async with session.hub.readers.snapshot() as reader:
        return await relations.list_blocks(reader, user_of(session), request)


async def get_group(session: Session, request: wire_groups.GetGroup) -> dict[str, Any]:
    """`group.get`."""
    follow = followed(session, request.group)
    redactions = follow.feed.redactions
    async with session.hub.readers.snapshot() as reader:
        info = await groups.group_info(reader, user_of(session), request, follow.read)
    check_still(session, follow)
    if redactions != follow.feed.redactions:
        info["line"].pop("last", None)
    info["line"]["live"] = follow.state is not State.SUMMARY
    return info


async def list_groups(session: Session, request: wire_groups.ListGroups) -> dict[str, Any]:
    """`group.list`. The cursor is the time and id of the last line."""
    user = user_of(session)
    redactions = {group: follow.feed.redactions for group, follow in session.follows.items()}
    async with session.hub.readers.snapshot() as reader:
        places = [p for p in await places_of(reader, user) if _comes_after(request.after, p.at, p.group)]
        page = places[: request.limit]
        overlay = {p.group: session.hub.reads.of(p.group, user) for p in page}
        lines = await groups.member_lines(reader, user, [p.group for p in page], overlay)
    lines = [line for line in lines if session.stays(line["group"], line["floor"])]
    for line in lines:
        follow = session.follows[line["group"]]
        line["live"] = follow.state is not State.SUMMARY
        if redactions.get(line["group"]) != follow.feed.redactions:
            line.pop("last", None)
    more = {"more": f"{page[-1].at}:{page[-1].group}"} if len(places) > len(page) else {}
    return {"groups": lines} | more


def _comes_after(cursor: str | None, at: int, group: str) -> bool:
    if cursor is None:
        return True
    time, _, last = cursor.partition(":")
    if not time.isdecimal() or not last:
        raise Invalid("$.data.after", "Expected the `more` of a page")
    return (at, group) < (int(time), last)


async def open_group(session: Session, request: wire_groups.OpenGroup) -> dict[str, Any]:
    """`group.open`: live from here on, from the client's cursor if it has one."""
    follow = followed(session, request.group)
    if request.after and request.at is None:
        raise Invalid("$.data.at", "Missing required field, the time of the entry `after`")
    user, redactions = user_of(session), follow.feed.redactions
    async with session.hub.readers.snapshot() as reader:
        lines = await groups.member_lines(reader, user, [request.group], {request.group: follow.read})
        key = (request.group, request.after or 0)
        stored_at = (await stored.times_of(reader, [key])).get(key)
    check_still(session, follow)
    if not lines:
        raise Refused("not_found")
    line = lines[0]
    if redactions != follow.feed.redactions:
        line.pop("last", None)
    cursor = line["head"]
    if request.after is not None:
        cursor = resume_from(request.after, request.at or 0, follow.floor, line["head"], stored_at, line)
    session.go_live_from(follow, cursor)
    session.catch_up()
    return line | {"live": True, "after": cursor}


async def list_members(session: Session, request: wire_groups.ListMembers) -> dict[str, Any]:
    """`group.members`."""
    follow = followed(session, request.group)
    async with session.hub.readers.snapshot() as reader:
        page = await groups.list_members(reader, user_of(session), request)
    check_still(session, follow)
    return page


async def read_history(session: Session, request: wire.ReadHistory) -> dict[str, Any]:
    """`message.history`. A page during whose reading something was taken back is read again."""
    follow = followed(session, request.group)
    feed = follow.feed
    for _ in range(_READ_AGAIN_MAX):
        redactions, published = feed.redactions, feed.published
        async with session.hub.readers.snapshot() as reader:
            as_of = await stored.head_of(reader, request.group)
            page = await messages.read_history(reader, request, follow.floor, published, as_of)
        check_still(session, follow)
        if redactions == feed.redactions:
            return page
    raise Refused("overloaded")


async def list_reactions(session: Session, request: wire.ListReactions) -> dict[str, Any]:
    """`reaction.list`."""
    follow = followed(session, request.group)
    signs = session.hub.settings.bounds.reactions_per_message
    for _ in range(_READ_AGAIN_MAX):
        redactions = follow.feed.redactions
        async with session.hub.readers.snapshot() as reader:
            page = await messages.list_reactions(reader, request, follow.floor, signs)
        check_still(session, follow)
        if redactions == follow.feed.redactions:
            return page
    raise Refused("overloaded")


def check_still(session: Session, follow: Follow) -> None:
    """Raises `not_found` if the session stopped following while an answer was awaited."""
    if follow.state is State.GONE:
        raise Refused("not_found")


_AWAITED: Final[dict[str, Callable[[Session, Any], Awaitable[dict[str, Any]]]]] = {
    "session.renew": renew,
    "user.get": get_users,
    "follow.list": list_follows,
    "block.list": list_blocks,
    "group.get": get_group,
    "group.list": list_groups,
    "group.open": open_group,
    "group.members": list_members,
    "message.history": read_history,
    "reaction.list": list_reactions,
}
