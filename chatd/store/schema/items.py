"""The catalogue of videos and products, where its items are shown, and who is still to be told of a change."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, Text
from sqlalchemy import text as sql

from chatd.store.schema.columns import flag, metadata, number, text

catalogue = Table(
    "catalogue",
    metadata,
    text("kind"),
    text("item_id"),
    number("rev"),
    number("at"),
    flag("gone"),
    flag("private"),
    flag("shown"),
    number("version"),
    text("data"),
    Column("line", Text, nullable=False, server_default=sql("''")),
    PrimaryKeyConstraint("kind", "item_id"),
    Index(
        "catalogue_to_share",
        "kind",
        "at",
        "item_id",
        sqlite_where=sql("line <> ''"),
        postgresql_where=sql("line <> ''"),
    ),
)

card_places = Table(
    "card_places",
    metadata,
    text("group_id"),
    number("pos"),
    text("kind"),
    text("item_id"),
    number("seq"),
    number("at"),
    flag("told"),
    Column("section", Integer, nullable=False, server_default=sql("0")),
    PrimaryKeyConstraint("group_id", "pos"),
    Index("card_places_by_item", "kind", "item_id", "group_id", "pos"),
)

card_changes = Table(
    "card_changes",
    metadata,
    text("kind"),
    text("item_id"),
    text("group_id"),
    number("at"),
    number("generation"),
    text("cursor"),
    text("upto"),
    text("again"),
    PrimaryKeyConstraint("kind", "item_id", "group_id"),
    Index("card_changes_by_age", "at"),
)
