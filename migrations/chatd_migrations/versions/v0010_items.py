"""Finding items by their title: what each is found by."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

PORTION = 1000
UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
RUNS = re.compile(rf"[{UNSPACED}]+|(?:(?![{UNSPACED}])\w)+")
ITEMS = sa.table("catalogue", *map(sa.column, ("kind", "item_id", "gone", "private", "data", "line")))


def upgrade() -> None:
    op.add_column("catalogue", sa.Column("line", sa.Text(), nullable=False, server_default=sa.text("''")))
    fill()
    there = sa.text("line <> ''")
    op.create_index(
        "catalogue_to_share", "catalogue", ["kind", "at", "item_id"], sqlite_where=there, postgresql_where=there
    )


def fill() -> None:
    """As the server does for what it is told from now on, in portions."""
    bind = op.get_bind()
    key = (ITEMS.c.kind, ITEMS.c.item_id)
    query = sa.select(*key, ITEMS.c.data).where(sa.not_(ITEMS.c.gone), sa.not_(ITEMS.c.private)).order_by(*key)
    after = ("", "")
    change = (
        sa.update(ITEMS)
        .where(ITEMS.c.kind == sa.bindparam("of_kind"), ITEMS.c.item_id == sa.bindparam("of_item"))
        .values(line=sa.bindparam("its_line"))
    )
    while rows := bind.execute(query.where(sa.tuple_(*key) > sa.tuple_(*after)).limit(PORTION)).all():
        after = (rows[-1][0], rows[-1][1])
        lines = [(kind, item, line_of(json.loads(data))) for kind, item, data in rows]
        named = [{"of_kind": kind, "of_item": item, "its_line": line} for kind, item, line in lines if line]
        if named:
            bind.execute(change, named)


def line_of(data: dict[str, Any]) -> str:
    """Empty for what cannot be shared."""
    if data.get("status") == "off_shelf" or not data.get("title"):
        return ""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", data["title"]).casefold())
    return " " + " ".join(RUNS.findall(plain))
