"""`chatd export`, as an operator uses it beside a running server."""

from __future__ import annotations

import json
from pathlib import Path

import uvloop

from tests.cli.program import Program
from tests.e2e.phone import Phone


async def _chat(url: str, token: str) -> tuple[str, str]:
    ann = await Phone.dial(url)
    await ann.say_hello(token)
    group = str((await ann.do("group.create", kind="public", title="Tea 茶"))["group"])
    for number in range(5):
        await ann.say(group, f"word {number} 字")
    user = ann.user
    await ann.cut_off()
    return group, user


def test_a_group_and_a_person_become_files_for_their_owner_alone(tmp_path: Path) -> None:
    program = Program(tmp_path)
    with program.serving() as served:
        token = program.run("token", "ann", "--name", "Ann").stdout.strip()
        group, user = uvloop.run(_chat(served.url, token))
        done = program.run("export", "group", group, "--out", "exports", "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        file = tmp_path / "exports" / f"group-{group}.ndjson"
        assert told == {"file": f"exports/group-{group}.ndjson", "lines": len(file.read_text().splitlines())}
        assert str(file.parent) in done.stderr, "a folder that was made is told"
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert lines[-1] == {"type": "end", "lines": len(lines)}
        assert [one["entry"]["body"]["text"] for one in lines if "body" in one.get("entry", {})] == [
            f"word {n} 字" for n in range(5)
        ]

        shown = program.run("export", "user", "ann")
        assert shown.returncode == 0, shown.stderr
        own = [json.loads(line) for line in shown.stdout.splitlines()]
        assert (own[0]["user"], own[1]["name"]) == (user, "Ann")
        assert sum(line["type"] == "message" for line in own) == 5
        assert str(len(own)) in shown.stderr
        again = program.run("export", "user", user, "--out", "exports")
        assert (tmp_path / "exports" / f"user-{user}.ndjson").exists(), again.stderr
        assert again.stderr == ""
        far = program.run("export", "user", user, "--out", "no/where")
        missing = f"there is no folder {tmp_path}/no\n"
        assert (far.returncode, missing in far.stderr, (tmp_path / "no").exists()) == (1, True, False)
        nobody = program.run("export", "user", "nobody", "--out", "exports")
        assert (nobody.returncode, nobody.stdout) == (1, "")
        assert sorted(one.name for one in file.parent.iterdir()) == [file.name, f"user-{user}.ndjson"]
    assert program.run("export", "group", group).returncode == 0, "without a server too"
