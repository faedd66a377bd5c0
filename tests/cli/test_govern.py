"""`chatd group` and `chatd member`, as an operator uses them on a running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import uvloop

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
