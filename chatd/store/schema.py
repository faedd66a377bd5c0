"""The tables: the one description that migrations are checked against and statements take their types from.

What is looked up together lies together: everything of a group begins with `group_id`, so that the tables can later be
distributed by it. Texts are UTF-8, times ms since 1970 UTC, `body` and `reactions` JSON as text (it is never searched
inside, and stays readable for a person with a database shell).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData()


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False)


def _dict(name: str) -> Column[str]:
    """A JSON object. The server default is for rows that were there before the column."""
    return Column(name, Text, nullable=False, server_default=text("'{}'"))


meta = Table("meta", metadata, Column("key", Text, primary_key=True), _text("value"))

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    _text("sub"),
    _text("name"),
    _number("created_at"),
    _number("upos"),
    _number("mine_floor"),
    Column("group_count", Integer, nullable=False),
    Column("following_count", Integer, nullable=False),
    _number("valid_after"),
    Column("disabled", Boolean(create_constraint=False), nullable=False, server_default=false()),
    _dict("profile"),
    _dict("settings"),
    UniqueConstraint("sub", name="users_by_sub"),
)

revocations = Table(
    "revocations",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    _text("device"),
    _number("before"),
    PrimaryKeyConstraint("user_id", "device"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("login", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, unique=True),
    _text("password"),
    _number("changed_at"),
)

signup_codes = Table(
    "signup_codes",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("uses_left", Integer, nullable=False),
    _number("expires_at"),
    _text("note"),
    _number("made_at"),
    Index("signup_codes_by_end", "expires_at"),
)

reset_codes = Table(
    "reset_codes",
    metadata,
    Column("login", Text, primary_key=True),
    _text("digest"),
    _number("expires_at"),
    Column("tries", Integer, nullable=False),
    _number("window_ends_at"),
    Index("reset_codes_by_end", "expires_at"),
)

handles = Table(
    "handles",
    metadata,
    Column("handle_key", Text, primary_key=True),
    _text("handle"),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    _number("taken_at"),
    _number("until", null=True),
)

name_parts = Table(
    "name_parts",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    Column("part", LargeBinary, nullable=False),
    PrimaryKeyConstraint("user_id", "part"),
    Index("name_parts_by_part", "part", "user_id"),
)

devices = Table(
    "devices",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    _dict("devices"),
    Column("revoked", Integer, nullable=False),
)

follows = Table(
    "follows",
    metadata,
    _text("user_id"),
    _text("target_id"),
    _number("at"),
    PrimaryKeyConstraint("user_id", "target_id"),
    Index("follows_by_target", "target_id", "user_id"),
)

blocks = Table(
    "blocks",
    metadata,
    _text("user_id"),
    _text("target_id"),
    _number("at"),
    PrimaryKeyConstraint("user_id", "target_id"),
)

groups = Table(
    "groups",
    metadata,
    Column("group_id", Text, primary_key=True),
    _text("kind"),
    _text("title"),
    _text("intro"),
    _text("history"),
    Column("member_limit", Integer, nullable=False),
    _number("head"),
    _number("head_at"),
    _number("seq"),
    Column("member_count", Integer, nullable=False),
    _flag("read_only"),
    _number("created_at"),
    _text("direct_key", null=True),
    _dict("settings"),
    _number("dissolved_at", null=True),
    UniqueConstraint("direct_key", name="groups_by_direct_key"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("group_id", Text, ForeignKey("groups.group_id"), nullable=False),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    Column("period", Integer, nullable=False),
    _text("role"),
    _number("from_pos"),
    _number("from_seq"),
    _number("joined_pos"),
    _number("joined_at"),
    _text("added_by", null=True),
    _number("until_pos", null=True),
    _number("until_seq", null=True),
    _text("why", null=True),
    _flag("archived"),
    Column("restricted_until", BigInteger, nullable=False, server_default=text("0")),
    _text("via", null=True),
    Column("nickname", Text, nullable=False, server_default=text("''")),
    PrimaryKeyConstraint("group_id", "user_id", "period"),
)
Index(
    "memberships_present",
    memberships.c.user_id,
    memberships.c.group_id,
    unique=True,
    sqlite_where=text("until_pos IS NULL"),
    postgresql_where=text("until_pos IS NULL"),
)

bans = Table(
    "bans",
    metadata,
    _text("group_id"),
    _text("user_id"),
    _text("by", null=True),
    _number("at"),
    _text("reason"),
    PrimaryKeyConstraint("group_id", "user_id"),
)

contacts = Table(
    "contacts",
    metadata,
    _text("user_id"),
    _text("asker_id"),
    _text("state"),
    _number("at"),
    _text("text"),
    _text("cid"),
    PrimaryKeyConstraint("user_id", "asker_id"),
)

entries = Table(
    "entries",
    metadata,
    _text("group_id"),
    _number("pos"),
    _number("at"),
    _text("kind"),
    _text("actor", null=True),
    _text("cid", null=True),
    Column("digest", LargeBinary),
    _number("seq", null=True),
    _number("target", null=True),
    Column("version", Integer, nullable=False),
    _flag("recalled"),
    _text("reactions", null=True),
    _text("body"),
    PrimaryKeyConstraint("group_id", "pos"),
)
Index(
    "entries_by_cid",
    entries.c.actor,
    entries.c.cid,
    unique=True,
    sqlite_where=text("cid IS NOT NULL"),
    postgresql_where=text("cid IS NOT NULL"),
)
Index(
    "entries_by_seq",
    entries.c.group_id,
    entries.c.seq,
    unique=True,
    sqlite_where=text("seq IS NOT NULL"),
    postgresql_where=text("seq IS NOT NULL"),
)
Index(
    "entries_recalled",
    entries.c.group_id,
    entries.c.seq,
    sqlite_where=text("recalled"),
    postgresql_where=text("recalled"),
)

reactions = Table(
    "reactions",
    metadata,
    _text("group_id"),
    _number("pos"),
    _text("user_id"),
    _text("emoji"),
    PrimaryKeyConstraint("group_id", "pos", "user_id", "emoji"),
)

reads = Table(
    "reads",
    metadata,
    _text("user_id"),
    _text("group_id"),
    _number("seq"),
    PrimaryKeyConstraint("user_id", "group_id"),
)

chats = Table(
    "chats",
    metadata,
    _text("user_id"),
    _text("group_id"),
    Column("period", Integer, nullable=False),
    _number("pinned"),
    _text("level"),
    _number("until"),
    _flag("marked"),
    PrimaryKeyConstraint("user_id", "group_id"),
)

drafts = Table(
    "drafts",
    metadata,
    _text("user_id"),
    _text("group_id"),
    _number("at"),
    _text("text"),
    _number("reply_to", null=True),
    PrimaryKeyConstraint("user_id", "group_id"),
)

mine = Table(
    "mine",
    metadata,
    _text("user_id"),
    _number("upos"),
    _number("at"),
    _text("kind"),
    _text("group_id", null=True),
    _number("pos", null=True),
    _text("body"),
    PrimaryKeyConstraint("user_id", "upos"),
)

paces = Table(
    "paces",
    metadata,
    _text("group_id"),
    _text("user_id"),
    _number("at"),
    PrimaryKeyConstraint("group_id", "user_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _number("at"),
    _text("by", null=True),
    _text("act"),
    _text("group_id", null=True),
    _text("user_id", null=True),
    _text("reason"),
    _text("details"),
    Index("audit_by_group", "group_id", "audit_id"),
    Index("audit_by_user", "user_id", "audit_id"),
)

commands = Table(
    "commands",
    metadata,
    _text("user_id"),
    _text("cid"),
    Column("digest", LargeBinary, nullable=False),
    _text("answer"),
    _number("at"),
    PrimaryKeyConstraint("user_id", "cid"),
    Index("commands_by_age", "at"),
)

writers = Table(
    "writers",
    metadata,
    Column("writer", Integer, primary_key=True, autoincrement=False),
    _number("n"),
    _text("holder"),
)

commits = Table(
    "commits",
    metadata,
    Column("writer", Integer, nullable=False),
    _number("n"),
    _text("groups"),
    _text("users"),
    PrimaryKeyConstraint("writer", "n"),
)

invites = Table(
    "invites",
    metadata,
    Column("invite_id", Text, primary_key=True),
    _text("secret", null=True),
    _text("group_id"),
    _text("maker"),
    _text("kind"),
    _text("role"),
    _text("target", null=True),
    _flag("approval"),
    _text("note"),
    _number("created_at"),
    _number("made_pos"),
    _number("expires_at", null=True),
    _number("max_uses", null=True),
    _number("uses"),
    _number("revoked_at", null=True),
    UniqueConstraint("secret", name="invites_by_secret"),
    Index("invites_by_group", "group_id", "created_at", "invite_id"),
)

invite_makers = Table(
    "invite_makers",
    metadata,
    _text("group_id"),
    _text("user_id"),
    _text("open"),
    _number("void_pos"),
    PrimaryKeyConstraint("group_id", "user_id"),
)

join_requests = Table(
    "join_requests",
    metadata,
    _text("group_id"),
    _text("user_id"),
    _number("number"),
    _text("state"),
    _number("at"),
    _text("answer"),
    _text("role"),
    _text("invite", null=True),
    _text("via", null=True),
    _text("decided_by", null=True),
    _number("decided_at", null=True),
    PrimaryKeyConstraint("group_id", "user_id"),
)
for _by in ("group_id", "user_id"):
    Index(
        f"join_requests_of_{_by.removesuffix('_id')}",
        join_requests.c[_by],
        join_requests.c.at,
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    )

join_queues = Table("join_queues", metadata, Column("group_id", Text, primary_key=True), _number("pending"))

catalogue = Table(
    "catalogue",
    metadata,
    _text("kind"),
    _text("item_id"),
    _number("rev"),
    _number("at"),
    _flag("gone"),
    _flag("private"),
    _flag("shown"),
    _number("version"),
    _text("data"),
    PrimaryKeyConstraint("kind", "item_id"),
)

card_places = Table(
    "card_places",
    metadata,
    _text("group_id"),
    _number("pos"),
    _text("kind"),
    _text("item_id"),
    _number("seq"),
    _number("at"),
    _flag("told"),
    PrimaryKeyConstraint("group_id", "pos"),
    Index("card_places_by_item", "kind", "item_id", "group_id", "pos"),
)

card_changes = Table(
    "card_changes",
    metadata,
    _text("kind"),
    _text("item_id"),
    _text("group_id"),
    _number("at"),
    _number("generation"),
    _text("cursor"),
    _text("upto"),
    _text("again"),
    PrimaryKeyConstraint("kind", "item_id", "group_id"),
    Index("card_changes_by_age", "at"),
)

boards = Table(
    "boards",
    metadata,
    Column("group_id", Text, primary_key=True),
    _text("pins"),
    Column("featured", Integer, nullable=False),
    _text("calls"),
)

featured = Table(
    "featured",
    metadata,
    _text("group_id"),
    _number("pos"),
    _text("by"),
    _number("at"),
    _text("note"),
    PrimaryKeyConstraint("group_id", "pos"),
)

mentions = Table(
    "mentions",
    metadata,
    _text("user_id"),
    _text("group_id"),
    _number("seq"),
    _number("pos"),
    _number("at"),
    PrimaryKeyConstraint("user_id", "group_id", "seq"),
    Index("mentions_by_time", "user_id", "at", "seq"),
    Index("mentions_by_group", "group_id"),
)

group_terms = Table(
    "group_terms",
    metadata,
    _text("term"),
    _text("group_id"),
    PrimaryKeyConstraint("term", "group_id"),
    Index("group_terms_by_group", "group_id"),
)

gone_groups = Table("gone_groups", metadata, Column("group_id", Text, primary_key=True), _number("at"))
Index(
    "groups_dissolved",
    groups.c.dissolved_at,
    sqlite_where=text("dissolved_at IS NOT NULL AND member_count > 0"),
    postgresql_where=text("dissolved_at IS NOT NULL AND member_count > 0"),
)
