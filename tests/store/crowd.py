"""A community of some thousand rows in each table, with statistics: what the planner is asked about."""

from __future__ import annotations

from chatd.store import schema
from chatd.store.database import Database, Row
from chatd.store.statements import Insert

PEOPLE, GROUPS, PER_GROUP = 10_000, 100, 200


def fill(database: Database) -> None:
    """A community of a few thousand rows in each table, with statistics."""
    every = range(PEOPLE)
    rows: dict[str, list[Row]] = {
        "users": [(f"u{i:05}", f"s{i:05}", "", 1, 9, 0, 10, 10, 0) for i in every],
        "bots": [(f"u{i:05}", f"b{i:05}", "[]", "[]", "[]", 1) for i in every],
        "bot_tokens": [(f"d{i:05}", f"u{i:05}", 1) for i in every],
        "follows": [(f"u{i:05}", f"u{(i + k) % PEOPLE:05}", 1) for i in every for k in (1, 2, 3, -1, -2)],
        "follow_versions": [(f"u{i:05}", f"u{(i + 1) % PEOPLE:05}", 1) for i in every],
        "follow_imports": [(f"name:{i:05}", i, i, False, "{}", "[]") for i in every],
        "broadcasts": [(f"b{i:05}", "", "done", "notice", "u00007", "{}", i, i, 1, 1, 0) for i in every],
        "broadcast_groups": [(f"b{i:05}", _gid(i % GROUPS), "sent" if i % 9 else "", 1, 1) for i in every],
        "contacts": [(f"u{i:05}", f"u{(i + k) % PEOPLE:05}", "waiting", 1, "", "c") for i in every for k in (3, 4)],
        "bans": [(_gid(g), f"u{i:05}", None, 1, "") for g in range(GROUPS) for i in range(g, PEOPLE, 997)],
        "fan_groups": [(f"u{i:05}", "[]") for i in every],
        "invites": [_invite(i) for i in every],
        "invite_makers": [(_gid(i % GROUPS), f"u{i:05}", "{}", 0) for i in every],
        "join_requests": [_request(i, g) for i in every for g in (i % GROUPS, (i + 7) % GROUPS)],
        "blocks": [(f"u{i:05}", f"u{(i + 9) % PEOPLE:05}", 1) for i in every],
        "handles": [(f"h{i:05}", f"H{i:05}", f"u{i:05}", 1) for i in every],
        "name_parts": [(f"u{i:05}", f"{i:05}"[k:].encode()) for i in every for k in range(5)],
        "devices": [(f"u{i:05}", "{}", 0) for i in every],
        "groups": [_group(g) for g in range(20_000)],
        "revocations": [(f"u{i:05}", "phone", 1) for i in every],
        "reads": [(f"u{i:05}", _gid(g), s, 5) for i in every for g in (i % GROUPS, (i + 7) % GROUPS) for s in (0, 2)],
        "sections": [(f"g{g:05}", section, 28, 196) for g in range(20_000) for section in (1, 2)],
        "chats": [(f"u{i:05}", _gid(i % GROUPS), 1, i % 3, "all", 0, False) for i in every],
        "drafts": [(f"u{i:05}", _gid(g), 5, "x", None, 0) for i in every for g in (i % GROUPS, (i + 7) % GROUPS)],
        "mine": [(f"u{i:05}", n, 1, "added", _gid(i % GROUPS), 1, "{}") for i in every for n in range(1, 6)],
        "commands": [(f"u{i:05}", f"{n:022}", b"x", "{}", 1000 * i) for i in every for n in range(3)],
        "commits": [(0, n, "[]", "[]") for n in range(1, 10_001)],
        "writers": [(0, 10_000, "x")],
        "memberships": [_membership(i, g) for g in range(GROUPS) for i in range(g, PEOPLE, 200)],
        "entries": [_entry(g, pos) for g in range(GROUPS) for pos in range(1, PER_GROUP + 1)],
        "catalogue": [("product", f"p{i:05}", 1, 1, True, False, True, 1, "{}") for i in every],
        "card_places": [(_gid(g), pos, "product", f"p{pos:05}", pos, 1, False) for g in range(GROUPS) for pos in (5, 7)]
        + [(_gid(g), 100 + i, "product", f"p{g * 90 + i:05}", 9, 1, False) for g in range(GROUPS) for i in range(90)],
        "card_changes": [("product", f"p{i:05}", "", i, 1, "", "", "") for i in every],
        "boards": [(_gid(g), "[]", 0, '[[5, 5, 1, true, "u00001", 0]]') for g in range(GROUPS)]
        + [(f"b{g:05}", "[]", 0, "[]") for g in range(5000)],
        "featured": [(_gid(g), pos, "u00001", 1, "") for g in range(GROUPS) for pos in range(1, 100)],
        "mentions": [(f"u{i:05}", _gid(g), n % 3, n, n, n) for i in every for g in (i % GROUPS,) for n in (5, 6, 7)],
        "reactions": [(_gid(g), pos, f"u{i:05}", "x") for g in range(GROUPS) for pos in range(1, 40) for i in (1, 2)],
    }
    database.begin()
    for table, values in rows.items():
        # What is not named here is as it was for rows that were there before the column.
        columns = tuple(schema.metadata.tables[table].c.keys())[: len(values[0])]
        database.write(Insert(schema.metadata.tables[table], columns), values)
    database.commit()
    database.run("ANALYZE")


def _gid(number: int) -> str:
    """The groups with people and messages lie among the others."""
    return f"g{number * 200:05}"


def _group(g: int) -> Row:
    key = f"u{g:05}:u{g + 1:05}" if g % 2 else None
    return (f"g{g:05}", "direct" if key else "private", "", "", "all", 1000, 200, 1, 200, 50, False, 1, key)


def _invite(i: int) -> Row:
    group, maker, target = _gid(i % GROUPS), f"u{i:05}", f"u{i * 7 % PEOPLE:05}" if i % 4 == 0 else None
    kind, secret = ("directed", None) if target is not None else ("link", f"s{i:05}")
    return (f"i{i:05}", secret, group, maker, kind, "member", target, False, "", i, 1, None, None, 0, None, False, None)


def _request(i: int, g: int) -> Row:
    state = "refused" if i % 3 else "pending"
    return (_gid(g), f"u{i:05}", 1, state, i, "", "member", f"i{i:05}", None, None, None)


def _membership(i: int, g: int) -> Row:
    gone = 90 if i % 3 == 0 else None
    return (_gid(g), f"u{i:05}", 1, "member", 0, 0, 1, 1, None, gone, gone, "left" if gone else None, False)


def _entry(g: int, pos: int) -> Row:
    recalled = pos % 20 == 0
    cid = f"{g:04}{pos:018}"
    target = pos - 1 if pos % 3 == 0 else None
    body, section = '{"type":"text"}', 2 if pos % 7 == 0 else 0
    return (_gid(g), pos, 1, "message", f"u{pos:05}", cid, b"x", pos, target, 0, recalled, None, body, section)
