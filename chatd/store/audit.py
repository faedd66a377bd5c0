"""The audit log in the store: rows are added with the commit of the act they tell of, and never changed.

There is no UPDATE and no DELETE here, and none elsewhere: `tests/store/test_store_audit.py` looks for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from chatd.core.values import Audited
from chatd.store import schema
from chatd.store.database import Row
from chatd.store.readers import Reader
from chatd.store.statements import Insert, Probe

COLUMNS = ("at", "by", "act", "group_id", "user_id", "reason", "details")
INSERT = Insert(schema.audit, COLUMNS)
FILTERS = {
    "group": "group_id = ?",
    "user": "user_id = ?",
    "by": "by = ?",
    "act": "act = ?",
    "since": "at >= ?",
    "until": "at < ?",
}
"""What a page may be narrowed by, and how. `operator` for `by` means: nobody of the users."""
OPERATOR = "operator"
REASONS = Probe(schema.audit, ("user_id", "act"), ("audit_id", "user_id", "reason"))


def row_of(audited: Audited) -> Row:
    """Parameters for `INSERT`."""
    return (
        audited.at,
        audited.by,
        audited.act,
        audited.group,
        audited.user,
        audited.reason,
        orjson.dumps(audited.details).decode(),
    )


def _from(row: Row) -> tuple[int, Audited]:
    number, *plain, details = row
    values = (*plain, orjson.loads(details))
    return int(number), Audited(*values)


async def page(reader: Reader, before: int | None, limit: int, filters: dict[str, Any]) -> list[tuple[int, Audited]]:
    """(number, row), the newest first, below the number `before`. `filters`: of `FILTERS`; None counts as not given."""
    where, params = ["audit_id < ?"], [2**62 if before is None else before]
    for name, value in filters.items():
        if name == "by" and value == OPERATOR:
            where.append("by IS NULL")
        elif value is not None:
            where.append(FILTERS[name])
            params.append(value)
    sql = (
        f'SELECT audit_id, {", ".join(COLUMNS)} FROM "audit" WHERE {" AND ".join(where)} ORDER BY audit_id DESC LIMIT ?'
    )
    return [_from(row) for row in await reader.all(sql, (*params, limit))]


async def acts(reader: Reader) -> list[str]:
    """What is called how in the log. Looks at every row."""
    return [str(act) for (act,) in await reader.all('SELECT DISTINCT act FROM "audit" ORDER BY act', ())]


async def last_reasons(reader: Reader, users: Sequence[str], act: str) -> dict[str, str]:
    """Why the act was done last to each of the users, where a reason was given."""
    rows = sorted(await reader.find(REASONS, [(user, act) for user in users]))
    last = {str(user): str(reason) for _, user, reason in rows}
    return {user: reason for user, reason in last.items() if reason}
