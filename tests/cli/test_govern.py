"""`chatd group` and `chatd member`, as an operator uses them on a running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import uvloop

from chatd.admin.socket import call
from tests.cli.program import Program
from tests.e2e.phone import Phone


def told(program: Program, *arguments: str) -> dict[str, Any]:
    ended = program.run(*arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


async def _group(url: str, tokens: dict[str, str]) -> str:
    """ann's public group, with ben and cat in it."""
    people = {}
    for name, token in tokens.items():
        people[name] = await Phone.dial(url)
        await people[name].say_hello(token)
    ann = people["ann"]
    group = str((await ann.do("group.create", kind="public", title="Tea 茶"))["group"])
    for name in ("ben", "cat"):
        await people[name].do("group.join", group=group)
    await ann.say(group, "a secret text")
    for phone in people.values():
        await phone.cut_off()
    return group


def test_the_operator_looks_puts_out_gives_away_and_ends(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving() as served:
        tokens = {name: program.run("token", name).stdout.strip() for name in ("ann", "ben", "cat")}
        group = uvloop.run(_group(served.url, tokens))
        assert [one["group"] for one in told(program, "group", "list")["groups"]] == [group]
        assert group in program.run("group", "list").stdout
        shown = told(program, "group", "show", group)
        assert (shown["title"], shown["members"], shown["kind"]) == ("Tea 茶", 3, "public")
        assert "secret" not in json.dumps(shown)
        assert len(told(program, "member", "list", group)["members"]) == 3
        assert told(program, "member", "kick", group, "cat", "--reason", "spam")["members"] == 2
        assert told(program, "member", "ban", group, "ann", "--tell", "--reason", "spam")["banned"] is True
        (banned,) = told(program, "member", "list", group, "--banned")["members"]
        assert (banned["reason"], banned["by"]) == ("spam", None)
        (left,) = told(program, "member", "list", group)["members"]
        assert left["role"] == "owner", "who comes next"
        again = program.run("group", "transfer", group, "ben")
        assert (again.returncode, "invalid" in again.stderr) == (1, True)
        assert told(program, "member", "unban", group, "ann")["banned"] is False
        assert program.run("member", "kick", group, "nobody").returncode == 1
        assert told(program, "group", "dissolve", group)["until"] > shown["at"]
        assert "dissolved" in program.run("group", "list").stdout
        assert program.run("group", "show", "nowhere").returncode == 1
    assert program.run("verify").stdout.strip().endswith("whole")


async def _asking(url: str, tokens: dict[str, str], group: str) -> None:
    """Cat and dan ask to come in."""
    ann = await Phone.dial(url)
    await ann.say_hello(tokens["ann"])
    await ann.do("group.entry", group=group, entry="approval")
    for name in ("cat", "dan"):
        phone = await Phone.dial(url)
        await phone.say_hello(tokens[name])
        await phone.do("request.create", group=group, answer=f"it is {name}\n茶")
        await phone.cut_off()
    await ann.cut_off()


async def _redeem(url: str, token: str, secret: str) -> str:
    phone = await Phone.dial(url)
    await phone.say_hello(token)
    result = (await phone.do("invite.redeem", secret=secret))["result"]
    await phone.cut_off()
    return str(result)


def test_a_limit_that_is_met_is_named(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving():
        program.run("user", "add", "ann")
        group = told(program, "group", "create", "ann", "Tea 茶")["group"]
        refused = program.run("group", "set-limit", group, "5000", "--json")
        details = {"bound": "group_limit_max", "max": 1000}
        assert json.loads(refused.stderr) == {"error": "limit", "message": ANY, "details": details}
        assert "group_limit_max 1000 (limit)" in program.run("group", "set-limit", group, "5000").stderr


def test_the_operator_makes_a_group_and_does_what_its_owner_and_admins_do(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving() as served:
        tokens = {name: program.run("token", name).stdout.strip() for name in ("ann", "ben", "cat", "dan", "eve")}
        for name in tokens:
            program.run("user", "add", name, "--name", name.title())
        group = told(program, "group", "create", "ann", "Tea 茶", "--kind", "public", "--limit", "5")["group"]
        assert program.run("group", "create", "ann", "x" * 1000).returncode == 1
        assert told(program, "member", "add", group, "ben")["result"] == "added"
        assert told(program, "member", "add", group, "ben")["result"] == "already"
        assert told(program, "member", "role", group, "ben", "admin")["role"] == "admin"
        assert program.run("member", "role", group, "ann", "member").returncode == 1
        assert program.run("member", "role", group, "ben", "king").returncode == 2
        told(program, "group", "update", group, "--title", "Coffee", "--rules", "be kind")
        assert program.run("group", "update", group).returncode == 1, "names nothing"
        told(program, "group", "set-limit", group, "4")
        assert program.run("group", "set-limit", group, "1").returncode == 2
        shown = told(program, "group", "show", group)
        assert (shown["title"], shown["limit"], shown["members"]) == ("Coffee", 4, 2)
        assert told(program, "group", "restrict", group, "--minutes", "60")["until"] > 0
        assert told(program, "group", "unrestrict", group)["restricted"] is False
        assert told(program, "member", "restrict", group, "ben", "--reason", "noise")["restricted"] is True
        assert told(program, "member", "unrestrict", group, "ben")["restricted"] is False

        uvloop.run(_asking(served.url, tokens, group))
        waiting = told(program, "request", "list", "--group", group)["requests"]
        assert sorted((one["sub"], one["answer"]) for one in waiting) == [
            ("cat", "it is cat\n茶"),
            ("dan", "it is dan\n茶"),
        ]
        page = told(program, "request", "list", "--limit", "1")
        rest = told(program, "request", "list", "--after", page["more"])
        assert len(page["requests"] + rest["requests"]) == 2
        assert "it is cat 茶" in program.run("request", "list").stdout
        assert told(program, "request", "approve", group, "cat")["state"] == "approved"
        assert told(program, "request", "decline", group, "dan")["state"] == "refused"
        assert program.run("request", "approve", group, "dan").returncode == 1

        told(program, "ban", "add", group, "dan", "--reason", "spam")
        told(program, "member", "ban", group, "cat")
        bans = told(program, "ban", "list")["bans"]
        assert sorted((one["group"], one["sub"], one["reason"]) for one in bans) == [
            (group, "cat", ""),
            (group, "dan", "spam"),
        ]
        assert [one["sub"] for one in told(program, "ban", "list", "--user", "dan")["bans"]] == ["dan"]
        assert len(told(program, "member", "list", group, "--banned")["members"]) == 2
        assert program.run("member", "add", group, "dan").returncode == 1
        told(program, "ban", "remove", group, "dan")
        assert program.run("ban", "list", "--user", "dan").stdout.splitlines()[1:] == []

        invite = told(program, "invite", "create", group, "--kind", "code", "--uses", "1", "--note", "poster 海报")
        assert uvloop.run(_redeem(served.url, tokens["eve"], invite["code"])) == "pending", "its door asks"
        (listed,) = program.run("invite", "list", "--json").stdout.splitlines()
        assert (json.loads(listed)["note"], invite["code"] in listed) == ("poster 海报", False)
        assert "/i/" in program.run("invite", "create", group, "--days", "7").stdout
        acts = {
            json.loads(line)["act"] for line in program.run("audit", "--json", "--by", "operator").stdout.splitlines()
        }
        assert acts == {
            *("group.create", "group.update", "group.restrict", "group.unrestrict", "invite.create"),
            *("member.add", "member.role", "member.restrict", "member.unrestrict", "member.ban", "member.unban"),
            *("request.approve", "request.refuse", "user.add"),
        }
    assert program.run("verify").stdout.strip().endswith("whole")


def test_bans_are_listed_by_group_keep_their_reason_and_are_lifted_only_where_they_are(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving():
        for name in ("ann", "dan"):
            program.run("user", "add", name)
        group = call(tmp_path / "chatd.sock", "group.create", sub="ann", title="Tea")["group"]
        told(program, "ban", "add", group, "dan", "--reason", "spam")
        bans = told(program, "ban", "list")["bans"]
        assert told(program, "ban", "list", group)["bans"] == bans
        assert told(program, "ban", "list", "gNone")["bans"] == []
        told(program, "ban", "add", group, "dan")
        assert told(program, "ban", "list")["bans"][0]["reason"] == "spam", "no reason takes none away"
        chinese = program.run("ban", "remove", group, "ann", LC_ALL="zh_CN.UTF-8")
        assert (chinese.returncode, "此人在那里没有被封禁" in chinese.stderr) == (1, True)
        assert "没有这个群" in program.run("ban", "add", "gNone", "ann", LC_ALL="zh_CN.UTF-8").stderr
