"""`chatd doctor`: every finding is provoked for real, and nothing is changed by looking."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chatd.cli.doctor import disk, machine, serving, store, tls
from chatd.cli.doctor.findings import Finding, run_checks
from chatd.config import Config, load
from chatd.store.migrate import migrate
from tests.cli.program import Program

Found = dict[str, list[dict[str, str]]]


def look(program: Program, *arguments: str, status: int = 0, **env: str) -> Found:
    """What the doctor finds, by check."""
    ended = program.run("doctor", "--json", *arguments, **env)
    assert ended.returncode == status, ended.stdout + ended.stderr
    found: Found = {}
    report = json.loads(ended.stdout)
    assert sum(report["counts"].values()) == len(report["findings"])
    for finding in report["findings"]:
        assert finding["en"].rstrip().endswith((".", "'", "?"))
        assert any("\u4e00" <= char <= "\u9fff" or char.isdigit() for char in finding["zh"])
        found.setdefault(finding["check"], []).append(finding)
    return found


def levels(found: Found, check: str) -> set[str]:
    return {finding["level"] for finding in found.get(check, [])}


def text_of(found: Found, check: str) -> str:
    return " ".join(finding["en"] for finding in found[check])


@pytest.fixture
def program(tmp_path: Path) -> Program:
    # One finding is expected on machines with few descriptors; a wish for fewer connections makes it go.
    return Program(tmp_path, CHATD_WS__MAX_CONNECTIONS="100", CHATD_STORE__FREE_DISK_FLOOR_MB="1")


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its time and size; not the map of a WAL, in which every reader leaves its mark."""
    files = [path for path in sorted(folder.rglob("*")) if not path.name.endswith("-shm")]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def test_without_a_server_and_beside_one_it_finds_nothing_wrong_and_changes_nothing(program: Program) -> None:
    found = look(program)
    assert levels(found, "store.file") == {"note"}
    assert levels(found, "server.port") == {"ok"}
    assert listing(program.folder) == {}
    with program.serving() as served:
        before = listing(program.folder)
        found = look(program, "--url", served.url.replace("ws://", "http://").removesuffix("/ws"))
        assert listing(program.folder) == before
    assert str(served.process.pid) in text_of(found, "server.alive")
    for check in ("store.journal", "store.whole", "store.revision", "clock.newest", "public.http", "public.upgrade"):
        assert levels(found, check) == {"ok"}, check
    assert levels(found, "public.tls") == {"warn"}
    before = listing(program.folder)
    found = look(program)
    assert listing(program.folder) == before
    assert levels(found, "store.whole") == {"ok"}
    assert {"fail", "warn"} & {level for check in found for level in levels(found, check)} == set()


def test_people_read_it_in_their_language_and_may_see_only_problems(program: Program) -> None:
    ended = program.run("doctor", LC_ALL="zh_CN.UTF-8", COLUMNS="80")
    assert "警告" in ended.stdout
    assert "✓ versions.chatd" in ended.stdout
    few = program.run("doctor", "--problems", CHATD_DEBUG__ECHO="true")
    assert few.returncode == 0
    assert few.stdout.startswith("! config.risk")
    assert "✓" not in few.stdout
    assert few.stdout.rstrip().endswith("0 failures.")


def test_wrong_settings_are_all_named(program: Program) -> None:
    (program.folder / "chatd.toml").write_text("[ws]\nstall_timout_s = 5\n[server]\nport = 'x'\n")
    found = look(program, status=1)
    assert levels(found, "config.settings") == {"fail"}
    assert "stall_timeout_s" in text_of(found, "config.settings")
    assert "port" in text_of(found, "config.settings")
    assert "store.file" not in found
    assert "nowhere.toml" in text_of(look(program, "--config", "nowhere.toml", status=1), "config.settings")


