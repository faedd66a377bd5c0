"""Asking the planner of either database how it would find the rows of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chatd.store.database import Database, Row
from chatd.store.statements import Delete, Insert, Lock, Probe, Update

Statement = Probe | Lock | Insert | Update | Delete


def explain(database: Database, sql: str, params: Row) -> list[str]:
    """What the plan does that no index helps with."""
    if database.kind == "sqlite":
        rows, _ = database.run(f"EXPLAIN QUERY PLAN {sql}", params)
        return [detail for *_, detail in rows if _is_scan(detail)]
    return _bad_nodes(database, f"EXPLAIN (FORMAT JSON) {sql}", params) + explain_generic(database, sql, len(params))


def _is_scan(detail: str) -> bool:
    """Going through a whole table, or sorting for want of an order (https://sqlite.org/eqp.html)."""
    bounded = "VIRTUAL TABLE" in detail or detail == "SCAN picked"  # so is called what a LIMIT has cut already
    return (detail.startswith("SCAN") and not bounded) or "AUTOMATIC" in detail


def explain_generic(database: Database, sql: str, count: int) -> list[str]:
    """The plan that is made once for all values: what a prepared statement may come to use."""
    numbers = iter(range(1, count + 1))
    marked = re.sub(r"%s|\?", lambda _: f"${next(numbers)}", sql)
    database.run("SET plan_cache_mode = force_generic_plan")
    database.run(f"PREPARE asked AS {marked}")
    values = f"({', '.join('NULL' for _ in range(count))})" if count else ""
    bad = _bad_nodes(database, f"EXPLAIN (FORMAT JSON) EXECUTE asked{values}", ())
    database.run("DEALLOCATE asked")
    database.run("RESET plan_cache_mode")
    return bad


def _bad_nodes(database: Database, sql: str, params: Row) -> list[str]:
    rows, _ = database.run(sql.replace("%s", "?"), params)
    return list(_walk(rows[0][0][0]["Plan"]))


def _walk(node: dict[str, Any]) -> Iterator[str]:
    kind = node["Node Type"]
    if kind == "Seq Scan" and node["Relation Name"] not in _ONE_ROW:
        yield f"Seq Scan of {node['Relation Name']}"
    if kind.startswith(("Index", "Bitmap Index")) and "Index Cond" not in node:
        yield f"{kind} of all of {node.get('Index Name')}"
    for child in node.get("Plans", ()):
        yield from _walk(child)


_ONE_ROW = {"writers"}


def parameters_of(database: Database, what: Statement) -> tuple[str, Row]:
    """The statement as it is run, with three rows of parameters taken from the table itself."""
    columns = _columns_of(what)
    rows, _ = database.run(f'SELECT {", ".join(columns)} FROM "{what.table.name}" LIMIT 3')
    if database.kind == "postgresql":
        return what.postgresql, tuple(list(column) for column in zip(*rows, strict=True))
    return what.sqlite, ("[]",) if isinstance(what, (Probe, Lock)) else rows[0]


def _columns_of(what: Statement) -> tuple[str, ...]:
    if isinstance(what, Probe):
        return what.keys
    if isinstance(what, Lock):
        return (what.key,)
    return what.columns + what.keys if isinstance(what, Update) else what.columns
