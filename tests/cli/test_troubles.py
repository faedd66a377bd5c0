"""What a person reads when a file, a disk, a database or a port is not as it should be: never a traceback."""

from __future__ import annotations

import ast
import errno
import json
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import chatd
from chatd.backup.ledger_file import LINE_MAX, LedgerFile, Line
from chatd.backup.trouble import Trouble
from chatd.cli import troubles
from chatd.cli.answers import FAILED, MISUSED
from chatd.cli.texts.troubles import TEXTS
from chatd.config import ConfigError
from chatd.core.refusal import Refused
from chatd.store.failures import StorageFull, StoreLost
from chatd.store.lock import Held
from tests.cli.program import Program

ENDS_ELSEWHERE = {
    "chatd.cli.top_screen.Away": "the live figures say that the server is away, and wait for it",
    "chatd.cli.typed.desk.Mistyped": "the chat says what it did not understand",
    "chatd.cli.typed.desk.NotANumber": "the same",
    "chatd.demo.scenes.Misread": "a mistake in what the demo's people say: its tests read all of it",
    "chatd.outbound.Unreachable": "keys and codes are asked for again",
    "chatd.search.index.IndexBroken": "the follower makes the index anew",
    "chatd.service.export.Missing": "`chatd export` says that there is nothing of that name",
    "chatd.service.words.BadWords": "a ValueError with a line for each word",
    "chatd.store.engine.Fenced": "the writer ends, and the server with it",
    "chatd.store.readers.ReaderLost": "an op is answered with `unavailable`; a start says what the database said",
    "chatd.store.verify._Enough": "verifying ends where there are too many problems to list",
}
"""Exceptions of chatd that no command ends with, and what becomes of them."""


def test_every_exception_of_chatd_is_said_in_words_or_ends_elsewhere() -> None:
    root, named = Path(chatd.__file__).parent, set()
    for path in root.rglob("*.py"):
        module = ".".join(["chatd", *path.relative_to(root).with_suffix("").parts])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name) and re.search(r"(Exception|Error)$", base.id) for base in node.bases
            ):
                named.add(f"{module}.{node.name}")
    said = {f"{kind.__module__}.{kind.__name__}" for kind in troubles.TROUBLES if kind.__module__.startswith("chatd")}
    assert named == said | set(ENDS_ELSEWHERE)
    assert not said & set(ENDS_ELSEWHERE)


def test_both_languages_of_a_trouble_name_the_same_things() -> None:
    for key, (english, chinese) in TEXTS.items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese)), key
        assert re.search("[一-鿿：]", chinese), key
        assert not re.search("[一-鿿]", english), key


