"""Invites, and requests to come in."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text, UniqueConstraint
from sqlalchemy import text as sql

from chatd.store.schema.columns import flag, metadata, number, text

invites = Table(
    "invites",
    metadata,
    Column("invite_id", Text, primary_key=True),
    text("secret", null=True),
    text("group_id"),
    text("maker"),
    text("kind"),
    text("role"),
    text("target", null=True),
    flag("approval"),
    text("note"),
    number("created_at"),
    number("made_pos"),
    number("expires_at", null=True),
    number("max_uses", null=True),
    number("uses"),
    number("revoked_at", null=True),
    flag("pull"),
    number("declined_at", null=True),
    UniqueConstraint("secret", name="invites_by_secret"),
    Index("invites_by_group", "group_id", "created_at", "invite_id"),
)
Index(
    "invites_by_target",
    invites.c.target,
    invites.c.created_at,
    invites.c.invite_id,
    sqlite_where=sql("target IS NOT NULL"),
    postgresql_where=sql("target IS NOT NULL"),
)

invite_makers = Table(
    "invite_makers",
    metadata,
    text("group_id"),
    text("user_id"),
    text("open"),
    number("void_pos"),
    PrimaryKeyConstraint("group_id", "user_id"),
)

join_requests = Table(
    "join_requests",
    metadata,
    text("group_id"),
    text("user_id"),
    number("number"),
    text("state"),
    number("at"),
    text("answer"),
    text("role"),
    text("invite", null=True),
    text("via", null=True),
    text("decided_by", null=True),
    number("decided_at", null=True),
    PrimaryKeyConstraint("group_id", "user_id"),
)
Index("join_requests_by_user", join_requests.c.user_id, join_requests.c.group_id)
for _by in ("group_id", "user_id"):
    Index(
        f"join_requests_of_{_by.removesuffix('_id')}",
        join_requests.c[_by],
        join_requests.c.at,
        sqlite_where=sql("state = 'pending'"),
        postgresql_where=sql("state = 'pending'"),
    )

join_queues = Table("join_queues", metadata, Column("group_id", Text, primary_key=True), number("pending"))
