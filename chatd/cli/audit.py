"""`chatd audit`: who did what by right, when, where, on whom and why."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from chatd.admin.socket import AdminError, call
from chatd.cli.answers import bare, listed, phrase, refused
from chatd.cli.listing import say_rows
from chatd.cli.named import OPERATOR_SUB
from chatd.cli.table import on_terminal, operator, pairs, table
from chatd.config import Config
from chatd_protocol.users import ERASED_SUB

_PAGE = 200
NEAR_MAX = 3
ERASED_SHOWN = 14
_COLUMNS = ("at", "by", "act", "target", "group", "details", "reason")


def show(config: Config, filters: dict[str, Any], limit: int, as_json: bool) -> int:
    """Print the newest rows: JSON objects, one a line, or a table a page."""
    left, before, said = limit, None, False
    while left > 0:
        try:
            page = call(config.admin_socket_path(), "audit", before=before, limit=min(left, _PAGE), filters=filters)
        except AdminError as error:
            return refused(error)
        if filters.get("act") and "acts" in page and filters["act"] not in page["acts"]:
            print(_unheard_of(filters["act"], page["acts"]), file=sys.stderr)
        if as_json:
            for row in page["rows"]:
                print(json.dumps(_with_subs(row, page["subs"]), ensure_ascii=False))
        elif page["rows"] or not said:
            _say(page, first=not said)
            said = True
        left -= len(page["rows"])
        before = page.get("more")
        if before is None:
            return 0
    print(phrase("There are more. 还有更多。"), f"--limit {limit * 2}", file=sys.stderr)
    return 0


def _say(page: dict[str, Any], *, first: bool) -> None:
    """One page; a program gets the headings once."""
    rows = [_row(row, page["subs"]) for row in page["rows"]]
    if on_terminal():
        for row in rows:
            what = (page["titles"].get(row.get("group"), ""), pairs(row["details"]), row["reason"])
            row["details"] = " · ".join(filter(None, what))
        say_rows(("at", "by", "act", "target", "details"), rows)
        return
    lines = table(_COLUMNS, rows).splitlines()
    print("\n".join(lines if first else lines[1:]))


def _with_subs(row: dict[str, Any], subs: dict[str, str]) -> dict[str, Any]:
    """A row for programs: whoever is in it by id, and by what they go by in commands."""
    return row | {f"{name}_sub": subs[row[name]] for name in ("by", "user") if row.get(name) in subs}


def _unheard_of(act: str, acts: list[str]) -> str:
    near = get_close_matches(act, acts, NEAR_MAX) or acts
    if not near:
        return phrase("The audit log is empty. 管理记录是空的。")
    said = "Nothing in the audit log is called {act}; there are: {near}. 管理记录里没有 {act}，有的是：{near}。"
    return phrase(said, act=act, near=listed(near))


def _row(row: dict[str, Any], subs: dict[str, str]) -> dict[str, Any]:
    """One row: people by what they go by in commands, and why beside what."""
    details = dict(row.get("details", {}))
    if other := subs.get(str(details.get("target"))):
        details["target"] = other
    by = _person(row["by"], subs) if "by" in row else operator()
    target = _person(row["user"], subs) if "user" in row else ""
    return row | {"by": by, "target": target, "details": details, "reason": row.get("reason", "")}


def _person(user: str, subs: dict[str, str]) -> str:
    sub = subs.get(user, user)
    return operator() if sub == OPERATOR_SUB else short_of(sub)


def short_of(sub: str) -> str:
    """What somebody goes by; of who was erased, whom nobody can call any more, only the beginning at a terminal."""
    return sub[:ERASED_SHOWN] + "…" if sub.startswith(ERASED_SUB) and on_terminal() else sub


def moment(text: str) -> int:
    """A day or a moment as ms; without a zone it is UTC (ISO 8601). Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        said = "{text}: expected a day or moment, like 2026-01-31 or 2026-01-31T20:00+08:00. "
        said += "{text}：应为日期或时刻，如 2026-01-31 或 2026-01-31T20:00+08:00。"
        raise ValueError(bare(said, text=repr(text))) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
