"""Groups: reading about them, opening and closing them, their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.hub.feed import State
from chatd.hub.opening import resume_from
from chatd.hub.queries.asked import AtOnce, Awaited, check_still, followed, read_by, settled, told_snapshot, user_of
from chatd.service import groups
from chatd.store import groups as stored_groups
from chatd.store import messages as stored
from chatd.store.chats import Place, cursor_of, places_of
from chatd_protocol import groups as wire
from chatd_protocol.codec import Invalid

if TYPE_CHECKING:
    from chatd.hub.session import Session


def close_group(session: Session, request: wire.CloseGroup) -> dict[str, Any]:
    """`group.close`."""
    follow = followed(session, request.group)
    follow.told = follow.cursor if follow.state is not State.SUMMARY else follow.told
    session.behind.pop(follow, None)
    follow.set(State.SUMMARY)
    follow.open(False)
    return {}


async def get_group(session: Session, request: wire.GetGroup) -> dict[str, Any]:
    """`group.get`."""
    follow = followed(session, request.group)
    redactions, mark = follow.feed.redactions, session.hub.shelf.mark()

    async def read() -> dict[str, Any]:
        reads = read_by(session)
        async with told_snapshot(session) as reader:
            return await groups.group_info(reader, user_of(session), request, reads, session.hub.now_ms())

    info = await settled(session, read)
    check_still(session, follow)
    if redactions != follow.feed.redactions or not session.may_read:
        info["line"].pop("last", None)
    if not session.may_read:
        info.pop("announcement", None)
    session.hub.shelf.drop_stale([info["line"]], mark)
    del info["line"]["stay"]
    info["line"]["live"] = follow.state is not State.SUMMARY
    session.hub.drafts.lay_over(user_of(session), info["line"], request.group)
    session.hub.drafts.lay_over(user_of(session), info, request.group, whole=True)
    return info


async def list_groups(session: Session, request: wire.ListGroups) -> dict[str, Any]:
    """`group.list`. The cursor is the place of the last line in the order of the list."""
    user = user_of(session)
    redactions = {group: follow.feed.redactions for group, follow in session.follows.items()}
    mark = session.hub.shelf.mark()

    async def read() -> tuple[list[dict[str, Any]], dict[str, Any]]:
        reads = read_by(session)
        async with told_snapshot(session) as reader:
            places = [p for p in await places_of(reader, user) if _comes_after(request.after, p)]
            if request.archived is not None:
                places = [p for p in places if bool(p.archived) == request.archived]
            page = places[: request.limit]
            lines = await groups.member_lines(reader, user, [p.group for p in page], reads)
        return lines, {"more": cursor_of(page[-1])} if len(places) > len(page) else {}

    lines, more = await settled(session, read)
    lines = session.own_lines(lines)
    for line in lines:
        follow = session.follows[line["group"]]
        line["live"] = follow.state is not State.SUMMARY
        session.hub.drafts.lay_over(user, line, line["group"])
        if redactions.get(line["group"]) != follow.feed.redactions or not session.may_read:
            line.pop("last", None)
    session.hub.shelf.drop_stale(lines, mark)
    return {"groups": lines} | more


def _comes_after(cursor: str | None, place: Place) -> bool:
    if cursor is None:
        return True
    rank, _, rest = cursor.partition(":")
    time, _, last = rest.partition(":")
    if not rank.removeprefix("-").isdecimal() or not time.isdecimal() or not last:
        raise Invalid("$.data.after", "Expected the `more` of a page")
    return place.order < (int(rank), int(time), last)


async def open_group(session: Session, request: wire.OpenGroup) -> dict[str, Any]:
    """`group.open`: live from here on, from the client's cursor if it has one."""
    follow = followed(session, request.group)
    if request.after and request.at is None:
        raise Invalid("$.data.at", "Missing required field, the time of the entry `after`")
    redactions, mark = follow.feed.redactions, session.hub.shelf.mark()
    key = (request.group, request.after or 0)

    async def read() -> tuple[list[dict[str, Any]], int | None]:
        reads = read_by(session)
        async with told_snapshot(session) as reader:
            lines = await groups.member_lines(reader, user_of(session), [request.group], reads)
            place = await stored_groups.group_by_id(reader, request.group)
            if place is not None and place.floor and place.floor == request.after:
                return lines, place.floor_at  # the entry itself may have gone
            return lines, (await stored.times_of(reader, [key])).get(key)

    lines, stored_at = await settled(session, read)
    check_still(session, follow)
    if not lines:
        raise Refused("not_found")
    line = lines[0]
    del line["stay"]
    if redactions != follow.feed.redactions:
        line.pop("last", None)
    session.hub.shelf.drop_stale([line], mark)
    cursor = line["head"]
    if request.after is not None:
        cursor = resume_from(request.after, request.at or 0, line["floor"], line["head"], stored_at, line)
    session.go_live_from(follow, cursor)
    session.catch_up()
    follow.open(True)
    session.hub.drafts.lay_over(user_of(session), line, request.group)
    return line | {"live": True, "after": cursor}


async def list_members(session: Session, request: wire.ListMembers) -> dict[str, Any]:
    """`group.members`."""
    follow = followed(session, request.group)
    async with told_snapshot(session) as reader:
        page = await groups.list_members(reader, user_of(session), request, session.hub.now_ms())
    check_still(session, follow)
    return page


AT_ONCE: Final[AtOnce] = {"group.close": close_group}
AWAITED: Final[Awaited] = {
    "group.get": get_group,
    "group.list": list_groups,
    "group.open": open_group,
    "group.members": list_members,
}
