"""The catalogue in the store: single items, and a page of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from chatd.core.catalogue import Item
from chatd.core.records import Key
from chatd.store.database import Database
from chatd.store.readers import Reader
from chatd.store.records import find, rows_of

_ROWS = rows_of(Item)
BY_KEY = _ROWS.probe
WRITE = _ROWS.write
DROP = _ROWS.drop
PAGE = f"SELECT {', '.join(_ROWS.columns)} FROM catalogue WHERE kind = ? AND item_id > ? ORDER BY item_id LIMIT ?"


LOOKED_THROUGH = 20_000
"""So many of the newest items are looked through for a title."""
_NEWEST = (
    f"SELECT {', '.join(_ROWS.columns)} FROM catalogue WHERE line <> '' AND kind = ?"
    " ORDER BY at DESC, item_id DESC LIMIT ?"
)


async def items_titled(reader: Reader, kind: str, parts: Sequence[str], limit: int) -> list[Item]:
    """Items of a kind whose title has all of these in its line, those that changed last first."""
    if not parts:
        return [_item(row) for row in await reader.all(_NEWEST, (kind, limit))]
    has = " AND ".join(["line LIKE ? ESCAPE '!'"] * len(parts))
    sql = f"SELECT * FROM ({_NEWEST}) AS picked WHERE {has} ORDER BY at DESC, item_id DESC LIMIT ?"
    likes = ["%" + re.sub(r"[!%_]", r"!\g<0>", part) + "%" for part in parts]
    return [_item(row) for row in await reader.all(sql, (kind, LOOKED_THROUGH, *likes, limit))]


async def items_of(reader: Reader, keys: Iterable[Key]) -> dict[Key, Item]:
    """The items with these (kind, id); those that never were are left out."""
    wanted = list(keys)
    return {item.key: item for item in await find(reader, Item, wanted)} if wanted else {}


async def page_of(reader: Reader, kind: str, after: str, limit: int) -> list[Item]:
    """Items of a kind with ids above `after`."""
    return [_item(row) for row in await reader.all(PAGE, (kind, after, limit))]


def read_items(database: Database, keys: Sequence[Key]) -> list[Item]:
    """As `items_of`, for a program without a loop."""
    return [_item(row) for row in database.find(BY_KEY, list(keys))]


def read_page(database: Database, kind: str, after: str, limit: int) -> list[Item]:
    """As `page_of`, for a program without a loop."""
    return [_item(row) for row in database.run(PAGE, (kind, after, limit))[0]]


def _item(row: tuple[object, ...]) -> Item:
    item = _ROWS.read(row)
    assert isinstance(item, Item)
    return item
