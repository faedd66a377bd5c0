"""Sections of a group: changing them, how they stand for somebody, and the messages of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from chatd.core.refusal import Refused
from chatd.core.sections import CreateSection, OrderSections, UpdateSection, sections_of
from chatd.core.values import Group
from chatd.core.visibility import page
from chatd.service.author import Author
from chatd.store import messages
from chatd.store import sections as stored
from chatd.store.readers import Reader
from chatd.store.sections import SectionPlace
from chatd_protocol import messages as messages_wire
from chatd_protocol import sections as wire

Call = Sequence[Any]


def create_section(request: wire.CreateSection, author: Author) -> CreateSection:
    """Make one."""
    return CreateSection(
        author.user, request.cid, author.digest, request.group, request.kind, request.title, request.intro
    )


def update_section(request: wire.UpdateSection, author: Author) -> UpdateSection:
    """Change one."""
    return UpdateSection(
        author.user,
        request.cid,
        author.digest,
        request.group,
        request.section,
        request.kind,
        request.title,
        request.intro,
        request.closed,
    )


def order_sections(request: wire.OrderSections, author: Author) -> OrderSections:
    """Order them."""
    return OrderSections(author.user, request.cid, author.digest, request.group, request.sections)


def view_sections(group: Group, places: Iterable[SectionPlace]) -> list[dict[str, Any]]:
    """What each section is and how it stands for somebody, in order, closed ones last."""
    by_number = {place.section: place for place in places}
    return [dict(one) | _view_place(by_number[one["section"]]) for one in sections_of(group)]


def _view_place(place: SectionPlace) -> dict[str, Any]:
    shown = {
        "head": place.head if place.seq > place.floor else 0,
        "seq": place.seq,
        "read": place.read,
        "unread": max(0, place.seq - place.read - place.recalled),
        "mentions": place.mentions,
        "mention": place.mention,
    }
    return {key: value for key, value in shown.items() if value}


def add_calls(place: SectionPlace, calls: Iterable[Call], floor: int, user: str) -> None:
    """Count what calls everybody as mentioning the user too."""
    called = [
        pos
        for pos, seq, _, stands, by, section in calls
        if stands and section == place.section and seq > place.read and pos > floor and by != user
    ]
    place.mentions += len(called)
    place.mention = min([*called, *([] if place.mention is None else [place.mention])], default=None)


async def read_section(
    reader: Reader,
    request: messages_wire.ReadHistory,
    section: int,
    floors: tuple[int, int],
    published: int,
    as_of: int,
) -> dict[str, Any]:
    """A page of the messages of one section, not above `published`, and above both of `floors`: that of the reader's
    stay, and below which nothing is kept. Raises `no_section`.

    Their numbers have no hole, so it is a range of numbers.
    """
    group, (stay, floor) = request.group, floors
    numbers = await stored.messages_in(reader, group, section)
    if numbers is None:
        raise Refused("no_section", section=section)
    count, gone = numbers

    async def number_at(pos: int) -> int:
        return await reader.run(lambda r: stored.number_at(r, group, section, min(pos, published), count, gone))

    lowest, highest = await number_at(floor) + 1, await number_at(published)
    back = request.after is None and request.around is None
    if request.after is not None:
        first = await number_at(request.after) + 1
    elif request.around is not None:
        first = await number_at(request.around - 1) + 1 - request.limit // 2
    else:
        highest = highest if request.before is None else await number_at(request.before - 1)
        first = highest + 1 - request.limit
    first = max(first, lowest)
    last = min(first + request.limit - 1, highest)
    found = await messages.section_page(reader, group, section, first, last)
    shown = {
        "group": group,
        "entries": page(found.entries, found.targets, stay),
        "as_of": as_of,
        "floor": floor,
        "more": lowest < first <= last if back else last < highest,
    }
    return shown | ({"older": True} if request.around is not None and first > lowest else {})
