"""`chatd retention`, as an operator uses it on a running server: first it only says what would go."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import uvloop

from chatd.core.retention import DAY_MS
from tests.cli.program import PATIENCE_S, Program
from tests.e2e.phone import Phone


async def _say(url: str, token: str, *texts: str, group: str = "") -> str:
    ann = await Phone.dial(url)
    await ann.say_hello(token)
    group = group or str((await ann.do("group.create", kind="public", title="Tea 茶"))["group"])
    places = [await ann.say(group, text) for text in texts]
    if "pinned" in texts:
        await ann.do("pin.add", group=group, pos=places[texts.index("pinned")])
    await ann.cut_off()
    return group


def _grow_old(path: Path, days: int) -> None:
    """As if everything so far had been said so long ago."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE entries SET at = at - ?", (days * DAY_MS,))
        database.execute("UPDATE groups SET head_at = head_at - ?", (days * DAY_MS,))
        database.commit()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A server's folder with a group in which three messages are forty days old and one is new; to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    program = Program(folder)
    with program.serving() as served:
        token = program.run("token", "ann").stdout.strip()
        group = uvloop.run(_say(served.url, token, "an old word", "another old word", "pinned"))
    _grow_old(folder / "chatd.db", 40)
    with program.serving() as served:
        uvloop.run(_say(served.url, program.run("token", "ann").stdout.strip(), "a new word", group=group))
    return folder, group


def _copy(filled: tuple[Path, str], tmp_path: Path) -> tuple[Program, str]:
    folder, group = filled
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return Program(tmp_path), group


def test_what_would_go_is_told_first_and_goes_with_yes(filled: tuple[Path, str], tmp_path: Path) -> None:
    program, group = _copy(filled, tmp_path)
    with program.serving():
        assert "--yes" not in program.run("retention", "run").stdout, "by itself a server keeps everything"
        assert program.run("retention", "set", group, "--days", "30").returncode == 0
        shown = program.run("retention", "run")
        assert (shown.returncode, "--yes" in shown.stderr, group in shown.stdout) == (0, True, True), shown.stderr
        assert "an old word" not in shown.stdout
        assert "2 messages would go." in shown.stderr
        assert "1 pinned or featured" in shown.stderr
        plan = json.loads(program.run("retention", "run", "--json").stdout)
        assert [(one["group"], one["messages"], one["kept"]) for one in plan["groups"]] == [(group, 2, 1)]
        done = json.loads(program.run("retention", "run", "--group", group, "--yes", "--json").stdout)
        assert (done["messages"], done["gone"], done["cut"]) == (2, 2, 1)
        assert json.loads(program.run("retention", "run", "--json").stdout)["groups"] == []
        rows = [json.loads(line) for line in program.run("audit", "--json").stdout.splitlines()]
        assert {"retention.set", "retention.run"} <= {row["act"] for row in rows}
        assert program.run("retention", "run", "--group", "gnone").returncode == 1
    assert program.run("verify").stdout.strip().endswith("whole")
    with closing(sqlite3.connect(tmp_path / "chatd.db")) as database:
        bodies = str(database.execute("SELECT body FROM entries").fetchall())
    assert ("old word" in bodies, "pinned" in bodies, "a new word" in bodies) == (False, True, True)


def test_what_was_chosen_is_shown_and_one_way_at_a_time(filled: tuple[Path, str], tmp_path: Path) -> None:
    program, group = _copy(filled, tmp_path)
    with program.serving():
        assert json.loads(program.run("retention", "show", "--json").stdout)["groups"] == []
        for how, days in ((("--days", "7"), 7), (("--keep",), 0)):
            assert json.loads(program.run("retention", "set", group, *how, "--json").stdout)["days"] == days
            assert [one["days"] for one in json.loads(program.run("retention", "show", "--json").stdout)["groups"]] == [
                days
            ]
        program.run("retention", "set", group, "--default")
        shown = json.loads(program.run("retention", "show", group, "--json").stdout)
        assert [(one["group"], one["days"]) for one in shown["groups"]] == [(group, None)]
        for wrong in ((), ("--keep", "--default"), ("--days", "0"), ("--days", "x")):
            assert program.run("retention", "set", group, *wrong).returncode == 2
        both = program.run("retention", "set", group, "--keep", "--default", LC_ALL="zh_CN.UTF-8").stderr
        assert both == "chatd: --days、--keep、--default 请选一个\n"
        assert program.run("retention", "set", "gnone", "--keep").returncode == 1


def test_it_is_said_in_the_language_of_the_environment(filled: tuple[Path, str], tmp_path: Path) -> None:
    program, group = _copy(filled, tmp_path)
    with program.serving():
        program.run("retention", "set", group, "--days", "30")
        assert program.run("retention", "set", group, "--days", "1", LC_ALL="C.UTF-8").stdout == f"{group}  1 day\n"
        assert program.run("retention", "set", group, "--keep", LC_ALL="zh_CN.UTF-8").stdout == f"{group}  永久保留\n"
        program.run("retention", "set", group, "--days", "50")
        nothing = program.run("retention", "run", LC_ALL="C.UTF-8").stdout
        assert nothing == "Nothing is older than it is kept.\n", "by the group's own time, whatever the server's is"
        program.run("retention", "set", group, "--days", "30")
        for command in (("run",), ("show",), ("show", group)):
            english, chinese = (
                program.shown("retention", *command, LC_ALL=lang).text for lang in ("C.UTF-8", "zh_CN.UTF-8")
            )
            assert not re.search(r"[\u4e00-\u9fff]", english.replace("Tea 茶", "")), english
            assert re.search(r"[\u4e00-\u9fff]", chinese.replace("Tea 茶", "")), chinese


def test_who_looks_on_no_longer_is_told_that_it_goes_on_and_asks_how_far_it_is(
    filled: tuple[Path, str], tmp_path: Path
) -> None:
    program, group = _copy(filled, tmp_path)
    program.env |= {"CHATD_RETENTION__ENTRIES_PER_COMMIT": "1", "CHATD_RETENTION__PAUSE_S": "60"}
    with program.serving():
        program.run("retention", "set", group, "--days", "30")
        # What a shell starts in the background ignores SIGINT, and so would its children.
        inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            watching = subprocess.Popen(
                [sys.executable, "-m", "chatd", "retention", "run", "--yes"],
                cwd=program.folder,
                env=program.env | {"LC_ALL": "zh_CN.UTF-8"},
                stderr=subprocess.PIPE,
                text=True,
            )
        finally:
            signal.signal(signal.SIGINT, inherited)
        try:
            until = time.monotonic() + PATIENCE_S
            while "Under way" not in (shown := program.run("retention", "show").stdout):
                assert time.monotonic() < until, shown
            assert "正在清理" in program.run("retention", "show", LC_ALL="zh_CN.UTF-8").stdout
            again = program.run("retention", "run", "--yes", LC_ALL="zh_CN.UTF-8")
            assert (again.returncode, again.stderr) == (1, "chatd: 正在清理过期消息，请等它结束 (overloaded)\n")
            watching.send_signal(signal.SIGINT)
            _, told = watching.communicate(timeout=PATIENCE_S)
            assert (watching.returncode, "清理仍在服务器上进行" in told) == (130, True), told
        finally:
            if watching.poll() is None:
                watching.kill()
                watching.communicate()
