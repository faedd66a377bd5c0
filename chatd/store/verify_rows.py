"""Rows that `verify` must not find: without a parent, or at odds with another row. One statement each."""

from __future__ import annotations

from typing import Final

from chatd.store import attribution, cards, ledger, mentions

NAMED_MAX: Final = 20
"""How many rows with the same problem are named."""


def known(table: str, key: str, of: str) -> str:
    """The condition that a row has its parent. Rows without one are named by `MUST_BE_EMPTY`; where others are walked
    by group or user they would only come at nobody's turn."""
    return f"EXISTS (SELECT 1 FROM {table} AS p WHERE p.{key} = {of}.{key})"


def _orphans(table: str, column: str, parent: str, key: str) -> str:
    return (
        f"SELECT DISTINCT o.{column} FROM {table} AS o"
        f" WHERE NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE p.{key} = o.{column})"
    )


MUST_BE_EMPTY: Final = {
    "entries: {0} is no group": _orphans("entries", "group_id", "groups", "group_id"),
    "bans: {0} is no group": _orphans("bans", "group_id", "groups", "group_id"),
    "group_terms: {0} is no group": _orphans("group_terms", "group_id", "groups", "group_id"),
    "gone_groups: {0} is no group": _orphans("gone_groups", "group_id", "groups", "group_id"),
    "reactions: {0} is no group": _orphans("reactions", "group_id", "groups", "group_id"),
    "memberships: {0} is no group": _orphans("memberships", "group_id", "groups", "group_id"),
    "memberships: {0} is no user": _orphans("memberships", "user_id", "users", "user_id"),
    "mine: {0} is no user": _orphans("mine", "user_id", "users", "user_id"),
    "commands: {0} is no user": _orphans("commands", "user_id", "users", "user_id"),
    "reactions: {0} is no user": _orphans("reactions", "user_id", "users", "user_id"),
    **{
        f"{table}: {{0}} is no user": _orphans(table, column, "users", "user_id")
        for table in ("follows", "blocks")
        for column in ("user_id", "target_id")
    },
    "broadcast_groups: {0} is no broadcast": _orphans("broadcast_groups", "broadcast_id", "broadcasts", "broadcast_id"),
    "broadcasts: {0} counts groups that are not those kept for it": (
        "SELECT b.broadcast_id FROM broadcasts AS b WHERE (b.total, b.sent, b.refused) <> (SELECT count(*),"
        " count(CASE WHEN g.result = 'sent' THEN 1 END), count(CASE WHEN g.result NOT IN ('', 'sent') THEN 1 END)"
        " FROM broadcast_groups AS g WHERE g.broadcast_id = b.broadcast_id)"
    ),
    "boards: {0} is no group": _orphans("boards", "group_id", "groups", "group_id"),
    "featured: {0} is no group": _orphans("featured", "group_id", "groups", "group_id"),
    "sections: {0} is no group": _orphans("sections", "group_id", "groups", "group_id"),
    "mentions: {0} is no user": _orphans("mentions", "user_id", "users", "user_id"),
    "mentions: {0} is mentioned at {2} of {1}, which does not name them": mentions.BASELESS,
    "follows: {0} follows themselves": "SELECT user_id FROM follows WHERE user_id = target_id",
    **{
        f"contacts: {{0}} ({column}) is no user": _orphans("contacts", column, "users", "user_id")
        for column in ("user_id", "asker_id")
    },
    "contacts: {0} has answered a request whose words are still kept": (
        "SELECT user_id FROM contacts WHERE state IN ('accepted', 'declined') AND text <> ''"
    ),
    "blocks: {0} blocks themselves": "SELECT user_id FROM blocks WHERE user_id = target_id",
    "reads: {0} has read {2} of the messages of {1}, which has fewer or not them": (
        "SELECT r.user_id, r.group_id, r.seq FROM reads AS r LEFT JOIN groups AS g ON g.group_id = r.group_id"
        " LEFT JOIN sections AS s ON s.group_id = r.group_id AND s.section = r.section"
        " WHERE g.group_id IS NULL OR (r.section = 0 AND r.seq > g.seq) OR r.seq < 0"
        " OR (r.section <> 0 AND (g.dissolved_at IS NULL OR g.member_count > 0) AND r.seq > coalesce(s.seq, 0))"
        " OR NOT EXISTS"
        " (SELECT 1 FROM memberships AS m WHERE m.group_id = r.group_id AND m.user_id = r.user_id)"
    ),
    "paces: {1} wrote in {0}, where they never were": (
        "SELECT p.group_id, p.user_id FROM paces AS p WHERE NOT EXISTS"
        " (SELECT 1 FROM memberships AS m WHERE m.group_id = p.group_id AND m.user_id = p.user_id)"
    ),
    "audit: {0} is no group": _orphans("audit", "group_id", "groups", "group_id") + " AND o.group_id IS NOT NULL",
    "audit: {0} is no user": _orphans("audit", "user_id", "users", "user_id") + " AND o.user_id IS NOT NULL",
    "audit: {0} acted and is no user": _orphans("audit", "by", "users", "user_id") + " AND o.by IS NOT NULL",
    **{
        f"{table}: {{0}} keeps something of {{1}}, which they were never in": (
            f"SELECT o.user_id, o.group_id FROM {table} AS o WHERE NOT EXISTS (SELECT 1 FROM memberships AS m"
            f" WHERE m.group_id = o.group_id AND m.user_id = o.user_id{same})"
        )
        for table, same in (("chats", " AND m.period = o.period"), ("drafts", ""))
    },
    "users: {0} has a log that ends before it begins": "SELECT user_id FROM users WHERE mine_floor > upos",
    **attribution.MUST_BE_EMPTY,
    **cards.MUST_BE_EMPTY,
    **ledger.MUST_BE_EMPTY,
    "groups: {0} is direct exactly if it has no direct_key": (
        "SELECT group_id FROM groups WHERE (kind = 'direct') <> (direct_key IS NOT NULL)"
    ),
}
