"""What `verify` asks of a group beside its log: bans, the terms it is found by, and that one which is gone is empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import orjson

from chatd.core.titles import terms_of
from chatd.core.values import Group, Member
from chatd.store.database import Database

_BANS: Final = (
    "SELECT count(*), coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM memberships AS m WHERE m.group_id = b.group_id"
    " AND m.user_id = b.user_id AND m.until_pos IS NULL) THEN 1 ELSE 0 END), 0) FROM bans AS b WHERE b.group_id = ?"
)
_ESTRANGED: Final = (
    "SELECT m.user_id FROM memberships AS m JOIN memberships AS o ON o.group_id = m.group_id AND o.until_pos IS NULL"
    " AND o.role = 'owner' JOIN follows AS f ON f.user_id = m.user_id AND f.target_id = o.user_id"
    " WHERE m.group_id = ? AND m.until_pos IS NULL AND m.unfollowed_pos >= ? AND NOT EXISTS"
    " (SELECT 1 FROM blocks AS b WHERE b.user_id = m.user_id AND b.target_id = o.user_id) ORDER BY m.user_id"
)
_FANS_OF: Final = (
    "SELECT o.user_id, f.groups FROM memberships AS o LEFT JOIN fan_groups AS f ON f.user_id = o.user_id"
    " WHERE o.group_id = ? AND o.until_pos IS NULL AND o.role = 'owner'"
)
_LISTED: Final = "SELECT term FROM group_terms WHERE group_id = ?"
_MARKED: Final = "SELECT 1 FROM gone_groups WHERE group_id = ?"


def check_beside(database: Database, group: Group, say: Callable[[str], None]) -> None:
    """A public group is found by its title and by nothing else, others not at all; nobody who is banned is in."""
    can_be_found = group.kind == "public" and group.dissolved_at is None
    listed = {term for (term,) in database.run(_LISTED, (group.id,))[0]}
    if listed != (terms_of(group.title) if can_be_found else set()):
        say(f"group {group.id}: is not listed under exactly the terms of its title")
    ((count, present),), _ = database.run(_BANS, (group.id,))
    gone = group.dissolved_at is not None and not group.members
    if count != group.settings.get("bans", 0) and not gone:
        say(f"group {group.id}: bans is {group.settings.get('bans', 0)}, there are {count}")
    if present:
        say(f"group {group.id}: {present} who are banned are in it")
    if group.settings.get("fans_since"):
        _check_fans(database, group, say)


def _check_fans(database: Database, group: Group, say: Callable[[str], None]) -> None:
    """Nobody is silenced for not following who follows, and the owner knows that the group does so."""
    for (user,) in database.run(_ESTRANGED, (group.id, group.settings["fans_since"]))[0]:
        say(f"group {group.id}: {user} is silenced for not following its owner, and follows")
    for owner, groups in database.run(_FANS_OF, (group.id,))[0]:
        if group.dissolved_at is None and group.id not in orjson.loads(groups or "[]"):
            say(f"group {group.id}: is not named among those of {owner} that mind who follows")


def check_gone(
    database: Database, group: Group, members: Sequence[Member], left: int, say: Callable[[str], None]
) -> None:
    """A group that is gone: nobody is in it, it says nothing of itself, and its rows are swept or being swept."""
    if any(member.present for member in members):
        say(f"group {group.id}: is gone, and somebody is in it")
    if group.title or group.intro or group.settings:
        say(f"group {group.id}: is gone, and still says what it was")
    if left and not database.run(_MARKED, (group.id,))[0]:
        say(f"group {group.id}: is gone, and {left} rows of it are left")
