"""`chatd user`: people as the operator sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Program, Served

ACCOUNTS = '[accounts]\nsignup = "invite"\nhash_memory_kib = 8\nhash_passes = 1\n'


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    folder: Path = tmp_path_factory.mktemp("users")
    (folder / "chatd.toml").write_text(ACCOUNTS)
    return Program(folder)


@pytest.fixture(scope="module")
def served(program: Program) -> Iterator[Served]:
    with program.serving() as served:
        yield served


def done(program: Program, *arguments: str) -> dict[str, Any]:
    """What a command answers a program."""
    ended = program.run("user", *arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def test_adding_renaming_showing_and_listing(program: Program, served: Served) -> None:
    ann = program.run("user", "add", "ann", "--name", "Ann 安").stdout.strip()
    assert ann.startswith("u")
    assert done(program, "add", "ann", "--name", "Ann B.") == {"user": ann}
    shown = done(program, "show", "ann")
    assert (shown["user"], shown["name"], shown["connections"]) == (ann, "Ann B.", 0)
    assert "Ann B." in program.run("user", "show", "ann").stdout
    ben = done(program, "add", "ben")["user"]
    listed = [user["user"] for user in done(program, "list")["users"]]
    assert {ann, ben} <= set(listed)
    assert listed == sorted(listed)
    page = done(program, "list", "--limit", "1", "--after", listed[0])["users"]
    assert [user["user"] for user in page] == listed[1:2]
    assert f"ann\tAnn B.\t\t\t\t{ann}" in program.run("user", "list").stdout.splitlines()
    assert f"--after {listed[0]}" in program.run("user", "list", "--limit", "1").stderr
    assert "more" not in done(program, "list")
    assert done(program, "show", ann) == shown
    unknown = program.run("user", "show", "nobody")
    assert (unknown.returncode, "not_found" in unknown.stderr) == (1, True)


def test_disabling_enabling_and_tagging(program: Program, served: Served) -> None:
    program.run("user", "add", "cat")
    assert "disabled" in program.run("user", "disable", "cat").stdout
    assert done(program, "show", "cat")["disabled"] is True
    assert "\tdisabled\t" in program.run("user", "list").stdout
    assert [user["sub"] for user in done(program, "list", "--disabled")["users"]] == ["cat"]
    assert done(program, "disable", "cat", "--reason", "spam 广告")["disabled"] is True
    kept = program.run("audit", "--user", "cat", "--act", "user.disable", "--json").stdout.splitlines()
    assert [json.loads(line).get("reason", "") for line in kept] == ["spam 广告", ""]
    assert [user["reason"] for user in done(program, "list", "--disabled")["users"]] == ["spam 广告"]
    assert (done(program, "show", "cat")["reason"], done(program, "show", "cat")["disabled"]) == ("spam 广告", True)
    assert program.run("user", "list", "--disabled").stdout.endswith("\tspam 广告\n")
    long = program.run("user", "disable", "cat", "--reason", "x" * 201)
    assert (long.returncode, "reason" in long.stderr) == (1, True)
    assert done(program, "enable", "cat")["disabled"] is False
    assert done(program, "list", "--disabled")["users"] == []
    assert "reason" not in done(program, "show", "cat")
    done(program, "disable", "cat")
    assert "reason" not in done(program, "show", "cat")  # the last time there was none
    done(program, "enable", "cat")
    tags = done(program, "tag", "cat", "staff", "--days", "2")["tags"]
    assert [(tag["tag"], tag["source"], "until" in tag) for tag in tags] == [("staff", "operator", True)]
    assert "\tstaff\t" in program.run("user", "list").stdout
    assert program.run("user", "tag", "cat", "seller").stdout == "[staff] [seller]\n"
    assert done(program, "tag", "cat", "staff", "--remove")["tags"][0]["tag"] == "seller"
    assert program.run("user", "tag", "cat", "seller", "--remove").stdout == "no tags now.\n"


def test_people_are_found_by_their_names_and_shown_with_what_they_are_in(program: Program, served: Served) -> None:
    def found(words: str, *more: str) -> list[str]:
        return sorted(user["sub"] for user in done(program, "list", "--find", words, *more)["users"])

    for sub, name in (("f-eve", "Eve 茶馆 100%"), ("f-fay", "Fay Tea"), ("f-guy", "Guy 1000")):
        program.run("user", "add", sub, "--name", name)
    program.run("user", "disable", "f-fay")
    assert (found("茶"), found("TEA"), found("100%"), found("F-")) == (
        ["f-eve"],
        ["f-fay"],
        ["f-eve"],
        ["f-eve", "f-fay", "f-guy"],
    )
    assert found("f-", "--disabled") == ["f-fay"]
    assert found("nobody of that name") == []
    group = json.loads(program.run("group", "create", "f-eve", "Pots 壶", "--json").stdout)["group"]
    assert done(program, "show", "f-eve")["memberships"] == [
        {"group": group, "title": "Pots 壶", "kind": "private", "role": "owner"}
    ]
    assert done(program, "show", "f-guy")["memberships"] == []
    shown = program.shown("user", "show", "f-eve", LC_ALL="zh_CN.UTF-8").text
    assert f"{group}  群主  Pots 壶" in shown


def test_accounts_and_codes_are_told_once_and_not_logged(tmp_path: Path) -> None:
    (tmp_path / "chatd.toml").write_text(ACCOUNTS)
    program = Program(tmp_path)
    with program.serving() as served:
        made = done(program, "account", "dan@example.com", "--name", "Dan")
        assert len(made["password"]) >= 16
        assert done(program, "show", f"account:{made['user']}")["name"] == "Dan"
        code = program.run("user", "code", "--uses", "2", "--days", "1").stdout.strip()
        assert [len(part) for part in code.split("-")] == [4] * 4
        taken = program.run("user", "account", "DAN@example.com")
        assert (taken.returncode, "taken" in taken.stderr) == (1, True)
        short = program.run("user", "account", "x")
        assert (short.returncode, "invalid" in short.stderr) == (1, True)
        assert served.stop() == 0
    log = "".join(served.log)
    assert "serving" in log
    assert made["password"] not in log
    assert code not in log
