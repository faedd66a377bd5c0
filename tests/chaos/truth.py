"""The end state, read from the database itself, past everything that chatd has to read it with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

import psycopg

from tests.chaos.history import GroupTruth, InviteRow, ItemRow, Kept, MineRow, Period, PlaceRow, Row, Truth

Query = Callable[[str], list[tuple[Any, ...]]]


def read_truth(url: str) -> Truth:
    """Everything that was kept."""
    with _open(url) as query:
        truth = Truth(query("SELECT value FROM meta WHERE key = 'epoch'")[0][0])
        for group, head, seq in query("SELECT group_id, head, seq FROM groups"):
            truth.groups[group] = GroupTruth(head, seq, [])
        for group, section, seq, head in query("SELECT group_id, section, seq, head FROM sections"):
            truth.groups[group].sections[section] = seq, head
        _read_entries(query, truth)
        for user, head, floor in query("SELECT user_id, upos, mine_floor FROM users"):
            truth.users[user], truth.mine_floor[user], truth.mine[user] = head, floor, []
        for user, upos, at, kind, group, pos, body in query(
            "SELECT user_id, upos, at, kind, group_id, pos, body FROM mine ORDER BY user_id, upos"
        ):
            truth.mine[user].append(MineRow(upos, at, kind, group, pos, json.loads(body)))
        _read_kept(query, truth.kept)
    return truth


def count_untold(url: str) -> int:
    """How many changes of the catalogue are still to be told."""
    with _open(url) as query:
        return int(query("SELECT count(*) FROM card_changes")[0][0])


def _read_kept(query: Query, kept: Kept) -> None:
    for invite, group, maker, max_uses, uses, revoked_at, target, pull, declined_at in query(
        "SELECT invite_id, group_id, maker, max_uses, uses, revoked_at, target, pull, declined_at FROM invites"
    ):
        ended, declined = revoked_at is not None, declined_at is not None
        kept.invites[invite] = InviteRow(group, maker, max_uses, uses, ended, target, bool(pull), declined)
    kept.follows = {(user, target) for user, target in query("SELECT user_id, target_id FROM follows")}
    chosen = {user: json.loads(settings).get("pull") for user, settings in query("SELECT user_id, settings FROM users")}
    kept.pulls = {user: pull for user, pull in chosen.items() if pull is not None}
    kept.bans = {(group, user) for group, user in query("SELECT group_id, user_id FROM bans")}
    newest = "(SELECT max(n.period) FROM memberships AS n WHERE n.group_id = m.group_id AND n.user_id = m.user_id)"
    restricted = "SELECT group_id, user_id FROM memberships AS m WHERE restricted_until <> 0 AND period = "
    kept.restricted = {(group, user) for group, user in query(restricted + newest)}
    for group, calls in query("SELECT group_id, calls FROM boards"):
        kept.calls[group] = [call[0] for call in json.loads(calls)]
    kept.mentions = {(user, group, pos) for user, group, pos in query("SELECT user_id, group_id, pos FROM mentions")}
    for user, group, pinned, level in query("SELECT user_id, group_id, pinned, level FROM chats"):
        kept.chats[user, group] = {"pinned": pinned, "level": level}
    for user, group, text in query("SELECT user_id, group_id, text FROM drafts"):
        kept.drafts[user, group] = text
    _read_cards(query, kept)


def _read_cards(query: Query, kept: Kept) -> None:
    for item, rev, version, at, data in query("SELECT item_id, rev, version, at, data FROM catalogue"):
        kept.items[item] = ItemRow(rev, version, at, json.loads(data)["price"])
    kept.places = [PlaceRow(*row) for row in query("SELECT group_id, pos, item_id, at FROM card_places")]
    kept.untold = query("SELECT count(*) FROM card_changes")[0][0]


def _read_entries(query: Query, truth: Truth) -> None:
    columns = "group_id, pos, at, kind, actor, cid, seq, target, version, recalled, reactions, body, section"
    for group, pos, at, kind, actor, cid, seq, target, version, recalled, reactions, body, section in query(
        f"SELECT {columns} FROM entries ORDER BY group_id, pos"
    ):
        counts = json.loads(reactions) if reactions else {}
        row = Row(pos, at, kind, actor, cid, seq, target, version, bool(recalled), counts, json.loads(body), section)
        truth.groups[group].rows.append(row)
    for group, *period in query("SELECT group_id, user_id, from_pos, joined_pos, until_pos FROM memberships"):
        truth.groups[group].periods.append(Period(*period))


@contextmanager
def _open(url: str) -> Iterator[Query]:
    if url.startswith("sqlite:///"):
        path = quote(url.removeprefix("sqlite:///"))
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as db:
            db.execute("BEGIN")
            yield lambda sql: db.execute(sql).fetchall()
    else:
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield lambda sql: connection.execute(sql.encode()).fetchall()
