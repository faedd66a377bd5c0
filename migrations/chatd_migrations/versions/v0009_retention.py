"""Retention: how far the log of a group has gone, and how long its messages are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for name in ("floor", "floor_seq", "floor_at", "swept"):
        op.add_column("groups", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("groups", sa.Column("keep_days", sa.Integer(), nullable=True))
    op.add_column("sections", sa.Column("floor_seq", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    going = sa.text("swept < floor")
    op.create_index("groups_to_cut", "groups", ["group_id"], sqlite_where=going, postgresql_where=going)
    chosen = sa.text("keep_days IS NOT NULL")
    op.create_index("groups_that_keep", "groups", ["group_id"], sqlite_where=chosen, postgresql_where=chosen)