@pytest.mark.parametrize(
    ("name", "value", "level", "says"),
    [
        ("SERVER__TRUSTED_PROXIES", "0.0.0.0/0", "fail", "trusted_proxies"),
        ("SERVER__HOST", "::", "warn", "without TLS"),
        ("SERVER__ALLOWED_ORIGINS", "*", "warn", "allowed_origins"),
        ("DEBUG__ECHO", "true", "warn", "echo"),
        ("LOG__LEVEL", "debug", "warn", "log"),
        ("RATES__ON", "false", "warn", "rates"),
        ("STORE__FREE_DISK_FLOOR_MB", "0", "warn", "free_disk_floor_mb"),
        ("AUTH__JWT_SECRET_BEFORE", "x" * 40, "note", "jwt_secret_before"),
        ("ACCOUNTS__HOOK_ALLOW_LOOPBACK", "true", "note", "hook_allow_loopback"),
        ("SEARCH__ON", "false", "note", "search"),
    ],
)
def test_a_risky_setting_is_pointed_out(program: Program, name: str, value: str, level: str, says: str) -> None:
    found = look(program, status=int(level == "fail"), **{f"CHATD_{name}": value})
    assert levels(found, "config.risk") == {level}
    assert says in text_of(found, "config.risk")
    assert value not in text_of(found, "config.risk") or len(value) < 40


def test_weak_rules_for_passwords_count_only_with_accounts_of_our_own(program: Program) -> None:
    weak: dict[str, Any] = {"CHATD_ACCOUNTS__PASSWORD_MIN": "4", "CHATD_ACCOUNTS__HASH_MEMORY_KIB": "8"}
    assert "config.risk" not in look(program, **weak)
    found = look(program, CHATD_ACCOUNTS__SIGNUP="open", **weak)
    assert len(found["config.risk"]) == 2


def test_a_name_in_the_environment_that_is_no_setting_is_noted(program: Program) -> None:
    assert "CHATD_PORT" in text_of(look(program, CHATD_PORT="1"), "config.environment")


def test_files_that_others_can_read_are_found(program: Program) -> None:
    secret, settings = program.folder / "chatd.secret", program.folder / "chatd.toml"
    assert program.run("token", "ann").returncode == 0
    assert levels(look(program), "config.modes") == {"ok"}
    secret.chmod(0o644)
    found = look(program, status=1)
    assert levels(found, "config.modes") == {"fail"}
    assert "chatd.secret" in text_of(found, "config.modes")
    secret.chmod(0o640)
    assert levels(look(program), "config.modes") == {"note"}
    secret.chmod(0o600)
    settings.write_text(f"[auth]\njwt_secret = '{'geheim' * 8}'\n[store]\nurl = 'postgresql://u:pw@h/d'\n")
    settings.chmod(0o644)
    found = look(program, status=1)
    assert "jwt_secret, store.url" in text_of(found, "config.modes")
    assert "geheim" not in json.dumps(found)
    settings.unlink()
    program.folder.chmod(0o777)
    assert "chmod o-w" in text_of(look(program, status=1), "config.modes")
    program.folder.chmod(0o700)


