"""Sections of a group, and reading on in one that is not the main one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatd.core.refusal import Refused
from chatd.hub.queries.asked import Awaited, check_still, followed, read_by, settled, told_snapshot, user_of
from chatd.hub.signals import move_read_in
from chatd.service import groups
from chatd.store.sections import place_in
from chatd_protocol import messages as messages_wire
from chatd_protocol import sections as wire
from chatd_protocol.codec import Invalid

if TYPE_CHECKING:
    from chatd.hub.session import Session


async def list_sections(session: Session, request: wire.ListSections) -> dict[str, Any]:
    """`section.list`."""
    follow = followed(session, request.group)

    async def read() -> list[dict[str, Any]]:
        reads = read_by(session)
        async with told_snapshot(session) as reader:
            return await groups.sections_of_line(reader, user_of(session), request.group, reads)

    sections = await settled(session, read)
    check_still(session, follow)
    return {"sections": sections}


async def mark_read_in(session: Session, request: messages_wire.MarkRead) -> dict[str, Any]:
    """`read.mark` in a section. Raises `no_section`."""
    follow, user, group, section = followed(session, request.group), user_of(session), request.group, request.section
    newer = session.hub.reads.of(group, user, section)
    async with told_snapshot(session) as reader:
        place = await place_in(reader, user, group, section)
    check_still(session, follow)
    if place is None:
        raise Refused("no_section", section=section)
    if request.seq > place.seq:
        raise Invalid("$.data.seq", f"Expected `int` <= {place.seq}, the number of messages")
    read = max(place.read, newer, session.hub.reads.of(group, user, section))
    if request.seq > read:
        move_read_in(session.hub, session, follow, section, request.seq)
    return {"group": group, "read": max(read, request.seq), "section": section}


AWAITED: Final[Awaited] = {"section.list": list_sections, "read.mark": mark_read_in}
