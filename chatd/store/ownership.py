"""Who owns groups and who comes next, for proposals by which an owner may vanish."""

from __future__ import annotations

from typing import Final

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.values import BOT_SUB
from chatd.store.database import Database
from chatd.store.groups import MEMBER_COLUMNS, member_from

_COLUMNS: Final = ", ".join("m." + column for column in MEMBER_COLUMNS)
OWNED: Final = "SELECT group_id FROM memberships WHERE user_id = ? AND until_pos IS NULL AND role = 'owner'"
HEIRS: Final = (
    f"SELECT {_COLUMNS} FROM memberships AS m JOIN users AS u ON u.user_id = m.user_id"
    " WHERE m.group_id = ? AND m.until_pos IS NULL AND m.role <> 'silent' AND (m.role = 'owner'"
    f" OR (NOT u.disabled AND substr(u.sub, 1, {len(BOT_SUB)}) <> '{BOT_SUB}'))"
    " ORDER BY CASE m.role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 ELSE 2 END, m.joined_at, m.joined_pos, m.user_id"
    " LIMIT ?"
)
"""The owner, then those who come next in their order (`core.ownership.next_owner`)."""


def ask_owned(database: Database, need: Needs) -> None:
    """Whoever vanishes leaves the groups that they own, and those that they may come to own in this batch."""
    for user in sorted(need.vanishing):
        need.heirs.update(group for (group,) in database.run(OWNED, (user,))[0])
    if need.vanishing:
        need.heirs |= need.groups
    need.groups |= need.heirs


def load_heirs(database: Database, need: Needs, facts: Facts, batch_size: int) -> None:
    """So many of those who come next that one is left whatever the other proposals of the batch do."""
    for group in sorted(need.heirs & facts.groups.keys()):
        for row in database.run(HEIRS, (group, batch_size + 2))[0]:
            member = member_from(row)
            facts.members[member.group, member.user] = member
            facts.heirs.setdefault(group, set()).add(member.user)
