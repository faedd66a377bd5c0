"""Groups, who is in them and who was, and how they are found."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from chatd.store.schema.columns import count, flag, json_dict, metadata, number, text

groups = Table(
    "groups",
    metadata,
    Column("group_id", Text, primary_key=True),
    text("kind"),
    text("title"),
    text("intro"),
    text("history"),
    Column("member_limit", Integer, nullable=False),
    number("head"),
    number("head_at"),
    number("seq"),
    Column("member_count", Integer, nullable=False),
    flag("read_only"),
    number("created_at"),
    text("direct_key", null=True),
    json_dict("settings"),
    number("dissolved_at", null=True),
    count("floor"),
    count("floor_seq"),
    count("floor_at"),
    count("swept"),
    Column("keep_days", Integer),
    UniqueConstraint("direct_key", name="groups_by_direct_key"),
)
Index(
    "groups_dissolved",
    groups.c.dissolved_at,
    sqlite_where=sql("dissolved_at IS NOT NULL AND member_count > 0"),
    postgresql_where=sql("dissolved_at IS NOT NULL AND member_count > 0"),
)
Index("groups_to_cut", groups.c.group_id, sqlite_where=sql("swept < floor"), postgresql_where=sql("swept < floor"))
Index(
    "groups_that_keep",
    groups.c.group_id,
    sqlite_where=sql("keep_days IS NOT NULL"),
    postgresql_where=sql("keep_days IS NOT NULL"),
)

gone_groups = Table("gone_groups", metadata, Column("group_id", Text, primary_key=True), number("at"))

memberships = Table(
    "memberships",
    metadata,
    Column("group_id", Text, ForeignKey("groups.group_id"), nullable=False),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    Column("period", Integer, nullable=False),
    text("role"),
    number("from_pos"),
    number("from_seq"),
    number("joined_pos"),
    number("joined_at"),
    text("added_by", null=True),
    number("until_pos", null=True),
    number("until_seq", null=True),
    text("why", null=True),
    flag("archived"),
    Column("restricted_until", BigInteger, nullable=False, server_default=sql("0")),
    text("via", null=True),
    Column("nickname", Text, nullable=False, server_default=sql("''")),
    Column("unfollowed_pos", BigInteger, nullable=False, server_default=sql("0")),
    PrimaryKeyConstraint("group_id", "user_id", "period"),
)
Index("memberships_by_user", memberships.c.user_id, memberships.c.group_id)
Index(
    "memberships_present",
    memberships.c.user_id,
    memberships.c.group_id,
    unique=True,
    sqlite_where=sql("until_pos IS NULL"),
    postgresql_where=sql("until_pos IS NULL"),
)

bans = Table(
    "bans",
    metadata,
    text("group_id"),
    text("user_id"),
    text("by", null=True),
    number("at"),
    text("reason"),
    PrimaryKeyConstraint("group_id", "user_id"),
    Index("bans_by_user", "user_id", "group_id"),
)

fan_groups = Table("fan_groups", metadata, Column("user_id", Text, primary_key=True), text("groups"))

paces = Table(
    "paces",
    metadata,
    text("group_id"),
    text("user_id"),
    number("at"),
    PrimaryKeyConstraint("group_id", "user_id"),
)

group_terms = Table(
    "group_terms",
    metadata,
    text("term"),
    text("group_id"),
    PrimaryKeyConstraint("term", "group_id"),
    Index("group_terms_by_group", "group_id"),
)
