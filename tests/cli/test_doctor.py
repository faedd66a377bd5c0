"""`chatd doctor`: every finding is provoked for real, and nothing is changed by looking. Its settings and files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatd.cli.doctor.findings import Finding, run_checks
from chatd.service.tokens import keep_secret
from tests.cli.findings import Found, healthy, levels, listing, look, text_of
from tests.cli.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return healthy(tmp_path)


def test_without_a_server_and_beside_one_it_finds_nothing_wrong_and_changes_nothing(program: Program) -> None:
    found = look(program)
    assert levels(found, "store.file") == {"note"}
    assert levels(found, "server.port") == {"ok"}
    assert listing(program.folder) == {}
    with program.serving() as served:
        before = listing(program.folder, but=".search.db")  # which a program of the server's makes just now
        found = look(program, "--url", served.url.replace("ws://", "http://").removesuffix("/ws"))
        assert listing(program.folder, but=".search.db") == before
    assert str(served.process.pid) in text_of(found, "server.alive")
    for check in ("store.journal", "store.whole", "store.revision", "clock.newest", "public.http", "public.upgrade"):
        assert levels(found, check) == {"ok"}, check
    assert levels(found, "public.tls") == {"warn"}
    before = listing(program.folder)
    found = look(program)
    assert listing(program.folder) == before
    assert levels(found, "store.whole") == {"ok"}
    assert wrong_but_for_the_machine(found) == []


def wrong_but_for_the_machine(found: Found) -> list[dict[str, str]]:
    """A disk that is slow at this moment, or a small machine, is none of the place's faults."""
    everything = [finding for findings in found.values() for finding in findings]
    wrong = [finding for finding in everything if finding["level"] in ("fail", "warn")]
    return [finding for finding in wrong if not finding["check"].startswith(("disk.", "limits."))]


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
    keep_secret(secret)
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


def test_a_check_that_hangs_or_breaks_does_not_stop_the_others() -> None:
    forever = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield Finding("ok", "first", "Well.", "好。")
        forever.wait(60)

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
