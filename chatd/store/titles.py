"""Public groups by the terms of their titles."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from chatd.core.values import Group
from chatd.store.groups import COLUMNS, group_from
from chatd.store.readers import Reader

_COLUMNS: Final = ", ".join("g." + column for column in COLUMNS)


async def groups_titled(
    reader: Reader, terms: Collection[str], below: tuple[int, str] | None, limit: int
) -> list[Group]:
    """Groups listed under all of the terms, the largest first, then by id; `below`: (members, id) of the last one."""
    if not terms:
        return []
    members, last = below or (2**31 - 1, "")
    sql = (
        f"SELECT {_COLUMNS} FROM (SELECT t.group_id FROM group_terms AS t WHERE t.term {reader.among}"
        " GROUP BY t.group_id HAVING count(*) = ?) AS f JOIN groups AS g ON g.group_id = f.group_id"
        " WHERE g.dissolved_at IS NULL AND g.kind = 'public'"
        " AND (g.member_count < ? OR (g.member_count = ? AND g.group_id > ?))"
        " ORDER BY g.member_count DESC, g.group_id LIMIT ?"
    )
    params = (reader.array(sorted(terms)), len(terms), members, members, last, limit)
    return [group_from(row) for row in await reader.all(sql, params)]