@pytest.mark.parametrize(
    ("error", "status", "english", "chinese"),
    [
        (Held(Path("a.db")), FAILED, "a.db is in use", "a.db 正被"),
        (StorageFull("full"), FAILED, "the disk is full", "磁盘已满"),
        (OSError(errno.ENOSPC, "x", "b.log"), FAILED, "the disk is full", "磁盘已满"),
        (PermissionError(errno.EACCES, "Permission denied", "c.pem"), FAILED, "c.pem: permission", "c.pem：没有权限"),
        (StoreLost("gone away"), FAILED, "gone away", "数据库无法使用：gone away"),
        (StoreLost("no", Path("d.db")), FAILED, "d.db is no SQLite database", "d.db 不是 SQLite 数据库"),
        (sqlite3.DatabaseError("malformed"), FAILED, "malformed", "数据库无法使用：malformed"),
        (Trouble("no_room", folder="e", needed=2**20, free=0), FAILED, "1.0 MiB", "e 空间不足"),
        (Refused("forbidden"), FAILED, "no right", "没有这个权限"),
        (ConfigError(["one", "two"]), MISUSED, "one\ntwo", "one\ntwo"),
    ],
    ids=["held", "full", "enospc", "eacces", "lost", "damaged", "sqlite", "room", "refused", "settings"],
)
def test_a_trouble_is_told_in_the_language_of_the_person(
    error: Exception,
    status: int,
    english: str,
    chinese: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for lang, words in (("C.UTF-8", english), ("zh_CN.UTF-8", chinese)):
        monkeypatch.setenv("LC_ALL", lang)
        assert troubles.ended_by(error) == status
        assert words in capsys.readouterr().err


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A folder with a database that needs nothing done to it before a start."""
    program = Program(tmp_path_factory.mktemp("troubles"))
    assert program.run("migrate").returncode == 0
    return program


def _line(n: int) -> Line:
    return Line(n, 1, "recall", "g1", n, "u1", 1)


def test_a_damaged_ledger_stops_the_start_and_says_which_line_and_what_to_do(tmp_path: Path, migrated: Program) -> None:
    ledger = LedgerFile(tmp_path / "ledger.ndjson")
    ledger.add([_line(1), _line(2)])
    with ledger.path.open("ab") as file:
        file.write(b"\x00\xff garbage\n")
    kept = ledger.path.read_bytes()
    for lang, says in (("C.UTF-8", "ledger.ndjson, line 3"), ("zh_CN.UTF-8", "ledger.ndjson 第 3 行")):
        ended = migrated.run("serve", "--port", "0", LC_ALL=lang, CHATD_BACKUP__LEDGER=str(ledger.path))
        assert ended.returncode == FAILED
        assert says in ended.stderr
        assert "chatd backup --ledger-only" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert "garbage" not in ended.stderr
    assert ledger.path.read_bytes() == kept


def test_a_start_that_can_be_known_to_fail_leaves_nothing_behind(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    program.folder.mkdir()
    (tmp_path / "no.pem").write_text("no key", encoding="utf-8")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        ways: tuple[dict[str, str], ...] = (
            {"CHATD_BACKUP__LEDGER": "backups/ledger.ndjson"},
            {"CHATD_SERVER__PORT": str(taken.getsockname()[1]), "CHATD_BACKUP__LEDGER": "ledger.ndjson"},
            {"CHATD_SERVER__HOST": "192.0.2.1"},
            {"CHATD_SERVER__TLS_CERT": str(tmp_path / "no.pem"), "CHATD_SERVER__TLS_KEY": str(tmp_path / "no.pem")},
            {"CHATD_AUTH__JWT_ALGORITHM": "RS256", "CHATD_AUTH__JWT_PUBLIC_KEY_FILE": str(tmp_path / "no.pem")},
            {"CHATD_WORDS__FILES": "words.txt"},
        )
        for way in ways:
            ended = program.run("serve", LC_ALL="zh_CN.UTF-8", **{"CHATD_SERVER__PORT": "1"} | way)
            assert (ended.returncode, ended.stderr.startswith("chatd: 无法启动：")) == (FAILED, True), (
                way,
                ended.stderr,
            )
            assert sorted(program.folder.iterdir()) == [], way


def test_a_ledger_that_is_one_long_line_is_damaged_there(tmp_path: Path) -> None:
    ledger = LedgerFile(tmp_path / "ledger.ndjson")
    ledger.add([_line(1)])
    with ledger.path.open("ab") as file:
        file.write(b"x" * 3 * LINE_MAX)
    with pytest.raises(Trouble) as trouble:
        ledger.last()
    assert (trouble.value.code, trouble.value.values["line"]) == ("ledger", 2)


@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("migrate",), ("verify",)])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    program = Program(tmp_path)
    program.database.write_bytes(b"not a database, but long enough to be read as one" * 100)
    kept = program.database.read_bytes()
    ended = program.run(*arguments)
    assert ended.returncode == FAILED
    assert f"{program.database} is no SQLite database" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert program.database.read_bytes() == kept


def test_a_database_with_torn_pages_is_no_traceback(tmp_path: Path, migrated: Program) -> None:
    program, whole = Program(tmp_path), migrated.database.read_bytes()
    program.database.write_bytes(whole[:4096] + b"\xa5" * 40 * 4096 + whole[41 * 4096 :])
    for arguments in (("verify",), ("backup", "x.backup"), ("export", "user", "ann")):
        ended = program.run(*arguments)
        assert ended.returncode == FAILED, arguments
        assert "Traceback" not in ended.stderr, arguments
        assert "malformed" in ended.stderr or str(program.database) in ended.stderr, arguments


def test_a_database_of_a_newer_chatd_is_left_alone(tmp_path: Path, migrated: Program) -> None:
    program = Program(tmp_path)
    program.database.write_bytes(migrated.database.read_bytes())
    with closing(sqlite3.connect(program.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for arguments in (("serve", "--port", "0"), ("migrate",)):
        ended = program.run(*arguments)
        assert ended.returncode == FAILED
        assert "9999" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_named(migrated: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = migrated.run("serve", "--port", str(port), LC_ALL="zh_CN.UTF-8")
    assert ended.returncode == FAILED
    assert f"127.0.0.1 的端口 {port} 已被占用" in ended.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"CHATD_SERVER__TLS_CERT": "none.pem", "CHATD_SERVER__TLS_KEY": "bad.pem"}, "none.pem: no such file"),
        (
            {"CHATD_SERVER__TLS_CERT": "bad.pem", "CHATD_SERVER__TLS_KEY": "bad.pem"},
            "tls_cert or tls_key holds no certificate",
        ),
        ({"CHATD_SERVER__HOST": "203.0.113.9"}, "203.0.113.9 is no address of this machine"),
        ({"CHATD_AUTH__JWT_ALGORITHM": "RS256", "CHATD_AUTH__JWT_PUBLIC_KEY_FILE": "bad.pem"}, "bad.pem holds no"),
        ({"CHATD_SERVER__STATE_DIR": "state"}, "chatd.secret holds no secret"),
        ({"CHATD_STORE__URL": "sqlite:///bad.pem/chatd.db", "CHATD_AUTH__JWT_SECRET": "0" * 40}, "bad.pem: "),
    ],
    ids=["no certificate", "bad certificate", "host", "no key", "no secret", "folder is a file"],
)
def test_a_start_that_fails_names_the_setting_or_the_file(
    migrated: Program, settings: dict[str, str], says: str
) -> None:
    (migrated.folder / "bad.pem").write_text("nothing of use\n")
    (migrated.folder / "state").mkdir(exist_ok=True)
    (migrated.folder / "state/chatd.secret").write_bytes(b"\xff\xfe" * 100)
    ended = migrated.run("serve", "--port", "0", **settings)
    assert ended.returncode == FAILED
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("line", ["verify", "serve", "backup new.backup", "doctor --json"])
def test_a_database_without_room_for_its_files_is_a_full_disk(tmp_path: Path, line: str) -> None:
    program = Program(tmp_path)
    with program.serving():
        pass  # so that all files are there but those beside an open database
    if line.startswith("doctor"):  # which touches nothing where there is no WAL
        program.database.with_name("chatd.db-wal").touch()
    full = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); from chatd.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", full, *line.split()],
        cwd=program.folder,
        env=program.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "the disk is full" in ended.stdout + ended.stderr, ended.stderr
    assert ended.returncode == FAILED


def test_an_answer_that_cannot_be_written_is_a_failure_without_a_traceback(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "chatd", "migrate", "--json"],
            cwd=program.folder,
            env=program.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == FAILED
    assert json.loads(ended.stderr) == {"error": "disk_full", "message": "the disk is full"}


def test_an_empty_database_cannot_be_backed_up_and_says_so(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with closing(sqlite3.connect(program.database)) as database, database:
        database.execute("CREATE TABLE something (x)")
    ended = program.run("backup", "x.backup")
    assert ended.returncode == FAILED
    assert "nothing in the database to back up" in ended.stderr
    assert not (tmp_path / "x.backup").exists()