def test_too_little_room_and_odd_file_systems_are_found(program: Program, tmp_path: Path) -> None:
    assert levels(look(program, status=1, CHATD_STORE__FREE_DISK_FLOOR_MB=str(2**20)), "disk.space") == {"fail"}
    config, folder = Config(), tmp_path
    free_mb = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize // 2**20
    near = load(None, {"CHATD_STORE__FREE_DISK_FLOOR_MB": str(min(free_mb * 2 // 3, 2**20))})
    assert [one.level for one in disk.check_space(near, folder) if one.check == "disk.space"] == ["warn"]
    assert levels(look(program, status=1, CHATD_STORE__URL="sqlite:////nowhere/at/all.db"), "disk.folder") == {"fail"}
    assert levels(look(program, status=1, CHATD_STORE__URL="sqlite:////proc/chatd.db"), "disk.fsync") == {"fail"}
    mounts = tmp_path / "mountinfo"
    shown = {"nfs4": "fail", "tmpfs": "warn", "overlay": "warn", "ext4": "ok"}
    for kind, level in shown.items():
        mounts.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:5 / {tmp_path} rw,x shared:1 - {kind} none rw\n")
        lies_there = load(None, {"CHATD_STORE__URL": f"sqlite:///{tmp_path}/chatd.db"})
        found = [one for one in disk.check_disk(lies_there, mounts) if one.check == "disk.kind"]
        assert [one.level for one in found] == [level], kind
    del config


@pytest.mark.skipif(disk.filesystem_of(Path("/dev/shm"), Path("/proc/self/mountinfo")) != "tmpfs", reason="no tmpfs")
def test_a_database_in_memory_is_warned_of(program: Program) -> None:
    found = look(program, CHATD_STORE__URL="sqlite:////dev/shm/chatd-doctor-test.db")
    assert levels(found, "disk.kind") == {"warn"}
    assert not list(Path("/dev/shm").glob("*chatd-doctor*"))


def test_an_fsync_that_is_slow_instant_or_switched_off_is_found(tmp_path: Path, program: Program) -> None:
    ticks = iter(range(10_000))
    slow = disk.check_fsync(tmp_path, lambda _: None, lambda: next(ticks) * 0.05)
    assert [one.level for one in slow] == ["warn"]
    fast = disk.check_fsync(tmp_path, lambda _: None, lambda: 1.0)
    assert [one.level for one in fast] == ["warn"]
    # The loader says that the library is not there and goes on; that it was asked for is the finding.
    found = look(program, status=1, LD_PRELOAD="/nowhere/libeatmydata.so")
    assert levels(found, "disk.fsync") == {"fail"}
    assert list(tmp_path.iterdir()) == []


def run_limited(program: Program, which: int, limit: int) -> Found:
    ended = subprocess.run(
        [sys.executable, "-m", "chatd", "doctor", "--json"],
        cwd=program.folder,
        env=program.env,
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(which, (limit, limit)),
    )
    found: Found = {}
    for finding in json.loads(ended.stdout)["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    return found


def test_limits_of_the_system_are_found(program: Program, tmp_path: Path) -> None:
    assert levels(run_limited(program, resource.RLIMIT_NOFILE, 128), "limits.files") == {"warn"}
    assert levels(run_limited(program, resource.RLIMIT_AS, 4 * 2**30), "limits.address_space") == {"warn"}
    (tmp_path / "sys/net/core").mkdir(parents=True)
    (tmp_path / "sys/net/core/somaxconn").write_text("128\n")
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   102400 kB\n")
    found = {one.check: one.level for one in machine.check_limits(Config(), tmp_path)}
    assert (found["limits.somaxconn"], found["limits.memory"]) == ("note", "warn")


def test_a_clock_that_cannot_be_right_and_entries_from_the_future_are_found(program: Program) -> None:
    assert [one.level for one in machine.check_clock(86_400.0)] == ["fail"]
    assert [one.level for one in machine.check_clock()] == ["ok"]
    migrate(f"sqlite:///{program.database}")
    row = "INSERT INTO groups VALUES ('g', 'private', '', '', 'none', 5, 1, ?, 0, 0, 0, 0, NULL, '{}', NULL)"
    with closing(sqlite3.connect(program.database)) as database, database:
        database.execute(row, (int(dt.datetime.now(dt.UTC).timestamp() * 1000) + 3_600_000,))
    assert levels(look(program, status=1), "clock.newest") == {"fail"}


def test_libraries_of_another_version_are_found() -> None:
    wrong = list(
        machine.check_libraries(["msgspec>=0.1,<0.2", "no-such-thing>=1", "uvloop>=0.1", "ruff<0; extra == 'dev'"])
    )
    assert [one.level for one in wrong] == ["fail", "fail"]
    assert [one.level for one in machine.check_libraries(["msgspec>=0.1,<99", "psycopg[binary]>=3"])] == ["ok"]


def certificate(folder: Path, begins: int, ends: int, names: list[str]) -> None:
    """cert.pem and key.pem, good from and until so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chat.test")])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=begins))
        .not_valid_after(now + dt.timedelta(days=ends, hours=1))
    )
    if names:
        kinds = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(kinds), critical=False)
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "key.pem").chmod(0o600)


def test_a_certificate_is_looked_at_from_all_sides(program: Program) -> None:
    folder = program.folder
    env: dict[str, Any] = {"CHATD_SERVER__TLS_CERT": "cert.pem", "CHATD_SERVER__TLS_KEY": "key.pem"}
    named = env | {"CHATD_INVITES__PUBLIC_URL": "https://chat.test"}
    certificate(folder, -1, 90, ["chat.test", "127.0.0.1"])
    found = look(program, **env)
    assert [levels(found, f"tls.{what}") for what in ("key", "expiry", "names")] == [{"ok"}, {"ok"}, {"ok"}]
    for ends, level, status in ((-1, "fail", 1), (3, "warn", 0), (20, "note", 0)):
        certificate(folder, -9, ends, ["chat.test"])
        assert levels(look(program, status=status, **env), "tls.expiry") == {level}
    certificate(folder, 2, 90, ["chat.test"])
    assert "clock" in text_of(look(program, status=1, **env), "tls.expiry")
    certificate(folder, -1, 90, ["other.test"])
    config = load(None, named | {name: str(folder / value) for name, value in env.items()})
    assert [one.level for one in tls.check_tls(config) if one.check == "tls.names"] == ["fail"]
    certificate(folder, -1, 90, [])
    assert levels(look(program, status=1, **env), "tls.names") == {"fail"}
    old_key = (folder / "key.pem").read_bytes()
    certificate(folder, -1, 90, ["chat.test"])
    (folder / "key.pem").write_bytes(old_key)
    assert levels(look(program, status=1, **env), "tls.key") == {"fail"}
    (folder / "key.pem").chmod(0o644)
    assert levels(look(program, status=1, **env), "config.modes") == {"fail"}
    (folder / "cert.pem").write_text("no certificate")
    assert levels(look(program, status=1, **env), "tls.certificate") == {"fail"}


def test_a_star_in_a_certificate_is_one_label() -> None:
    assert tls.covers("*.chat.test", "a.chat.test")
    assert not tls.covers("*.chat.test", "a.b.chat.test")
    assert not tls.covers("*.chat.test", "chat.test")
    assert tls.covers("CHAT.test", "chat.TEST")


def test_a_database_that_is_old_new_damaged_or_none_is_found(program: Program) -> None:
    path = program.database
    path.write_bytes(b"This is no database. " * 100)
    assert levels(look(program, status=1), "store.file") == {"fail"}
    path.unlink()
    path.touch()
    path.chmod(0o600)
    assert levels(look(program), "store.revision") == {"note"}
    path.unlink()
    migrate(f"sqlite:///{path}")
    path.chmod(0o600)
    for revision, level in (("0000", "note"), ("9999", "fail")):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        assert levels(look(program, status=int(level == "fail")), "store.revision") == {level}
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    assert levels(look(program, status=1), "store.journal") == {"warn"}
    spoiled = bytearray(path.read_bytes())
    spoiled[-4096:] = b"\xff" * 4096
    path.write_bytes(spoiled)
    assert levels(look(program, status=1), "store.whole") == {"fail"}


def test_a_wal_that_nobody_lets_shrink_is_found(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(f"sqlite:///{program.database}")
    monkeypatch.setattr(store, "WAL_MB", -1)
    assert "store.wal" in {one.check for one in store.check_sqlite(program.database)}


def test_a_postgres_is_looked_at_and_one_that_is_away_is_said(postgres_url: str, program: Program) -> None:
    env: dict[str, Any] = {"CHATD_STORE__URL": postgres_url}
    found = look(program, **env)
    assert levels(found, "store.revision") == {"note"}
    migrate(postgres_url)
    found = look(program, **env)
    for check in ("store.revision", "store.durable", "clock.database", "store.connections", "clock.newest"):
        assert levels(found, check) == {"ok"}, check
    with psycopg.connect(postgres_url, autocommit=True) as database:
        name = database.info.dbname
        database.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    assert "note" in levels(look(program, **env), "store.durable")
    away = look(program, status=1, CHATD_STORE__URL="postgresql://nobody:geheim@127.0.0.1:1/none")
    assert levels(away, "store.reachable") == {"fail"}
    assert "geheim" not in json.dumps(away)


@pytest.mark.relaxed_durability
def test_a_postgres_that_forgets_is_a_failure(postgres_url: str, program: Program) -> None:
    found = look(program, status=1, CHATD_STORE__URL=postgres_url)
    assert len([one for one in found["store.durable"] if one["level"] == "fail"]) == 2
    with psycopg.connect(postgres_url, autocommit=True) as database:
        greedy = load(
            None, {"CHATD_STORE__URL": postgres_url, "CHATD_STORE__READERS": "64", "CHATD_SEARCH__READERS": "64"}
        )
        others = [psycopg.connect(postgres_url) for _ in range(8)]
        few = [one.level for one in store.check_postgres(database, greedy) if one.check == "store.connections"]
        for other in others:
            other.close()
    assert few == ["warn"]


def test_what_is_left_of_a_server_that_ended_hard_is_told_from_a_live_one(program: Program) -> None:
    path = program.folder / "chatd.sock"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    path.chmod(0o600)
    assert levels(look(program), "server.alive") == {"warn"}
    path.unlink()
    with program.serving():
        path.chmod(0o666)
        assert levels(look(program, status=1), "server.socket") == {"fail"}


def test_a_port_that_somebody_else_holds_is_found(program: Program) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        found = look(program, status=1, CHATD_SERVER__PORT=str(port))
    assert levels(found, "server.port") == {"fail"}
    assert levels(look(program, status=1, CHATD_SERVER__HOST="192.0.2.1"), "server.port") == {"fail"}


def test_what_a_server_says_of_itself_is_weighed() -> None:
    well = {"writer_restarts": 0, "proposals_waiting": 3}
    assert list(serving.check_figures(well)) == []
    index = {"search_lag_ms": 90_000, "search_restarts": 0, "search_rebuilding": 0}
    ill = {"writer_restarts": 2, "proposals_waiting": 9_000} | index
    assert [one.level for one in serving.check_figures(ill)] == ["warn"] * 3
    assert [one.level for one in serving.check_figures(well | index | {"search_lag_ms": 5})] == ["ok"]


@contextmanager
def web(status: int) -> Iterator[str]:
    """A web server that knows no WebSocket, like a proxy that was not told of it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 400)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_way_in_that_does_not_work_is_found(program: Program) -> None:
    with web(200) as url:
        found = look(program, "--url", url, status=1, CHATD_WS__PING_INTERVAL_S="90")
        trusting = look(program, "--url", url, status=1, CHATD_SERVER__TRUSTED_PROXIES="127.0.0.1")
    assert levels(found, "public.upgrade") == {"fail"}
    assert levels(found, "public.proxy") == {"warn"}
    assert levels(found, "public.idle") == {"warn"}
    assert levels(trusting, "public.proxy") == {"ok"}
    with web(502) as url:
        assert "502" in text_of(look(program, "--url", url, status=1), "public.http")
    assert levels(look(program, "--url", "http://127.0.0.1:1", status=1), "public.http") == {"fail"}
    assert levels(look(program, "--url", "chat.example.com", status=1), "public.url") == {"fail"}
    assert levels(look(program, status=1, CHATD_INVITES__PUBLIC_URL="https://127.0.0.1:1"), "public.http") == {"fail"}


def test_a_check_that_hangs_or_breaks_does_not_stop_the_others() -> None:
    forever = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield Finding("ok", "first", "Well.", "好。")
        forever.wait()

    def breaks() -> Iterator[Finding]:
        yield from ()
        raise RuntimeError("oh")

    def fine() -> Iterator[Finding]:
        yield Finding("ok", "last", "Well.", "好。")

    found = list(run_checks({"a": hangs, "b": breaks, "c": fine}, 0.2))
    forever.set()
    assert [(one.check, one.level) for one in found] == [
        ("first", "ok"),
        ("a.time", "fail"),
        ("b.check", "fail"),
        ("last", "ok"),
    ]
