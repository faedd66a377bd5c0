"""The logs of groups, and what is kept of messages beside them."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text
from sqlalchemy import text as sql

from chatd.store.schema.columns import count, flag, metadata, number, text

entries = Table(
    "entries",
    metadata,
    text("group_id"),
    number("pos"),
    number("at"),
    text("kind"),
    text("actor", null=True),
    text("cid", null=True),
    Column("digest", LargeBinary),
    number("seq", null=True),
    number("target", null=True),
    Column("version", Integer, nullable=False),
    flag("recalled"),
    text("reactions", null=True),
    text("body"),
    Column("section", Integer, nullable=False, server_default=sql("0")),
    PrimaryKeyConstraint("group_id", "pos"),
)
Index(
    "entries_by_cid",
    entries.c.actor,
    entries.c.cid,
    unique=True,
    sqlite_where=sql("cid IS NOT NULL"),
    postgresql_where=sql("cid IS NOT NULL"),
)
Index(
    "entries_by_seq",
    entries.c.group_id,
    entries.c.section,
    entries.c.seq,
    unique=True,
    sqlite_where=sql("seq IS NOT NULL"),
    postgresql_where=sql("seq IS NOT NULL"),
)
Index(
    "entries_recalled",
    entries.c.group_id,
    entries.c.section,
    entries.c.seq,
    sqlite_where=sql("recalled"),
    postgresql_where=sql("recalled"),
)
Index(
    "entries_by_section",
    entries.c.group_id,
    entries.c.section,
    entries.c.pos,
    sqlite_where=sql("section > 0"),
    postgresql_where=sql("section > 0"),
)

Index(
    "entries_of_words",
    entries.c.group_id,
    entries.c.pos,
    sqlite_where=sql("kind IN ('nicknames', 'announcement')"),
    postgresql_where=sql("kind IN ('nicknames', 'announcement')"),
)

sections = Table(
    "sections",
    metadata,
    text("group_id"),
    Column("section", Integer, nullable=False),
    number("seq"),
    number("head"),
    count("floor_seq"),
    PrimaryKeyConstraint("group_id", "section"),
)

reactions = Table(
    "reactions",
    metadata,
    text("group_id"),
    number("pos"),
    text("user_id"),
    text("emoji"),
    PrimaryKeyConstraint("group_id", "pos", "user_id", "emoji"),
)

boards = Table(
    "boards",
    metadata,
    Column("group_id", Text, primary_key=True),
    text("pins"),
    Column("featured", Integer, nullable=False),
    text("calls"),
)

featured = Table(
    "featured",
    metadata,
    text("group_id"),
    number("pos"),
    text("by"),
    number("at"),
    text("note"),
    PrimaryKeyConstraint("group_id", "pos"),
)

mentions = Table(
    "mentions",
    metadata,
    text("user_id"),
    text("group_id"),
    Column("section", Integer, nullable=False),
    number("seq"),
    number("pos"),
    number("at"),
    PrimaryKeyConstraint("user_id", "group_id", "section", "seq"),
    Index("mentions_by_time", "user_id", "at", "pos"),
    Index("mentions_by_group", "group_id"),
)
