"""Daily use: what people and groups choose for themselves, and what is kept beside them."""

from __future__ import annotations

import unicodedata

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
    op.create_table(
        "handles",
        sa.Column("handle_key", sa.Text(), primary_key=True),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.user_id"), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "name_parts",
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.user_id"), nullable=False),
        sa.Column("part", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "part"),
    )
    op.create_index("name_parts_by_part", "name_parts", ["part", "user_id"])
    op.create_table(
        "devices",
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.user_id"), primary_key=True),
        sa.Column("devices", sa.Text(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("revoked", sa.Integer(), nullable=False),
    )
    op.create_table(
        "contacts",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("asker_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("cid", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "asker_id"),
    )
    op.create_table(
        "catalogue",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "item_id"),
    )
    op.create_table(
        "card_places",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("group_id", "pos"),
    )
    op.create_index("card_places_by_item", "card_places", ["kind", "item_id", "group_id", "pos"])
    op.create_table(
        "card_changes",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("upto", sa.Text(), nullable=False),
        sa.Column("again", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "item_id", "group_id"),
    )
    op.create_index("card_changes_by_age", "card_changes", ["at"])
    op.create_table(
        "group_terms",
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("term", "group_id"),
    )
    op.create_index("group_terms_by_group", "group_terms", ["group_id"])
    op.create_table(
        "gone_groups",
        sa.Column("group_id", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index(
        "groups_dissolved",
        "groups",
        ["dissolved_at"],
        sqlite_where=sa.text("dissolved_at IS NOT NULL AND member_count > 0"),
        postgresql_where=sa.text("dissolved_at IS NOT NULL AND member_count > 0"),
    )
    op.create_table(
        "accounts",
        sa.Column("login", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.user_id"), nullable=False, unique=True),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "signup_codes",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("signup_codes_by_end", "signup_codes", ["expires_at"])
    op.create_table(
        "reset_codes",
        sa.Column("login", sa.Text(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("window_ends_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("reset_codes_by_end", "reset_codes", ["expires_at"])
    find_old_users()
    _invites()
    op.add_column("memberships", sa.Column("nickname", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "chats",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("pinned", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("marked", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "group_id"),
    )
    op.create_table(
        "drafts",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "group_id"),
    )
    op.add_column(
        "memberships", sa.Column("unfollowed_pos", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.create_table(
        "fan_groups",
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("groups", sa.Text(), nullable=False),
    )
    _sections()


def find_old_users() -> None:
    """People who were there before can be found by every ending of their names, width and case aside."""
    connection = op.get_bind()
    insert = sa.text("INSERT INTO name_parts (user_id, part) VALUES (:user_id, :part)")
    for user_id, name in connection.execute(sa.text("SELECT user_id, name FROM users")).all():
        folded = unicodedata.normalize("NFKC", name).casefold()
        parts = {folded[at : at + 16].encode() for at in range(len(folded)) if not folded[at].isspace()}
        if parts:
            connection.execute(insert, [{"user_id": user_id, "part": part} for part in sorted(parts)])


def _invites() -> None:
    op.create_table(
        "invites",
        sa.Column("invite_id", sa.Text(), primary_key=True),
        sa.Column("secret", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("group_id", "maker", "kind", "role")),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("approval", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created_at", "made_pos")),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("expires_at", "max_uses")),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("pull", sa.Boolean(), nullable=False),
        sa.Column("declined_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("secret", name="invites_by_secret"),
    )
    op.create_index("invites_by_group", "invites", ["group_id", "created_at", "invite_id"])
    directed = sa.text("target IS NOT NULL")
    op.create_index(
        "invites_by_target",
        "invites",
        ["target", "created_at", "invite_id"],
        sqlite_where=directed,
        postgresql_where=directed,
    )
    op.create_table(
        "invite_makers",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("group_id", "user_id", "open")),
        sa.Column("void_pos", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
    op.create_table(
        "join_requests",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("group_id", "user_id")),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("answer", "role")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("invite", "via", "decided_by")),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
    waiting = sa.text("state = 'pending'")
    for noun in ("group", "user"):
        op.create_index(
            f"join_requests_of_{noun}",
            "join_requests",
            [f"{noun}_id", "at"],
            sqlite_where=waiting,
            postgresql_where=waiting,
        )
    op.create_table(
        "join_queues",
        sa.Column("group_id", sa.Text(), primary_key=True),
        sa.Column("pending", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "boards",
        sa.Column("group_id", sa.Text(), primary_key=True),
        sa.Column("pins", sa.Text(), nullable=False),
        sa.Column("featured", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Text(), nullable=False),
    )
    op.create_table(
        "featured",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "pos"),
    )
    op.create_table(
        "mentions",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "group_id", "section", "seq"),
    )
    op.create_index("mentions_by_time", "mentions", ["user_id", "at", "pos"])
    op.create_index("mentions_by_group", "mentions", ["group_id"])


def _sections() -> None:
    """Whatever was written and read before stands in the main section."""
    op.create_table(
        "sections",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "section"),
    )
    op.add_column("entries", sa.Column("section", sa.Integer(), nullable=False, server_default=sa.text("0")))
    for name, columns, where in (
        ("entries_by_seq", ["group_id", "section", "seq"], sa.text("seq IS NOT NULL")),
        ("entries_recalled", ["group_id", "section", "seq"], sa.text("recalled")),
        ("entries_by_section", ["group_id", "section", "pos"], sa.text("section > 0")),
    ):
        if name != "entries_by_section":
            op.drop_index(name, "entries")
        unique = name == "entries_by_seq"
        op.create_index(name, "entries", columns, unique=unique, sqlite_where=where, postgresql_where=where)
    op.rename_table("reads", "reads_of_groups")
    op.create_table(
        "reads",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "group_id", "section"),
    )
    op.execute("INSERT INTO reads (user_id, group_id, seq) SELECT user_id, group_id, seq FROM reads_of_groups")
    op.drop_table("reads_of_groups")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX reads_pkey1 RENAME TO reads_pkey")
