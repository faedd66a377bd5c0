"""What each person keeps of their groups: how far they have read, their chat list, their own log."""

from __future__ import annotations

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table
from sqlalchemy import text as sql

from chatd.store.schema.columns import flag, metadata, number, text

mine = Table(
    "mine",
    metadata,
    text("user_id"),
    number("upos"),
    number("at"),
    text("kind"),
    text("group_id", null=True),
    number("pos", null=True),
    text("body"),
    PrimaryKeyConstraint("user_id", "upos"),
)

reads = Table(
    "reads",
    metadata,
    text("user_id"),
    text("group_id"),
    Column("section", Integer, nullable=False, server_default=sql("0")),
    number("seq"),
    PrimaryKeyConstraint("user_id", "group_id", "section"),
)

chats = Table(
    "chats",
    metadata,
    text("user_id"),
    text("group_id"),
    Column("period", Integer, nullable=False),
    number("pinned"),
    text("level"),
    number("until"),
    flag("marked"),
    PrimaryKeyConstraint("user_id", "group_id"),
)

drafts = Table(
    "drafts",
    metadata,
    text("user_id"),
    text("group_id"),
    number("at"),
    text("text"),
    number("reply_to", null=True),
    number("floor"),
    PrimaryKeyConstraint("user_id", "group_id"),
)
