"""Daily use: what people and groups choose for themselves, and what is kept beside them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("users", sa.Column("disabled", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("profile", sa.Text(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("users", sa.Column("settings", sa.Text(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("groups", sa.Column("settings", sa.Text(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("groups", sa.Column("dissolved_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "memberships", sa.Column("restricted_until", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("memberships", sa.Column("via", sa.Text(), nullable=True))
    with op.batch_alter_table("mine") as mine:
        mine.alter_column("group_id", existing_type=sa.Text(), nullable=True)
    op.create_table(
        "bans",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
    )
    op.create_index("audit_by_group", "audit", ["group_id", "audit_id"])
    op.create_index("audit_by_user", "audit", ["user_id", "audit_id"])
    op.create_table(
        "paces",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
