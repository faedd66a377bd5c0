"""What `verify` looks at in the catalogue: that items are found by their titles, and not if they cannot be shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chatd.core.catalogue import Item, can_be_shared, line_for
from chatd.store.database import Database
from chatd.store.records import read_row, rows_of
from chatd.store.stream import Stream

_ITEMS: Final = (
    f"SELECT {', '.join(rows_of(Item).columns)} FROM catalogue WHERE (kind, item_id) > (?, ?)"
    " ORDER BY kind, item_id LIMIT ?"
)


def check_items(database: Database, say: Callable[[str], None]) -> None:
    """Calls `say` with each problem. Raises `StoreLost`."""
    for row in Stream(database, _ITEMS, ("", "")):
        try:
            item = read_row(Item, row)
            line, shared = line_for(item), can_be_shared(item)
        except (AttributeError, LookupError, TypeError, ValueError):
            # What its source said of it was checked when it came: something else has written this.
            say(f"catalogue: {row[0]} {row[1]} is no whole row")
            continue
        if item.line != line and shared:
            say(f"catalogue: {item.kind} {item.item_id} is found by another line than its title gives")
        elif item.line != line:
            say(f"catalogue: {item.kind} {item.item_id} is found by a title, and cannot be shared")
