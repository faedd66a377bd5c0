"""The database as it lies there: reachable, at which revision, whole, and set up so that what is acknowledged stays."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from chatd.cli.doctor.findings import Finding
from chatd.config import Config
from chatd.store.database import SQLITE_NO_INDEX

if TYPE_CHECKING:
    import psycopg

CHECK_S: Final = 8.0
WAL_MB: Final = 256
AHEAD_MS: Final = 5_000
POSTGRES_MIN: Final = 14
"""The oldest that the tests know."""


def check_store(config: Config) -> Iterator[Finding]:
    """The embedded database or PostgreSQL, whichever the settings name."""
    path = config.sqlite_path()
    if path is None:
        yield from _check_postgres(config)
    elif not (path := path.absolute()).exists():
        en = f"There is no database at {path} yet: the first start makes it."
        yield Finding("note", "store.file", en, f"{path} 还没有数据库：首次启动时会创建。")
    else:
        yield from check_sqlite(path)
        search = config.search_path()
        if search is not None and search.exists() and config.search.on:
            yield from _whole(
                search, "search.file", "delete it and start: it is made anew from the log", "删除后启动即可重建"
            )


def check_sqlite(path: Path) -> Iterator[Finding]:
    """Reads only: beside a server through its WAL, else without touching a file of it."""
    try:
        with contextlib.closing(_open(path)) as database:
            mode = "wal" if _is_wal(path) else database.execute("PRAGMA journal_mode").fetchone()[0]
            tables = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
            revision = database.execute("SELECT version_num FROM alembic_version").fetchone()[0] if tables else None
            newest = database.execute("SELECT max(head_at) FROM groups").fetchone()[0] if revision else None
    except (sqlite3.Error, OSError, TypeError) as error:
        if getattr(error, "sqlite_errorcode", 0) == SQLITE_NO_INDEX:
            en, zh = (
                f"{path} cannot be read while the disk is full: make room.",
                f"磁盘已满，{path} 读不了：请腾出空间。",
            )
        else:
            en = f"{path} cannot be read as a database ({error}): restore it from a backup."
            zh = f"{path} 无法作为数据库读取（{error}）：请从备份恢复。"
        yield Finding("fail", "store.file", en, zh)
        return
    yield _revision(revision)
    if revision is None:
        return
    if mode != "wal":
        en = (
            f"The journal is {mode}, not WAL: no server has run on it yet, or something else opened the database;"
            " `chatd serve` sets it right."
        )
        zh = f"日志模式是 {mode} 而不是 WAL：还没有服务器用过，或有别的程序动过；chatd serve 会设好。"
        yield Finding("warn", "store.journal", en, zh)
    else:
        yield Finding("ok", "store.journal", "The journal is WAL.", "日志模式为 WAL。")
    wal = path.with_name(path.name + "-wal")
    wal_mb = wal.stat().st_size // 2**20 if wal.exists() else 0
    if wal_mb > WAL_MB:
        en = f"{wal} has {wal_mb} MB: some reader keeps its snapshot open; restart what reads the file."
        yield Finding("warn", "store.wal", en, f"{wal} 有 {wal_mb} MB：有读者一直不放快照，请重启读取该文件的程序。")
    yield _newest(newest)
    yield from _whole(path, "store.whole", "stop, and restore it from a backup", "请停止服务并从备份恢复")


def _open(path: Path) -> sqlite3.Connection:
    """Read only. Without a WAL nobody has it open, and `immutable` keeps SQLite from making files beside it."""
    alone = not path.with_name(path.name + "-wal").exists()
    uri = f"file:{quote(str(path))}?mode=ro" + ("&immutable=1" if alone else "")
    return sqlite3.connect(uri, uri=True, timeout=2.0)


def _is_wal(path: Path) -> bool:
    """As the file itself says (https://sqlite.org/fileformat.html#file_format_version_numbers): a connection that takes
    it for immutable names another mode."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _whole(path: Path, check: str, en_do: str, zh_do: str) -> Iterator[Finding]:
    deadline = time.monotonic() + CHECK_S
    try:
        with contextlib.closing(_open(path)) as database:
            database.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
            said = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            yield Finding("fail", check, f"{path}: {error}: {en_do}.", f"{path}：{error}：{zh_do}。")
            return
        en = f"{path} is large: looked at for {CHECK_S:g} s without a fault; `chatd verify` looks at all."
        yield Finding("note", check, en, f"{path} 很大：检查了 {CHECK_S:g} 秒未见问题，完整检查用 chatd verify。")
        return
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said == "ok":
        yield Finding("ok", check, f"{path} is whole (quick check).", f"{path} 完好（快速检查）。")
    else:
        yield Finding("fail", check, f"{path} is damaged ({said}): {en_do}.", f"{path} 已损坏（{said}）：{zh_do}。")


def _revision(revision: str | None) -> Finding:
    from chatd_migrations import HEAD

    if revision is None:
        return Finding(
            "note",
            "store.revision",
            "The database is empty: the first start fills it.",
            "数据库是空的：首次启动时建表。",
        )
    if revision == HEAD:
        return Finding("ok", "store.revision", f"The tables are at revision {HEAD}.", f"表结构为修订 {HEAD}。")
    if revision < HEAD:
        en = f"The tables are at {revision}, this version wants {HEAD}: `chatd migrate` or the next start mends it."
        return Finding(
            "note", "store.revision", en, f"表结构为 {revision}，本版本需要 {HEAD}：chatd migrate 或下次启动会升级。"
        )
    en = f"The tables are at {revision}, newer than this version ({HEAD}): run the newer chatd."
    return Finding("fail", "store.revision", en, f"表结构 {revision} 比本版本（{HEAD}）新：请用更新的 chatd。")


def _newest(newest_ms: int | None) -> Finding:
    ahead_ms = (newest_ms or 0) - time.time_ns() // 1_000_000
    if ahead_ms > AHEAD_MS:
        en = f"The newest entry is {ahead_ms // 1000} s in the future: set the clock; until then times stand still."
        return Finding(
            "fail", "clock.newest", en, f"最新的一条在未来 {ahead_ms // 1000} 秒：请校准时钟，在那之前时间不会前进。"
        )
    return Finding("ok", "clock.newest", "No entry is from the future.", "没有来自未来的记录。")


def _check_postgres(config: Config) -> Iterator[Finding]:
    import psycopg

    try:
        with psycopg.connect(
            config.store.url, connect_timeout=5, autocommit=True, options="-c statement_timeout=5000"
        ) as database:
            yield from check_postgres(database, config)
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        en = f"PostgreSQL does not answer ({said}): is it up, and is [store] url right?"
        yield Finding("fail", "store.reachable", en, f"PostgreSQL 没有应答（{said}）：它在运行吗？[store] url 对吗？")


def check_postgres(database: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:
    """Settings by which PostgreSQL forgets what it said was stored, and others."""

    def ask(sql: str) -> Any:
        row = database.execute(sql.encode()).fetchone()
        return row[0] if row else None

    version = database.info.server_version // 10_000
    if version < POSTGRES_MIN:
        en = f"PostgreSQL {version} is older than {POSTGRES_MIN}, the oldest that is tested: upgrade it."
        yield Finding(
            "warn", "store.version", en, f"PostgreSQL {version} 早于测试过的最低版本 {POSTGRES_MIN}：请升级。"
        )
    else:
        yield Finding("ok", "store.version", f"PostgreSQL {version}.", f"PostgreSQL {version}。")
    if ask("SELECT pg_is_in_recovery()"):
        en = "This PostgreSQL is a standby and takes no writes: name the primary in [store] url."
        yield Finding("fail", "store.primary", en, "这是备库，不能写入：[store] url 要指向主库。")
        return
    for name, level, en, zh in (
        ("fsync", "fail", "acknowledged messages are lost at a power cut", "断电会丢失已确认的消息"),
        ("full_page_writes", "fail", "a power cut can leave half-written pages", "断电可能留下写了一半的页"),
        (
            "synchronous_commit",
            "note",
            "chatd sets it on for itself, other programs are on their own",
            "chatd 会自行打开，其他程序不受保护",
        ),
    ):
        value = ask(f"SHOW {name}")
        if value == "off":
            yield Finding(
                "fail" if level == "fail" else "note",
                "store.durable",
                f"{name} is off: {en}; switch it on.",
                f"{name} 为 off：{zh}，请打开。",
            )
        else:
            yield Finding("ok", "store.durable", f"{name} is {value}.", f"{name} 为 {value}。")
    if (encoding := ask("SHOW server_encoding")) != "UTF8":
        en = f"The database is {encoding}: Chinese cannot be stored in it; make one with ENCODING 'UTF8'."
        yield Finding("fail", "store.encoding", en, f"数据库编码是 {encoding}，存不了中文：请用 ENCODING 'UTF8' 新建。")
    yield from _room(ask, config)
    ahead_s = float(ask("SELECT extract(epoch FROM clock_timestamp())")) - time.time()
    if abs(ahead_s) > 2:
        en = f"Its clock and ours differ by {ahead_s:+.1f} s: let both follow the same NTP."
        yield Finding("warn", "clock.database", en, f"数据库与本机时钟相差 {ahead_s:+.1f} 秒：请让两者跟随同一 NTP。")
    else:
        yield Finding("ok", "clock.database", "Its clock agrees with ours.", "数据库时钟与本机一致。")
    tables = ask("SELECT to_regclass('alembic_version') IS NOT NULL")
    revision = ask("SELECT version_num FROM alembic_version") if tables else None
    yield _revision(revision)
    if revision is not None:
        yield _newest(ask("SELECT max(head_at) FROM groups"))


def _room(ask: Any, config: Config) -> Iterator[Finding]:
    most, used = (
        int(ask("SHOW max_connections")),
        int(ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")),
    )
    needed = config.store.readers + 2 * config.search.readers + 4
    if most - used < needed:
        en = f"{most - used} of {most} connections are free, a server takes up to {needed}: raise max_connections."
        yield Finding(
            "warn",
            "store.connections",
            en,
            f"{most} 个连接只剩 {most - used} 个，服务器最多用 {needed} 个：请调高 max_connections。",
        )
    else:
        yield Finding(
            "ok",
            "store.connections",
            f"{most - used} of {most} connections are free.",
            f"{most} 个连接中空闲 {most - used} 个。",
        )
