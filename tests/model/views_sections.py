"""What the model says of how somebody stands in each section of a group: read, unread, mentioned.

A group without others has its main section. It must not know how the server counts any of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model.nouns import Entry, Group, Json

if TYPE_CHECKING:
    from tests.model.rules import World


def floor_in(group: Group, user: str, section: int) -> int:
    """The number of the last message of a section that somebody in the group does not see."""
    return len(group.messages(section, group.begins(user)))


def read_of(world: World, group: Group, user: str, section: int = 0) -> int:
    """Somebody's read position: never below what they cannot see anyway."""
    return max(floor_in(group, user, section), world.reads.get((group.id, user, section), 0))


def unread_of(world: World, group: Group, user: str, section: int) -> int:
    """Messages above the read position that are still there."""
    read = read_of(world, group, user, section)
    return sum(entry.seq > read and not entry.recalled for entry in group.messages(section))


def mentions_of(world: World, group: Group, user: str) -> list[Entry]:
    """Messages there that call somebody, by name or with everybody; not those of whom they have blocked."""
    above = [entry for entry in group.log[group.begins(user) :] if entry.kind == "message" and entry.by != user]
    heard = [entry for entry in above if (user, entry.by) not in world.blocks]
    return [entry for entry in heard if entry.calls_all or user in entry.mentions]


def sections_of(world: World, group: Group, user: str) -> list[Json]:
    """All sections, as somebody in the group sees them."""
    return [one | _place(world, group, user, one["section"]) for one in group.sections]


def _place(world: World, group: Group, user: str, section: int) -> Json:
    seen, read = page_of(group, user, section), read_of(world, group, user, section)
    called = [one for one in mentions_of(world, group, user) if one.section == section and one.seq > read]
    shown = {
        "head": seen[-1].pos if seen else 0,
        "seq": len(group.messages(section)),
        "read": read,
        "unread": unread_of(world, group, user, section),
        "mentions": len(called),
        "mention": called[0].pos if called else None,
    }
    return {name: value for name, value in shown.items() if value}


def page_of(group: Group, user: str, section: int) -> list[Entry]:
    """The messages of a section that somebody sees."""
    return group.messages(section)[floor_in(group, user, section) :]
