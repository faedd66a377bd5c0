"""Whether invites, requests and who brought whom are as the rules leave them: part of `verify`.

What brought somebody the first time is kept by every later stay of theirs, and whoever brought them was in the group
before: so nobody stands in their own branch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from chatd.core.values import Member
from chatd.store import schema
from chatd.store.database import Database
from chatd.store.statements import Probe

_USES: Final = Probe(schema.invites, ("invite_id",), ("invite_id", "group_id", "uses"))
MUST_BE_EMPTY: Final = {
    "invites: {0} is of no group, no maker or for nobody": (
        "SELECT i.invite_id FROM invites AS i LEFT JOIN groups AS g ON g.group_id = i.group_id"
        " WHERE g.group_id IS NULL OR g.kind = 'direct' OR i.made_pos > g.head OR (i.kind = 'directed') <>"
        " (i.target IS NOT NULL) OR (i.target IS NULL) <> (i.secret IS NOT NULL) OR (i.target IS NULL AND"
        " (i.pull OR i.declined_at IS NOT NULL)) OR NOT EXISTS"
        " (SELECT 1 FROM memberships AS m WHERE m.group_id = i.group_id AND m.user_id = i.maker)"
    ),
    "invites: {0} was used {1} times, {2} at most": (
        "SELECT invite_id, uses, max_uses FROM invites WHERE uses > max_uses OR uses < 0"
    ),
    "join_requests: {1} asks for {0} in a way that nobody asks": (
        "SELECT q.group_id, q.user_id FROM join_requests AS q WHERE NOT EXISTS"
        " (SELECT 1 FROM groups AS g WHERE g.group_id = q.group_id) OR NOT EXISTS"
        " (SELECT 1 FROM users AS u WHERE u.user_id = q.user_id) OR q.state NOT IN"
        " ('pending', 'approved', 'refused', 'withdrawn') OR (q.state = 'pending') <> (q.decided_at IS NULL)"
    ),
    "join_queues: {0} counts other requests than wait": (
        "SELECT g.group_id FROM groups AS g LEFT JOIN join_queues AS k ON k.group_id = g.group_id"
        " WHERE coalesce(k.pending, 0) <> (SELECT count(*) FROM join_requests AS q"
        " WHERE q.group_id = g.group_id AND q.state = 'pending')"
    ),
}
"""Problems by the rows that show them."""


def check_attribution(members: Iterable[Member], say: Callable[[str], None]) -> Counter[str]:
    """`members`: every period of every person of one group. Returns how many each invite brought."""
    brought: Counter[str] = Counter()
    rows = sorted(members, key=lambda row: (row.user, row.period))
    first: dict[str, Member] = {}
    for row in rows:
        first.setdefault(row.user, row)
    for row in rows:
        before = first[row.user]
        if row.via != before.via:
            say(f"period {row.period} of {row.user} names another who brought them than the first")
        elif row is before and row.via is not None:
            _check_first(row, first.get(row.via.get("inviter", "")), say)
            brought.update([row.via["invite"]] if row.via.get("invite") else [])
    return brought


def _check_first(row: Member, inviter: Member | None, say: Callable[[str], None]) -> None:
    via = row.via or {}
    # People of one commit share an entry, in the order in which they came.
    if inviter is None or inviter.user == row.user or inviter.joined_pos > row.joined_pos:
        say(f"{row.user} was brought by {via.get('inviter')}, who was not in the group before")
    elif via.get("parent") != (inviter.via or {}).get("invite"):
        say(f"{row.user} names another invite of {inviter.user} than they came by")


def check_uses(database: Database, group: str, brought: Counter[str], say: Callable[[str], None]) -> None:
    """Whoever an invite brought was counted as a use of it."""
    rows = database.find(_USES, [(invite,) for invite in brought]) if brought else []
    uses = {invite: count for invite, of, count in rows if of == group}
    for invite, people in brought.items():
        if invite not in uses:
            say(f"group {group}: invite {invite}, which brought somebody, is not there")
        elif uses[invite] < people:
            say(f"group {group}: invite {invite} brought {people} and was used {uses[invite]} times")
