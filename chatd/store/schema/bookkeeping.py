"""What the server keeps of its own doings: commits, answered commands, the acts of operators and staff."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from chatd.store.schema.columns import metadata, number, text

meta = Table("meta", metadata, Column("key", Text, primary_key=True), text("value"))

writers = Table(
    "writers",
    metadata,
    Column("writer", Integer, primary_key=True, autoincrement=False),
    number("n"),
    text("holder"),
)

commits = Table(
    "commits",
    metadata,
    Column("writer", Integer, nullable=False),
    number("n"),
    text("groups"),
    text("users"),
    PrimaryKeyConstraint("writer", "n"),
)

commands = Table(
    "commands",
    metadata,
    text("user_id"),
    text("cid"),
    Column("digest", LargeBinary, nullable=False),
    text("answer"),
    number("at"),
    PrimaryKeyConstraint("user_id", "cid"),
    Index("commands_by_age", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    number("at"),
    text("by", null=True),
    text("act"),
    text("group_id", null=True),
    text("user_id", null=True),
    text("reason"),
    text("details"),
    Index("audit_by_group", "group_id", "audit_id"),
    Index("audit_by_user", "user_id", "audit_id"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    number("at"),
    text("kind"),
    text("group_id"),
    number("pos"),
    text("user_id"),
    number("made_at"),
    UniqueConstraint("kind", "group_id", "pos", "user_id", "made_at", name="ledger_once"),
)
