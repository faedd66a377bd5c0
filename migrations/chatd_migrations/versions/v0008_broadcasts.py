"""Broadcasts: one post of the operator's to many groups, and what came of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("broadcast_id", sa.Text(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
    )
    op.create_index("broadcasts_by_state", "broadcasts", ["state", "broadcast_id"])
    op.create_table(
        "broadcast_groups",
        sa.Column("broadcast_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("broadcast_id", "group_id"),
    )
    waiting = sa.text("result = ''")
    op.create_index(
        "broadcast_groups_waiting",
        "broadcast_groups",
        ["broadcast_id", "group_id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
