"""`chatd audit`: who did what by right, when, where, on whom and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from chatd.admin.socket import AdminError, call
from chatd.cli.answers import refused
from chatd.config import Config

_PAGE = 200


def show(config: Config, filters: dict[str, Any], limit: int, as_json: bool) -> int:
    """Print the newest rows, one a line: JSON objects, or fields for people."""
    left, before = limit, None
    while left > 0:
        try:
            page = call(config.admin_socket_path(), "audit", before=before, limit=min(left, _PAGE), filters=filters)
        except AdminError as error:
            return refused(error)
        for row in page["rows"]:
            print(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
        left -= len(page["rows"])
        before = page.get("more")
        if before is None:
            break
    return 0


def _line(row: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(row["at"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    about = [f"{name}={row[name]}" for name in ("group", "user") if name in row]
    about += [f"{name}={value}" for name, value in row.get("details", {}).items()]
    reason = f"  ({row['reason']})" if "reason" in row else ""
    return f"{at}  {row.get('by', 'operator')}  {row['act']}  {' '.join(about)}{reason}"


def moment(text: str) -> int:
    """A day or a moment as ms; without a zone it is UTC (ISO 8601). Raises ValueError."""
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
