"""Bots: users that are programs, and the digests of the tokens that they speak by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "bots",
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.user_id"), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "scopes", "commands", "tokens")),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "bot_tokens",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.user_id"), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
    )
