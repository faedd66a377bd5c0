"""People: who they are, how they sign in, how they are found, whom they follow."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from chatd.store.schema.columns import flag, json_dict, metadata, number, text

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    text("sub"),
    text("name"),
    number("created_at"),
    number("upos"),
    number("mine_floor"),
    Column("group_count", Integer, nullable=False),
    Column("following_count", Integer, nullable=False),
    number("valid_after"),
    Column("disabled", Boolean(create_constraint=False), nullable=False, server_default=false()),
    json_dict("profile"),
    json_dict("settings"),
    number("erased_at", null=True),
    UniqueConstraint("sub", name="users_by_sub"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    number("at"),
    text("cursor"),
)

erased_subs = Table("erased_subs", metadata, Column("digest", Text, primary_key=True), number("before"))

revocations = Table(
    "revocations",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    text("device"),
    number("before"),
    PrimaryKeyConstraint("user_id", "device"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("login", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, unique=True),
    text("password"),
    number("changed_at"),
)

signup_codes = Table(
    "signup_codes",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("uses_left", Integer, nullable=False),
    number("expires_at"),
    text("note"),
    number("made_at"),
    Index("signup_codes_by_end", "expires_at"),
)

reset_codes = Table(
    "reset_codes",
    metadata,
    Column("login", Text, primary_key=True),
    text("digest"),
    number("expires_at"),
    Column("tries", Integer, nullable=False),
    number("window_ends_at"),
    Index("reset_codes_by_end", "expires_at"),
)

bots = Table(
    "bots",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    text("name"),
    text("scopes"),
    text("commands"),
    text("tokens"),
    number("made_at"),
)

bot_tokens = Table(
    "bot_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    number("made_at"),
)

handles = Table(
    "handles",
    metadata,
    Column("handle_key", Text, primary_key=True),
    text("handle"),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    number("taken_at"),
    number("until", null=True),
    Index("handles_by_user", "user_id"),
)

name_parts = Table(
    "name_parts",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    Column("part", LargeBinary, nullable=False),
    PrimaryKeyConstraint("user_id", "part"),
    Index("name_parts_by_part", "part", "user_id"),
)

devices = Table(
    "devices",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    json_dict("devices"),
    Column("revoked", Integer, nullable=False),
)

follows = Table(
    "follows",
    metadata,
    text("user_id"),
    text("target_id"),
    number("at"),
    PrimaryKeyConstraint("user_id", "target_id"),
    Index("follows_by_target", "target_id", "user_id"),
)

follow_versions = Table(
    "follow_versions",
    metadata,
    text("user_id"),
    text("target_id"),
    number("version"),
    PrimaryKeyConstraint("user_id", "target_id"),
    Index("follow_versions_by_target", "target_id", "user_id"),
)

follow_imports = Table(
    "follow_imports",
    metadata,
    Column("import_id", Text, primary_key=True),
    number("line"),
    number("at"),
    flag("done"),
    json_dict("counts"),
    text("refused"),
    Index("follow_imports_by_age", "at"),
)

blocks = Table(
    "blocks",
    metadata,
    text("user_id"),
    text("target_id"),
    number("at"),
    PrimaryKeyConstraint("user_id", "target_id"),
    Index("blocks_by_target", "target_id", "user_id"),
)

contacts = Table(
    "contacts",
    metadata,
    text("user_id"),
    text("asker_id"),
    text("state"),
    number("at"),
    text("text"),
    text("cid"),
    PrimaryKeyConstraint("user_id", "asker_id"),
    Index("contacts_by_asker", "asker_id", "user_id"),
)
