"""Broadcasts of the operator, and what came of each group."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, Text
from sqlalchemy import text as sql

from chatd.store.schema.columns import json_dict, metadata, number, text

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("broadcast_id", Text, primary_key=True),
    text("digest"),
    text("state"),
    text("kind"),
    text("sender"),
    json_dict("body"),
    number("at"),
    number("ended_at", null=True),
    Column("total", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Index("broadcasts_by_state", "state", "broadcast_id"),
)

broadcast_groups = Table(
    "broadcast_groups",
    metadata,
    text("broadcast_id"),
    text("group_id"),
    text("result"),
    number("pos", null=True),
    number("at", null=True),
    PrimaryKeyConstraint("broadcast_id", "group_id"),
    Index(
        "broadcast_groups_waiting",
        "broadcast_id",
        "group_id",
        sqlite_where=sql("result = ''"),
        postgresql_where=sql("result = ''"),
    ),
)
