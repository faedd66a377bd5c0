"""Erasing people: who is being erased and whose tokens are void, and by what a person's traces are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("users", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "erasures",
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.user_id"), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
    )
    op.create_table(
        "erased_subs",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("before", sa.BigInteger(), nullable=False),
    )
    op.create_index("handles_by_user", "handles", ["user_id"])
    op.create_index("blocks_by_target", "blocks", ["target_id", "user_id"])
    op.create_index("follow_versions_by_target", "follow_versions", ["target_id", "user_id"])
    op.create_index("contacts_by_asker", "contacts", ["asker_id", "user_id"])
    op.create_index("join_requests_by_user", "join_requests", ["user_id", "group_id"])
    op.create_index("memberships_by_user", "memberships", ["user_id", "group_id"])
    where = sa.text("kind IN ('nicknames', 'announcement')")
    op.create_index("entries_of_words", "entries", ["group_id", "pos"], sqlite_where=where, postgresql_where=where)
