"""Follows that come from a host: how new the word on an edge is, and how far an import has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "follow_versions",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "target_id"),
    )
    op.create_table(
        "follow_imports",
        sa.Column("import_id", sa.Text(), primary_key=True),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("refused", sa.Text(), nullable=False),
    )
    op.create_index("follow_imports_by_age", "follow_imports", ["at"])
