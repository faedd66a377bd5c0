"""`chatd erase`, as an operator uses it on a running server: first it only says what would go."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import uvloop

from chatd.cli.erase import _called
from tests.cli.program import Program
from tests.e2e.phone import Phone


async def _say(url: str, token: str) -> str:
    ann = await Phone.dial(url)
    await ann.say_hello(token)
    group = str((await ann.do("group.create", kind="public", title="Tea 茶"))["group"])
    await ann.say(group, "a word that goes")
    await ann.cut_off()
    return group


def test_what_would_go_is_told_first_and_goes_with_yes(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving() as served:
        token = program.run("token", "ann").stdout.strip()
        group = uvloop.run(_say(served.url, token))
        shown = program.run("erase", "ann")
        assert shown.returncode == 0, shown.stderr
        assert group in shown.stdout
        assert "--yes" in shown.stdout
        assert "a word" not in shown.stdout
        plan = json.loads(program.run("erase", "ann", "--json").stdout)
        assert plan["entries"] == {"message": 1}
        assert (plan["sub"], plan["name"]) == ("ann", "")
        assert f"This would go of ann ({plan['user']})" in shown.stdout
        assert "Backups made before still hold it" in shown.stdout
        assert "No ledger is kept ([backup] ledger)" in shown.stdout
        kept = program.run("erase", "ann", CHATD_BACKUP__LEDGER=str(program.folder / "ledger"))
        assert "A restore from one erases again" in kept.stdout
        assert json.loads(program.run("user", "show", "ann", "--json").stdout)["groups"] == 1
        done = json.loads(program.run("erase", "ann", "--yes", "--json").stdout)
        assert (done["user"], done["stage"]) == (plan["user"], "done")
        again = program.run("erase", plan["user"], "--yes")
        assert (again.returncode, plan["user"] in again.stdout) == (0, True)
        program.run("user", "add", "ben")
        assert "nothing but the name" in program.run("erase", "ben").stdout
        assert "ben is erased" in program.run("erase", "ben", "--yes").stdout
        nobody = program.run("erase", "ann")
        assert (nobody.returncode, nobody.stdout) == (1, "")
        user, _ = json.loads(program.run("user", "list", "--json").stdout)["users"]
        assert (user["disabled"], user["erased"]) == (True, True)
        assert "\terased\t" in program.run("user", "list").stdout
        audited = [json.loads(line) for line in program.run("audit", "--json").stdout.splitlines()]
        assert ("user.erase", plan["user"]) in [(row["act"], row.get("user")) for row in audited]
    assert program.run("verify").stdout.strip().endswith("whole")
    assert b"a word that goes" not in (tmp_path / "chatd.db").read_bytes()


def test_it_is_said_in_the_language_of_the_environment(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving() as served:
        uvloop.run(_say(served.url, program.run("token", "ann").stdout.strip()))
        english, chinese = (program.run("erase", "ann", LC_ALL=lang).stdout for lang in ("C.UTF-8", "zh_CN.UTF-8"))
        assert "This would go" in english
        assert not re.search(r"[\u4e00-\u9fff]", english.replace("Tea 茶", ""))
        for word in ("消息", "个人日志", "各群的消息", "未作任何改动"):
            assert word in chinese
        assert "would go" not in chinese


def test_one_of_a_kind_is_said_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for kind, count, said in (
        ("groups", 1, "membership"),
        ("groups", 2, "memberships"),
        ("reads", 1, "read position"),
        ("own log", 1, "entry of the own log"),
        ("new table", 3, "new table"),
    ):
        assert _called(kind, count) == said
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert _called("groups", 1) == "群成员身份"
