"""The ledger in the store: what was recalled, erased or has otherwise gone for good, by ids alone.

Its rows are added with the commit that takes the content away, each once, and never changed. A restore carries them out
again on the older state that it brings back.
"""

from __future__ import annotations

from typing import Final

from chatd.core.values import Redacted
from chatd.store import schema
from chatd.store.database import Row
from chatd.store.statements import Insert

COLUMNS = ("at", "kind", "group_id", "pos", "user_id", "made_at")
INSERT = Insert(schema.ledger, COLUMNS, " ON CONFLICT (kind, group_id, pos, user_id, made_at) DO NOTHING")

PAGE: Final = f"SELECT n, {', '.join(COLUMNS)} FROM ledger WHERE n > ? ORDER BY n LIMIT ?"
UNSAID: Final = (
    "SELECT l.group_id, l.pos, l.made_at, l.user_id FROM ledger AS l"
    " JOIN entries AS e ON e.group_id = l.group_id AND e.pos = l.pos"
    " WHERE l.kind = 'recall' AND e.kind = 'message' AND e.at = l.made_at AND NOT e.recalled"
)
"""Messages that were recalled and are there."""
UNMADE: Final = (
    "SELECT l.group_id FROM ledger AS l JOIN groups AS g ON g.group_id = l.group_id"
    " WHERE l.kind = 'gone' AND (g.dissolved_at IS NULL OR g.member_count > 0)"
)
"""Groups that were gone and are there."""
UNERASED: Final = (
    "SELECT l.user_id FROM ledger AS l JOIN users AS u ON u.user_id = l.user_id WHERE l.kind = 'erase'"
    " AND (u.erased_at IS NULL OR EXISTS (SELECT 1 FROM erasures AS x WHERE x.user_id = l.user_id))"
)
"""People who were erased and are there, or not gone yet."""
UNCUT: Final = (
    "SELECT l.group_id, max(l.pos), max(l.made_at) FROM ledger AS l JOIN groups AS g ON g.group_id = l.group_id"
    " JOIN entries AS e ON e.group_id = g.group_id AND e.pos = g.floor + 1"
    " WHERE l.kind = 'floor' AND e.pos <= l.pos AND e.at <= l.made_at"
    " AND NOT (g.dissolved_at IS NOT NULL AND g.member_count = 0) GROUP BY l.group_id"
)
"""(group, position, time) of what went by age and is there: up to the position, if it was made by then."""
LAST_UNTIL: Final = "SELECT max(pos) FROM entries WHERE group_id = ? AND pos <= ? AND at <= ?"
MUST_BE_EMPTY: Final = {
    "ledger: {0} is of an unknown kind": (
        "SELECT n FROM ledger WHERE kind NOT IN ('recall', 'erase', 'gone', 'floor')"
        " OR (kind = 'erase') <> (group_id = '')"
    ),
    "ledger: {1} of {0} was recalled, and is there": UNSAID,
    "ledger: group {0} was gone, and is there": UNMADE,
    "ledger: what {0} had up to {1} went by age, and is there": UNCUT,
    "ledger: {0} was erased, and is there": (
        "SELECT l.user_id FROM ledger AS l JOIN users AS u ON u.user_id = l.user_id"
        " WHERE l.kind = 'erase' AND u.erased_at IS NULL"
    ),
    "entries: {1} of {0} is recalled, and the ledger does not know": (
        "SELECT e.group_id, e.pos FROM entries AS e WHERE e.recalled AND NOT EXISTS (SELECT 1 FROM ledger AS l"
        " WHERE l.kind = 'recall' AND l.group_id = e.group_id AND l.pos = e.pos AND l.made_at = e.at)"
        " AND NOT EXISTS (SELECT 1 FROM ledger AS l WHERE l.kind = 'erase' AND l.group_id = '' AND l.pos = 0"
        " AND l.user_id = e.actor)"
    ),
}


def row_of(redacted: Redacted) -> Row:
    """Parameters for `INSERT`."""
    return (redacted.at, redacted.kind, redacted.group, redacted.pos, redacted.user, redacted.made_at)
