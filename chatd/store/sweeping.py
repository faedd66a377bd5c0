"""The rows of groups that are gone: which tables hold some, and how a portion of them is deleted.

A table belongs to the groups if it can be looked up by `group_id`. Its rows go with the group, unless it is in `KEPT`:
what other rows and people's own logs refer to stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Table

from chatd.core.dissolution import GoneGroup
from chatd.store import records, schema
from chatd.store.database import Database
from chatd.store.readers import Reader

PORTION_ROWS: Final = 500
KEPT: Final = frozenset({"groups", "memberships", "mine", "gone_groups", "audit"})
MARKED: Final = "DELETE FROM gone_groups WHERE group_id = ?"
ENDED: Final = (
    "SELECT group_id, settings FROM groups WHERE dissolved_at IS NOT NULL AND member_count > 0"
    " ORDER BY dissolved_at, group_id LIMIT ?"
)
STAYING: Final = "SELECT user_id FROM memberships WHERE group_id = ? AND until_pos IS NULL ORDER BY user_id LIMIT ?"


def swept_tables() -> list[Table]:
    """The tables whose rows go with their group."""
    return [table for table in schema.metadata.sorted_tables if table.name not in KEPT and _by_group(table)]


def _by_group(table: Table) -> bool:
    lookups = (*(index.columns for index in table.indexes), table.primary_key.columns)
    return "group_id" in {next(iter(columns)).name for columns in lookups if columns}


def _delete_portion(table: Table) -> str:
    """Takes the group and how many rows."""
    key = ", ".join(column.name for column in table.primary_key.columns)
    some = f'SELECT {key} FROM "{table.name}" WHERE group_id = ? LIMIT ?'
    return f'DELETE FROM "{table.name}" WHERE ({key}) IN ({some})'


SWEEPS: Final = tuple(_delete_portion(table) for table in swept_tables())


def sweep(database: Database, groups: Iterable[str]) -> int:
    """Delete a portion of what is left of each group; with the last row, the note that it is to be swept."""
    deleted = 0
    for group in sorted(groups):
        left = PORTION_ROWS
        for statement in SWEEPS:
            left -= database.run(statement, (group, left))[1] if left > 0 else 0
        if left == PORTION_ROWS:
            database.run(MARKED, (group,))
        deleted += PORTION_ROWS - left
    return deleted


async def groups_to_sweep(reader: Reader, limit: int) -> list[str]:
    """Groups that are gone and have rows left, the oldest first."""
    gone = await records.select(reader, GoneGroup, "group_id IS NOT NULL ORDER BY at, group_id LIMIT ?", (limit,))
    return [group.group_id for group in gone]


async def dissolved_groups(reader: Reader, limit: int) -> list[tuple[str, str]]:
    """(group, settings as JSON) of dissolved groups that somebody is still in, the first dissolved first."""
    return [(str(group), str(settings)) for group, settings in await reader.all(ENDED, (limit,))]


async def people_in(reader: Reader, group: str, limit: int) -> list[str]:
    """Some of those who are in a group."""
    return [str(user) for (user,) in await reader.all(STAYING, (group, limit))]
