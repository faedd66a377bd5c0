"""`chatd bot`: bots as the operator sees them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Program, Served


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    folder: Path = tmp_path_factory.mktemp("bots")
    return Program(folder)


@pytest.fixture(scope="module")
def served(program: Program) -> Iterator[Served]:
    with program.serving() as served:
        yield served


def done(program: Program, *arguments: str) -> dict[str, Any]:
    """What a command answers a program."""
    ended = program.run("bot", *arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def test_a_bot_is_made_shown_and_listed_and_its_token_is_shown_once(program: Program, served: Served) -> None:
    token = program.run("bot", "create", "shop", "--name", "Shop 店", "--intro", "ask me", "--direct").stdout.strip()
    assert token.startswith("chatdbot_")
    assert "\n" not in token
    shown = done(program, "show", "shop")
    assert {"bot": "shop", "name": "Shop 店", "intro": "ask me", "direct": True, "tokens": 1}.items() <= shown.items()
    assert shown["scopes"] == ["read", "send", "react", "profile"]
    text = program.run("bot", "show", "shop").stdout
    assert "scopes\tread,send,react,profile\n" in text
    assert time.strftime("%Y", time.gmtime()) in text
    made = done(program, "create", "guard", "--scopes", "moderate,read,send")
    assert made["scopes"] == ["read", "send", "moderate"]
    assert {one["bot"] for one in done(program, "list")["bots"]} >= {"shop", "guard"}
    first = done(program, "list", "--limit", "1")
    rest = done(program, "list", "--after", first["more"])["bots"]
    assert first["bots"][0]["bot"] not in {one["bot"] for one in rest}
    assert f"--after {first['more']}" in program.run("bot", "list", "--limit", "1").stderr
    for output in (text, program.run("bot", "list").stdout, json.dumps(shown)):
        assert token not in output


def test_tokens_scopes_and_shutting_out(program: Program, served: Served) -> None:
    first = done(program, "create", "helper", "--scopes", "")["token"]
    assert done(program, "show", "helper")["scopes"] == []
    assert "scopes\t\n" in program.run("bot", "show", "helper").stdout
    second = program.run("bot", "token", "helper").stdout.strip()
    third = done(program, "token", "helper", "--rotate")
    assert len({first, second, third["token"]}) == 3
    assert (third["closed"], done(program, "show", "helper")["tokens"]) == (0, 1)
    assert program.run("bot", "scopes", "helper", "read,pin").stdout.startswith("read, pin;")
    assert "；" in program.run("bot", "scopes", "helper", "read", LANG="zh_CN.UTF-8", LC_ALL="").stdout
    assert done(program, "scopes", "helper", "")["scopes"] == []
    assert "disabled" in program.run("bot", "disable", "helper").stdout
    assert done(program, "show", "helper")["disabled"] is True
    assert "\tdisabled\t" in program.run("bot", "list").stdout
    assert "enabled" in program.run("bot", "enable", "helper").stdout
    assert "disabled" not in done(program, "show", "helper")


def test_what_is_wrong_is_said_and_nothing_is_done(program: Program, served: Served) -> None:
    assert "taken" in program.run("bot", "create", "twin").stderr + program.run("bot", "create", "twin").stderr
    unknown = program.run("bot", "show", "nobody")
    assert (unknown.returncode, "not_found" in unknown.stderr) == (1, True)
    wrong = program.run("bot", "create", "Big")
    assert (wrong.returncode, "bot: expected" in wrong.stderr) == (1, True)
    scopes = program.run("bot", "create", "other", "--scopes", "read,fly")
    assert (scopes.returncode, "`fly`" in scopes.stderr) == (2, True)
    assert program.run("bot", "show", "other").returncode == 1
    user = program.run("user", "add", "bot:made-up")
    assert (user.returncode, "chatd bot create" in user.stderr) == (1, True)
    token = program.run("token", "bot:twin")
    assert token.returncode == 1, "no token of the host speaks for a bot"
