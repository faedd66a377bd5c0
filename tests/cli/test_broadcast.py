"""`chatd broadcast` and `chatd group notice`, as an operator uses them, with the server killed in the middle."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import uvloop

from chatd.admin.socket import AdminError, call
from chatd.store.database import connect
from tests.cli.program import PATIENCE_S, Program
from tests.cli.test_govern import told
from tests.e2e.phone import Phone


def groups_of(program: Program, count: int) -> list[str]:
    """Groups that ann owns."""
    program.run("user", "add", "ann", "--name", "Ann")
    path = program.folder / "chatd.sock"
    return sorted(call(path, "group.create", sub="ann", title=f"Group {at}")["group"] for at in range(count))


def await_state(program: Program, broadcast: str, state: str) -> dict[str, Any]:
    """Until it is so; each question is answered by the server."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        found = call(program.folder / "chatd.sock", "broadcast.show", broadcast=broadcast)
        if found["state"] == state:
            return found
        assert time.monotonic() < deadline_s, found


def posts(program: Program, text: str) -> Counter[str]:
    """How often each group has it, by the log itself."""
    database = connect(program.env["CHATD_STORE__URL"])
    rows, _ = database.run("SELECT group_id FROM entries WHERE kind = 'message' AND body LIKE ?", (f"%{text}%",))
    database.close()
    return Counter(str(group) for (group,) in rows)


async def _notice(url: str, token: str, group: str) -> dict[str, Any]:
    phone = await Phone.dial(url)
    await phone.say_hello(token)
    try:
        newest = (await phone.history(group))[-1]
        users = await phone.ask("user.get", users=[newest["sender"]])
    finally:
        await phone.cut_off()
    return newest | {"who": users["users"][0]["name"]}


def test_the_operator_posts_to_one_group_and_to_many(tmp_path: Path) -> None:
    program = Program(tmp_path, CHATD_BROADCASTS__PAUSE_S="0")
    with program.serving() as served:
        token = program.run("token", "ann").stdout.strip()
        first, *others = groups = groups_of(program, 5)
        told(program, "group", "notice", first, "Maintenance 维护")
        entry = uvloop.run(_notice(served.url, token, first))
        assert (entry["type"], entry["operator"], "运营方" in entry["who"]) == ("notice", True, True)
        assert program.run("group", "notice", first, "").returncode == 1
        assert program.run("group", "notice", "gNoSuchGroupAAAAAAAAAAA", "hi").returncode == 1

        counted = told(program, "broadcast", "send", "spring", "Spring 春", "--all")
        assert (counted["dry_run"], counted["groups"]) == (True, 5)
        assert told(program, "broadcast", "list")["broadcasts"] == [], "nothing was done"
        for wrong in (
            ["spring", "", "--all"],
            ["x" * 70, "Hi", "--all"],
            ["spring", "Hi", "--all", "--product", "none"],
            ["spring", "Hi", "--all", "--as", "nobody"],
        ):
            assert program.run("broadcast", "send", *wrong).returncode == 1, wrong
        ended = program.run("broadcast", "send", "spring", "Hi", "--group", first, "--group", "gNone", "--json")
        counted = json.loads(ended.stdout)
        assert (ended.returncode, counted["groups"], counted["unknown"]) == (1, 1, ["gNone"])
        assert "gNone" in ended.stderr
        told(program, "broadcast", "send", "spring", "Spring 春", "--all", "--yes")
        done = await_state(program, "spring", "done")
        assert (done["groups"], done["sent"], done["refused"]) == (5, 5, 0)
        assert "\nsender\toperator\n" in program.run("broadcast", "show", "spring").stdout
        again = told(program, "broadcast", "send", "spring", "Spring 春", "--all", "--yes")
        assert again["state"] == "done"
        for really in ([], ["--yes"]):
            other = program.run("broadcast", "send", "spring", "Summer 夏", "--all", *really)
            assert (other.returncode, "conflict" in other.stderr, "spring" in other.stderr) == (1, True, True)

        (tmp_path / "groups.txt").write_text("\n".join([*others, "", "gNoSuchGroupAAAAAAAAAAA"]), encoding="utf-8")
        program.run("user", "add", "shop", "--name", "The shop")
        arguments = ["Named 名", "--groups-file", "groups.txt", "--group", others[0], "--as", "shop", "--plain"]
        told(program, "broadcast", "send", "named", *arguments, "--yes")
        await_state(program, "named", "done")
        listed = program.run("broadcast", "results", "named", "--json")
        assert listed.returncode == 1, "one group is not there"
        results = {one["group"]: one["result"] for one in json.loads(listed.stdout)["results"]}
        assert results == dict.fromkeys(others, "sent") | {"gNoSuchGroupAAAAAAAAAAA": "not_found"}
        assert uvloop.run(_notice(served.url, token, others[0]))["who"] == "The shop"

        program.run("user", "tag", "ann", "seller")
        assert told(program, "broadcast", "send", "x", "x", "--tag", "seller")["groups"] == 5
        assert told(program, "broadcast", "send", "x", "x", "--tag", "staff")["groups"] == 0
        assert "spring\tdone\t5\t5\t0\t" in program.run("broadcast", "list").stdout
        assert program.run("broadcast", "cancel", "spring").returncode == 1
        assert program.run("broadcast", "show", "nothing").returncode == 1
        for wrong in (["--all", "--tag", "x"], [], ["--all", "--video", "v", "--product", "p"]):
            assert program.run("broadcast", "send", "x", "x", *wrong).returncode == 2
        assert program.run("broadcast", "send", "x", "x", "--all", "--product", "none", "--yes").returncode == 1
        assert told(program, "user", "show", "chatd:operator")["disabled"] is True
        acts = [json.loads(line)["act"] for line in program.run("audit", "--json").stdout.splitlines()]
        assert "broadcast.start" in acts
        assert "user.disable" not in acts
    assert posts(program, "Spring") == dict.fromkeys(groups, 1)
    assert program.run("verify").stdout.strip().endswith("whole")


