"""What goes of the logs of groups by age: which piece is next, and how a portion of it is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import orjson

from chatd.core.board import Featured
from chatd.core.erasure_rows import Cut
from chatd.core.facts import Facts
from chatd.core.messages import answer_of
from chatd.core.needs import Needs
from chatd.core.section_rows import SectionCount
from chatd.store import schema
from chatd.store.database import Database, Row
from chatd.store.messages import COLUMNS, WIDTH, entry_from, times_of
from chatd.store.readers import Reader
from chatd.store.statements import Delete, Insert

_KEY: Final = ("group_id", "pos")
DROP_REACTIONS: Final = Delete(schema.reactions, _KEY)
DROP_PLACES: Final = Delete(schema.card_places, _KEY)
DROP_MENTIONS: Final = Delete(schema.mentions, ("user_id", "group_id", "section", "seq"))
DROP_ENTRIES: Final = Delete(schema.entries, _KEY)
KEEP_COMMANDS: Final = Insert(
    schema.commands, ("user_id", "cid", "digest", "answer", "at"), " ON CONFLICT (user_id, cid) DO NOTHING"
)
RANGE: Final = (
    f"SELECT {', '.join(COLUMNS)}, digest FROM entries WHERE group_id = ? AND pos > ? AND pos <= ? ORDER BY pos"
)
_THERE: Final = "NOT (dissolved_at IS NOT NULL AND member_count = 0)"
TO_CUT: Final = f"SELECT group_id, swept, floor FROM groups WHERE swept < floor AND {_THERE} ORDER BY group_id LIMIT ?"
CHOSEN: Final = "SELECT 1 FROM groups WHERE keep_days > 0 LIMIT 1"
NEXT: Final = "SELECT pos FROM entries WHERE group_id = ? AND pos > ? AND pos <= ? ORDER BY pos LIMIT 1 OFFSET ?"
GROUPS: Final = (
    "SELECT group_id, kind, title, head, head_at, swept, floor, floor_at, keep_days FROM groups"
    f" WHERE group_id > ? AND {_THERE} ORDER BY group_id LIMIT ?"
)
WITH_TIME: Final = GROUPS.replace(" ORDER BY", " AND keep_days IS NOT NULL ORDER BY")
ONE: Final = GROUPS.replace("group_id > ?", "group_id = ?", 1)
MESSAGES: Final = "SELECT count(*), min(at), max(at) FROM entries WHERE group_id = ? AND pos <= ? AND kind = 'message'"
FEATURED: Final = "SELECT pos FROM featured WHERE group_id = ? AND pos <= ?"
PINS: Final = "SELECT pins FROM boards WHERE group_id = ?"


def load_ranges(database: Database, need: Needs, facts: Facts) -> None:
    """The pieces of logs that proposals ask for, and what decides whether something of them stays."""
    for group, after, upto in sorted(need.ranges):
        rows, _ = database.run(RANGE, (group, after, upto))
        loaded = facts.ranges[group, after, upto] = []
        for row in rows:
            entry, digest = entry_from(row), row[WIDTH]
            # What another proposal of the batch changes is the same value for both.
            entry = facts.entries.get((group, entry.pos), entry)
            loaded.append((entry, bytes(digest) if digest is not None else None))
            about = entry.pos if entry.kind == "message" else entry.target
            if about is not None:
                need.record(Featured, group, about)
            if entry.section:
                need.record(SectionCount, group, entry.section)


def cut(database: Database, cuts: Mapping[str, Cut], recall_window_ms: int) -> None:
    """Delete what the rules let go, with all that hangs on it."""
    keys: list[Row] = [(group, pos) for group, one in cuts.items() for pos in sorted(one.gone)]
    commands = [
        (entry.actor, entry.cid, digest, orjson.dumps(answer_of(entry, recall_window_ms)).decode(), entry.at)
        for one in cuts.values()
        for entry, digest in one.commands
    ]
    mentions: list[Row] = [key for one in cuts.values() for key in one.mentions]
    if mentions:
        database.write(DROP_MENTIONS, mentions)
    if keys:
        database.write(DROP_REACTIONS, keys)
        database.write(DROP_PLACES, keys)
        database.write(DROP_ENTRIES, keys)
    if commands:
        database.write(KEEP_COMMANDS, commands)


class Due(msgspec.Struct):
    """A group as far as retention is concerned."""

    group: str
    kind: str
    title: str
    head: int
    head_at: int
    swept: int
    floor: int
    floor_at: int
    keep_days: int | None


async def leftovers(reader: Reader, limit: int) -> list[tuple[str, int, int]]:
    """(group, after, upto) of what left the board when its time was over."""
    return [(str(group), int(after), int(upto)) for group, after, upto in await reader.all(TO_CUT, (limit,))]


async def groups_after(reader: Reader, group: str, limit: int) -> list[Due]:
    """The next groups by id."""
    return [Due(*row) for row in await reader.all(GROUPS, (group, limit))]


async def chosen_after(reader: Reader, group: str, limit: int) -> list[Due]:
    """The next groups by id for which a time was chosen."""
    return [Due(*row) for row in await reader.all(WITH_TIME, (group, limit))]


async def group_at(reader: Reader, group: str) -> Due | None:
    """One group; None if there is none, or it is gone."""
    rows = await reader.all(ONE, (group, 1))
    return Due(*rows[0]) if rows else None


async def any_chosen(reader: Reader) -> bool:
    """Whether some group has a time of its own."""
    return bool(await reader.all(CHOSEN))


async def end_of_portion(reader: Reader, group: str, after: int, upto: int, rows: int) -> int:
    """Where a portion of so many rows ends that begins behind `after`."""
    found = await reader.all(NEXT, (group, after, upto, rows - 1))
    return int(found[0][0]) if found else upto


async def last_until(reader: Reader, group: Due, at: int) -> int:
    """The last position above the floor that was made at a time or before; the floor if none was.

    Times never decrease and nothing is missing there: it is looked for by halves.
    """
    low, high = group.floor, group.head if group.head_at > at else group.floor
    if group.head_at <= at:
        return group.head
    while low < high:
        middle = (low + high + 1) // 2
        made_at = (await times_of(reader, [(group.group, middle)]))[group.group, middle]
        low, high = (middle, high) if made_at <= at else (low, middle - 1)
    return low


async def count_messages(
    reader: Reader, group: str, upto: int, without: Sequence[int]
) -> tuple[int, int | None, int | None]:
    """(how many there are up to a position, when the first was made, when the last), `without` some."""
    but = f" AND pos NOT IN ({', '.join(map(str, without))})" if without else ""
    rows = await reader.all(MESSAGES + but, (group, upto))
    count, first, last = rows[0]
    return int(count), first, last


async def on_board(reader: Reader, group: str, upto: int) -> list[int]:
    """Positions up to one that stand on the group's board."""
    featured = [int(pos) for (pos,) in await reader.all(FEATURED, (group, upto))]
    pins = [int(pin[0]) for (text,) in await reader.all(PINS, (group,)) for pin in orjson.loads(text)]
    return sorted({*featured, *(pos for pos in pins if pos <= upto)})
