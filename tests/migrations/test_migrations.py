"""The history of the tables leads to the tables as they are described, on both databases, and says where it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

import chatd_migrations
from chatd.store.database import connect
from chatd.store.failures import StoreLost
from chatd.store.migrate import life, migrate, revision
from chatd.store.schema import metadata
from chatd_protocol.runs import line_of
from tests.pg import PostgresServer


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """A connection of SQLAlchemy's to what `store.url` names."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def history() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(chatd_migrations.__file__).parent))
    return ScriptDirectory.from_config(config)


def test_head_is_the_newest_revision_and_there_is_one() -> None:
    assert history().get_heads() == [chatd_migrations.HEAD]


def test_the_history_leads_to_the_described_tables(store_url: str) -> None:
    migrate(store_url)
    with opened(store_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_comparison_sees_a_difference(store_url: str) -> None:
    migrate(store_url)
    with opened(store_url) as connection:
        connection.exec_driver_sql("ALTER TABLE users ADD COLUMN odd TEXT")
        connection.exec_driver_sql("DROP INDEX entries_by_seq")
        context = MigrationContext.configure(connection)
        assert len(compare_metadata(context, metadata)) == 2


@pytest.fixture
def other_url(store_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A second empty database of the same kind."""
    if store_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.fresh_database() as url:
        yield url


def test_the_database_says_the_same_of_both(store_url: str, other_url: str) -> None:
    """Also what a comparison by Alembic leaves out: conditions of indexes, order of keys."""
    migrate(store_url)
    with opened(other_url) as connection:
        metadata.create_all(connection)
    assert catalogue(store_url) == catalogue(other_url)


def catalogue(url: str) -> dict[str, Any]:
    """Tables with columns in no order, keys, and indexes with their conditions, as the database has them."""
    with opened(url) as connection:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return sorted((tuple(row) for row in connection.exec_driver_sql(sql)), key=repr)

        if url.startswith("postgresql"):
            return {
                "columns": ask(
                    "SELECT table_name, column_name, data_type, is_nullable, column_default"
                    " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
                ),
                "indexes": ask(
                    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
                ),
                "constraints": ask(
                    "SELECT conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) FROM pg_constraint"
                    " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
                ),
            }
        kept = "FROM sqlite_master WHERE tbl_name <> 'alembic_version'"
        tables = [name for (name,) in ask(f"SELECT name {kept} AND type = 'table'")]
        return {
            "columns": {
                table: ask(f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')") for table in tables
            },
            "indexes": [
                re.sub(r"\s+", " ", sql) for (sql,) in ask(f"SELECT sql {kept} AND type = 'index' AND sql IS NOT NULL")
            ],
            "references": {table: ask(f"SELECT * FROM pragma_foreign_key_list('{table}')") for table in tables},
            "unique": {
                table: [
                    ask(f"SELECT seqno, name FROM pragma_index_info('{name}')")
                    for (name,) in ask(f"SELECT name FROM pragma_index_list('{table}') WHERE \"unique\"")
                ]
                for table in tables
            },
        }


def test_an_empty_database_is_brought_to_the_newest_and_then_left_alone(store_url: str) -> None:
    assert migrate(store_url) == (None, chatd_migrations.HEAD)
    assert migrate(store_url) == (chatd_migrations.HEAD, chatd_migrations.HEAD)
    database = connect(store_url)
    assert revision(database) == chatd_migrations.HEAD
    database.close()


TITLES = {
    "tea": {"title": "明前绿茶 Green TEA", "status": "on_shelf"},
    "hidden": {"title": "绿茶", "status": "off_shelf"},
    "kiln": {"title": "ＫＩＬＮ day_one"},
    "none": {},
}


def test_items_that_were_there_are_found_by_their_title_like_those_that_come(store_url: str) -> None:
    """More of them than are read at once."""
    items = TITLES | {f"x{number}": {"title": f"杯 Cup {number}"} for number in range(1200)}
    with opened(store_url) as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(chatd_migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        connection.execute(
            text(
                "INSERT INTO catalogue (kind, item_id, rev, at, gone, private, shown, version, data)"
                " VALUES ('product', :item, 1, 1, :gone, false, false, 1, :data)"
            ),
            [{"item": item, "gone": not data, "data": json.dumps(data)} for item, data in items.items()],
        )
        command.upgrade(config, "head")
    database = connect(store_url)
    rows: dict[str, str] = dict(database.run("SELECT item_id, line FROM catalogue")[0])
    database.close()
    hidden = {"hidden", "none"}
    assert rows == {item: "" if item in hidden else line_of(data["title"]) for item, data in items.items()}


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'not' / 'yet' / 'chatd.db'}")
    assert (tmp_path / "not" / "yet" / "chatd.db").exists()


def test_a_name_with_odd_characters_is_the_same_file_everywhere(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'a%20b ü.db'}")
    assert [path.name for path in tmp_path.glob("*.db")] == ["a b ü.db"]


def test_a_database_of_a_newer_version_is_left_alone(store_url: str) -> None:
    migrate(store_url)
    database = connect(store_url)
    database.run("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ValueError, match="9999"):
        migrate(store_url)
    assert revision(database) == "9999"
    database.close()


def test_a_database_that_cannot_be_opened_is_lost() -> None:
    with pytest.raises(StoreLost):
        migrate("postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.promise("P4", "epoch")
def test_each_life_of_a_database_has_a_name_and_a_key_of_its_own(store_url: str, other_url: str) -> None:
    migrate(store_url)
    numbers = count(1)
    database = connect(store_url)
    first = life(database, lambda size: next(numbers).to_bytes(size, "big"))
    assert (len(first.key), len(first.epoch)) == (32, 24)
    assert life(database) == first
    database.close()
    migrate(other_url)
    other = connect(other_url)
    assert {life(other).epoch, life(other).key.hex()}.isdisjoint({first.epoch, first.key.hex()})
    other.close()