@pytest.mark.promise("P2", "broadcast")
def test_a_broadcast_whose_server_is_killed_goes_on_and_reaches_each_group_once(tmp_path: Path) -> None:
    program = Program(tmp_path, CHATD_BROADCASTS__PAUSE_S="0.05", CHATD_BROADCASTS__GROUPS_PER_COMMIT="2")
    with program.serving():
        groups = groups_of(program, 60)
        told(program, "broadcast", "send", "spring", "Spring 春", "--all", "--yes")
    for upto in (10, 25, 40):
        with program.serving() as served:
            deadline_s = time.monotonic() + PATIENCE_S
            while call(tmp_path / "chatd.sock", "broadcast.show", broadcast="spring")["sent"] < upto:
                assert time.monotonic() < deadline_s
            served.process.send_signal(signal.SIGKILL)
            served.process.wait(PATIENCE_S)
            with pytest.raises(AdminError):
                call(tmp_path / "chatd.sock", "stats")
    with program.serving():
        done = await_state(program, "spring", "done")
        assert (done["sent"], done["refused"]) == (60, 0)
    assert posts(program, "Spring") == dict.fromkeys(groups, 1)
    assert program.run("verify").stdout.strip().endswith("whole")


def test_a_cancelled_broadcast_stops_and_keeps_what_was_posted(tmp_path: Path) -> None:
    program = Program(tmp_path, CHATD_BROADCASTS__PAUSE_S="600", CHATD_BROADCASTS__GROUPS_PER_COMMIT="1")
    with program.serving():
        groups_of(program, 3)
        told(program, "broadcast", "send", "spring", "Spring 春", "--all", "--yes")
        deadline_s = time.monotonic() + PATIENCE_S
        while call(tmp_path / "chatd.sock", "broadcast.show", broadcast="spring")["sent"] < 1:
            assert time.monotonic() < deadline_s
        assert told(program, "broadcast", "cancel", "spring")["state"] == "cancelled"
        results = told(program, "broadcast", "results", "spring")["results"]
        assert sorted(one["result"] for one in results) == ["sent", "waiting", "waiting"]
    assert sum(posts(program, "Spring").values()) == 1
