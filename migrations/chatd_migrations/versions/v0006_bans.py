"""Bans are found by whom they are on, too: the operator asks for those of one person."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("bans_by_user", "bans", ["user_id", "group_id"])
