"""`chatd follow`: graphs of every kind of mistake, killed in the middle and gone on with, in bounded memory."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from chatd.admin.socket import AdminError, call
from chatd.cli.catalogue_file import LINE_MAX_BYTES, Row, read_rows
from chatd.cli.follow_import import PORTION_BYTES, Changed, Importer
from chatd.cli.follow_pace import EDGES_FIRST, EDGES_MOST, Pace
from tests.cli.program import PATIENCE_S, Program

NEW: dict[str, Any] = {"line": 0, "done": False, "counts": {}, "refused": []}
GRAPH = """\
{"from": "ann", "to": "ben"}
{"from": "ben", "to": "ann", "op": "add"}
{"from": "ben", "to": "cat", "version": 5}
{"from": "ben", "to": "cat", "op": "remove", "version": 4}
{"from": "ann", "to": "ann"}
{"from": "ann"}
{"from": "ann", "to": 7}
{"from": "ann", "to": "ben", "op": "toggle"}
{"from": "ann", "to": "ben", "since": 1}
{"from": "ann", "to": "ben", "version": -1}
["ann", "ben"]
{"from": "ann", "to"

{"from": "茶", "to": "ann"}
"""


class Counting:
    """Where edges go, when only their number counts."""

    def __init__(self) -> None:
        self.portions: list[tuple[int, int, int]] = []

    def progress(self, import_id: str, again: bool) -> dict[str, Any]:
        return NEW

    def change(self, portion: dict[str, Any]) -> Changed:
        step = portion["step"]
        assert len(json.dumps([list(map(str, portion["edges"])), step.lines])) < 2 * PORTION_BYTES
        self.portions.append((step.after, step.upto, len(portion["edges"])))
        return Changed(["added"] * len(portion["edges"]))


def importer_of(target: Any, refuse: Any, **state: Any) -> Importer:
    return Importer(target, "graph", refuse, make=True, pace=Pace(False, None), state=NEW | state)


def rows_of(text: str, form: Any = "ndjson") -> list[Row]:
    return list(read_rows(io.BytesIO(text.encode()), form, columns=("from", "to")))


def test_each_mistake_of_a_line_is_named_by_line_and_field() -> None:
    refused: list[tuple[int, str]] = []
    importer = importer_of(Counting(), lambda line, field, _: refused.append((line, field)))
    for row in rows_of(GRAPH):
        importer.take(row)
    importer.flush(last=True)
    fields = ["to", "to", "to", "op", "since", "version", "", ""]
    assert refused == [(5 + at, field) for at, field in enumerate(fields)]
    assert (importer.counts, importer.line) == ({"added": 5, "unread": 8}, 14)


def test_a_csv_has_a_line_of_names_or_is_two_columns() -> None:
    plain = [row.raw for row in rows_of("ann,ben\nben,ann\n", "csv")]
    assert plain == [{"from": "ann", "to": "ben"}, {"from": "ben", "to": "ann"}]
    named = [row.raw for row in rows_of("to,from,op,version\nann,ben,remove,7\n", "csv")]
    assert named == [{"to": "ann", "from": "ben", "op": "remove", "version": 7}]


def test_rows_of_an_earlier_run_are_passed_over() -> None:
    target = Counting()
    importer = importer_of(target, lambda *_: None, line=3, counts={"added": 3})
    for row in rows_of('{"from": "a", "to": "b"}\n' * 5):
        importer.take(row)
    importer.flush(last=True)
    assert target.portions == [(3, 5, 2)]
    assert importer.counts == {"added": 5}


def test_many_edges_and_much_rubbish_take_no_more_memory_than_few() -> None:
    line = json.dumps({"from": "a" * 190, "to": "b" * 190}).encode() + b"\n"
    rubbish = b"x" * 300 + b"\n"

    class Endless(io.RawIOBase):
        """40,000 lines that are made when they are read."""

        left = 40_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            if not self.left:
                return 0
            self.left -= 1
            told = line if self.left % 4 == 0 else rubbish
            buffer[: len(told)] = told
            return len(told)

    target = Counting()
    importer = importer_of(target, lambda *_: None)
    tracemalloc.start()
    try:
        for row in read_rows(io.BufferedReader(Endless()), "ndjson"):
            importer.take(row)
        importer.flush(last=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(edges for *_, edges in target.portions) == 10_000
    assert importer.counts == {"added": 10_000, "unread": 30_000}
    assert max(edges for *_, edges in target.portions) <= EDGES_MOST
    assert [after for after, *_ in target.portions][1:] == [upto for _, upto, _ in target.portions][:-1]
    assert peak < 2 * 2**20


def counts_of(ended: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(ended.stdout)["counts"]


@pytest.mark.parametrize("served", [False, True])
def test_a_file_is_imported_with_a_server_and_without_one_and_counts_once(tmp_path: Path, served: bool) -> None:
    program = Program(tmp_path, CHATD_LIMITS__FOLLOWING_MAX="2")
    (tmp_path / "graph.ndjson").write_text(GRAPH + "y" * LINE_MAX_BYTES + "\n", encoding="utf-8")
    (tmp_path / "more.csv").write_text("ann,cat\nann,dan\nann,eve\ndan\n", encoding="utf-8")

    def check() -> None:
        first = program.run("follow", "import", "graph.ndjson", "--json", "--refused", "refused.ndjson")
        assert first.returncode == 1, first.stderr
        assert counts_of(first) == {"added": 4, "older": 1, "unread": 9}
        lines = [json.loads(line) for line in (tmp_path / "refused.ndjson").read_text().splitlines()]
        assert [row["line"] for row in lines] == [5, 6, 7, 8, 9, 10, 11, 12, 15]
        again = program.run("follow", "import", "graph.ndjson", "--json")
        assert (again.returncode, json.loads(again.stdout)["already"]) == (1, True), "lines of it were refused"
        anew = program.run("follow", "import", "graph.ndjson", "--again")
        assert (anew.returncode, "1 older" in anew.stdout, "line 5: to" in anew.stderr) == (1, True, True)
        assert "--refused" in anew.stderr
        known = program.run("follow", "import", "more.csv", "--existing", "--json")
        assert {row["line"]: row["reason"] for row in json.loads(known.stdout)["refused"]} == {
            2: "there is no such user",
            3: "there is no such user",
            4: "1 fields, the first line names 2",
        }
        most = program.run("follow", "import", "more.csv", "--again", "--json")
        assert counts_of(most) == {"limit": 2, "same": 1, "unread": 1}
        assert program.run("follow", "import", "nothing.ndjson").returncode == 1
        for wrong in (["more.csv", "--name", "x"], ["more.csv", "--format", "xml"], ["more.csv", "--rate", "0"], []):
            assert program.run("follow", "import", *wrong).returncode == 2

    if served:
        with program.serving():
            check()
    else:
        check()
    verified = program.run("verify", "--json")
    assert json.loads(verified.stdout)["problems"] == []


def churn(lines: int) -> str:
    """The same few edges come and go: whatever is done twice is counted twice."""
    ops = ("add", "remove")
    return "".join(
        json.dumps({"from": f"u{at % 7}", "to": f"v{at % 5}", "op": ops[(at // 35) % 2]}) + "\n" for at in range(lines)
    )


def await_line(program: Program, import_id: str, line: int) -> None:
    """Until the import has come so far; each question is answered by the server."""
    deadline_s = time.monotonic() + PATIENCE_S
    while call(program.folder / "chatd.sock", "follow.progress", import_id=import_id)["line"] < line:
        assert time.monotonic() < deadline_s


def test_a_file_of_something_else_is_no_import(tmp_path: Path) -> None:
    program = Program(tmp_path)
    (tmp_path / "notes.txt").write_text("[server]\n# a comment\nport = 1\n" * 5, encoding="utf-8")
    with program.serving():
        ended = program.run("follow", "import", "notes.txt", "--json")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "notes.txt: none of its first lines" in ended.stderr
        assert program.run("audit", "--json").stdout == ""


@pytest.mark.promise("P2", "import")
@pytest.mark.parametrize("whom", ["program", "server"])
def test_an_import_that_is_killed_goes_on_and_does_nothing_twice(tmp_path: Path, whom: str) -> None:
    program = Program(tmp_path)
    text = churn(1400)
    upto = text.index("\n", len(text) // 2) + 1
    arguments = [sys.executable, "-m", "chatd", "follow", "import", "-", "--name", "graph", "--json"]

    def begin() -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            arguments, cwd=tmp_path, env=program.env, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )

    with program.serving() as served:
        running = begin()
        assert running.stdin is not None
        running.stdin.write(text[:upto])
        running.stdin.flush()
        await_line(program, "name:graph", 2 * EDGES_FIRST)
        victim = running if whom == "program" else served.process
        victim.send_signal(signal.SIGKILL)
        victim.wait(PATIENCE_S)
        if whom == "server":
            with pytest.raises(AdminError):
                call(program.folder / "chatd.sock", "stats")
            out, _ = running.communicate(text[upto:], timeout=PATIENCE_S)
            assert (running.returncode, out) == (1, "")
        else:
            running.communicate(timeout=PATIENCE_S)
    with program.serving():
        ended, _ = begin().communicate(text, timeout=PATIENCE_S)
        told = json.loads(ended)
        assert told["went_on_behind"] >= 2 * EDGES_FIRST
        assert (told["lines"], told["counts"]) == (1400, {"added": 700, "removed": 700})
    assert program.run("verify").stdout.strip().endswith("whole")


def test_a_report_that_was_interrupted_goes_on_without_a_line_twice(tmp_path: Path) -> None:
    program = Program(tmp_path)
    report = tmp_path / "refused.ndjson"
    good = '{"from": "a", "to": "b"}\n'
    (tmp_path / "graph.ndjson").write_text("7\n" + good * EDGES_FIRST + "8\n" + good, encoding="utf-8")
    with program.serving():
        digest = program.run("follow", "import", "graph.ndjson", "--refused", str(report), "--json")
        assert digest.returncode == 1
        rows = [json.loads(line) for line in report.read_text().splitlines()]
        assert [row["line"] for row in rows] == [1, EDGES_FIRST + 2]
    # As if it had ended behind the first portion, with the report further than that.
    import_id = _ids(program)
    from chatd.store.database import connect

    database = connect(program.env["CHATD_STORE__URL"])
    database.run("UPDATE follow_imports SET line = ?, done = ? WHERE import_id = ?", (EDGES_FIRST + 1, 0, import_id))
    database.close()
    ended = program.run("follow", "import", "graph.ndjson", "--refused", str(report), "--json")
    assert json.loads(ended.stdout)["went_on_behind"] == EDGES_FIRST + 1
    assert [json.loads(line) for line in report.read_text().splitlines()] == rows


def _ids(program: Program) -> str:
    from chatd.store.database import connect

    database = connect(program.env["CHATD_STORE__URL"])
    rows, _ = database.run("SELECT import_id FROM follow_imports")
    database.close()
    return str(rows[0][0])


def test_single_edges_are_added_listed_explained_and_removed(tmp_path: Path) -> None:
    program = Program(tmp_path)

    def told(*arguments: str) -> Any:
        ended = program.run("follow", *arguments, "--json")
        return json.loads(ended.stdout) if ended.returncode == 0 else ended.returncode

    with program.serving():
        for sub in ("ann", "ben", "cat"):
            program.run("user", "add", sub, "--name", sub.title())
        assert told("check", "ann", "ben") == 1
        assert [told("add", "ann", "ben")["result"] for _ in range(2)] == ["added", "same"]
        assert told("add", "ben", "ann")["result"] == "added"
        assert told("add", "cat", "ann")["result"] == "added"
        found = told("check", "ann", "ben")
        assert (found["result"], found["may"], found["follows"], found["followed"]) == ("added", True, True, True)
        assert [one["sub"] for one in told("list", "ann")["users"]] == ["ben"]
        assert [one["sub"] for one in told("list", "ann", "--which", "mutual")["users"]] == ["ben"]
        page = told("list", "ann", "--which", "followers", "--limit", "1")
        rest = told("list", "ann", "--which", "followers", "--after", page["more"])
        assert sorted(one["sub"] for one in page["users"] + rest["users"]) == ["ben", "cat"]
        assert told("remove", "ben", "ann")["result"] == "removed"
        why = program.run("follow", "check", "ann", "ben")
        assert (why.returncode, "ben does not follow ann" in why.stdout, "may not" in why.stdout) == (1, True, True)
        assert told("add", "ann", "nobody") == 1
        assert told("add", "ann", "ann") == 1
        assert told("list", "ann", "--which", "friends") == 2
        acts = [json.loads(line)["act"] for line in program.run("audit", "--json").stdout.splitlines()]
        assert acts[:-3] == ["follow.remove", "follow.add", "follow.add", "follow.add", "follow.add"]
