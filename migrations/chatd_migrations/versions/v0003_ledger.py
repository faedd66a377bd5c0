"""The ledger of what has gone for good, with what had gone before there was one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("kind", "group_id", "pos", "user_id", "made_at", name="ledger_once"),
    )
    op.execute(
        "INSERT INTO ledger (at, kind, group_id, pos, user_id, made_at)"
        " SELECT e.at, 'recall', e.group_id, e.target, coalesce(e.actor, ''), t.at FROM entries AS e"
        " JOIN entries AS t ON t.group_id = e.group_id AND t.pos = e.target"
        " WHERE e.kind = 'recall' ORDER BY e.at, e.group_id, e.pos"
    )
    op.execute(
        "INSERT INTO ledger (at, kind, group_id, pos, user_id, made_at)"
        " SELECT dissolved_at, 'gone', group_id, 0, '', 0 FROM groups"
        " WHERE dissolved_at IS NOT NULL AND member_count = 0 ORDER BY dissolved_at, group_id"
    )
