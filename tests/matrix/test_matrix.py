"""Who gets what answer: every op, route and act, by who asks and for what. The long form is `python -m tests.matrix`.

The table is kept by hand, in `table/`. What it lacks fails here, and so does whatever the server does otherwise.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, Final

import pytest
import uvloop

from chatd.admin import acts
from chatd.core.refusal import Refused
from chatd.core.rights import RANK
from chatd.service import messages, moderation
from chatd.testing import running_server
from chatd_protocol.ops import OPS
from tests.matrix.cast import SETTINGS
from tests.matrix.drive import ASKS, Run
from tests.matrix.table import INSIDE, OUTSIDE, BadTable, Row, count_cells, is_act, is_op, read_table
from tests.matrix.web import ACTS, ROUTES, routes_of
from tests.matrix.world import run_matrix

TABLE: Final = read_table()
OWN_AFFAIRS: Final = {("request.list", "own"), ("request.withdraw", "here")}
"""Somebody outside whose request waits knows of the group, for they asked there."""


def _run(url: str, folder: Path, *only: str) -> Run:
    table = {what: rows for what, rows in TABLE.items() if not only or what in only}
    return uvloop.run(run_matrix(url, folder, table, ("json", "msgpack")))


def test_the_table_has_every_op_every_act_and_every_object_that_can_be_asked_for() -> None:
    assert {what for what in TABLE if is_op(what)} == set(OPS), "a section of the table for each op"
    assert {what.partition(" ")[2] for what in TABLE if is_act(what)} == set(acts.ACTS), "a section for each act"
    known: dict[str, set[str]] = {op: set(ask.builds) for op, ask in ASKS.items()}
    known |= {f"act {name}": set(objects) for name, objects in ACTS.items()}
    known |= {route: set(objects) for route, objects in ROUTES.items()}
    assert {what: set(rows) for what, rows in TABLE.items()} == known


def test_the_table_has_every_route(tmp_path: Path) -> None:
    async def look() -> set[str]:
        sections: dict[str, Any] = SETTINGS
        async with running_server(f"sqlite:///{tmp_path}/chatd.db", drain_s=0.2, **sections) as server:
            assert stat.S_IMODE(server.config.admin_socket_path().stat().st_mode) == 0o600
            return routes_of(server)

    assert {what for what in TABLE if not is_op(what) and not is_act(what)} == uvloop.run(look())


def test_what_is_hidden_stands_in_the_table_as_what_is_not_there() -> None:
    for what, rows in TABLE.items():
        if "nowhere" not in rows:
            continue
        nowhere = rows["nowhere"].verdicts
        assert rows["elsewhere"].verdicts == nowhere, f"{what}: a group of others is like none"
        if "before" in rows and "absent" in rows:
            assert _of(rows["before"], INSIDE) == _of(rows["absent"], INSIDE), f"{what}: before one's time is nothing"
        for of, row in rows.items():
            if of.partition(".")[0] in {"here", "own", "other", "recalled", "before", "absent"} and "." not in of:
                told = {who: verdict for who, verdict in _of(row, OUTSIDE).items() if verdict is not None}
                if (what, of) not in OWN_AFFAIRS:
                    assert told == {who: nowhere[who] for who in told}, f"{what}, {of}: for those outside there is none"


def _of(row: Row, callers: tuple[str, ...]) -> dict[str, str | None]:
    return {who: row.verdicts[who] for who in callers}


@pytest.mark.promise("P7", "matrix")
@pytest.mark.relaxed_durability
def test_every_cell_is_as_the_table_says(sqlite_url: str, tmp_path: Path) -> None:
    run = _run(sqlite_url, tmp_path)
    assert [str(deviation) for deviation in run.deviations] == []
    assert run.cells == count_cells(TABLE) > 7000
    assert run.compared > 2000


def test_a_check_of_a_read_that_is_left_out_is_found_and_so_is_a_refusal_that_says_why(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = messages.list_reactions

    async def talkative(reader: Any, request: Any, floor: int, signs: int) -> dict[str, Any]:
        if request.pos <= floor:
            raise Refused("not_found", "That was before your time.")
        return await real(reader, request, floor, signs)

    monkeypatch.setattr(messages, "list_reactions", talkative)
    monkeypatch.setattr(moderation, "RANK", dict.fromkeys(RANK, 1))
    run = _run(sqlite_url, tmp_path, "audit.list", "reaction.list")
    left_out = {("audit.list", "here", who) for who in ("restricted", "silent", "member")}
    told = {("reaction.list", of, who) for of in ("absent", "elsewhere", "nowhere") for who in INSIDE}
    assert {(one.what, one.of, one.who) for one in run.deviations} == left_out | told


def test_a_check_of_a_commit_that_is_left_out_is_found(sqlite_url: str, tmp_path: Path) -> None:
    table = {what: TABLE[what] for what in ("message.recall", "reaction.add")}
    engine = "tests.matrix.planted:SeesTooMuch"
    run = uvloop.run(run_matrix(sqlite_url, tmp_path, table, ("json",), engine=engine))
    found = {(one.what, one.of, one.who, one.got) for one in run.deviations}
    assert {of for _, of, _, _ in found} == {"before"}
    assert ("message.recall", "before", "admin", "ok") in found
    assert ("reaction.add", "before", "member", "ok") in found


@pytest.mark.parametrize(
    "line",
    ["here ok ok ok", "here ok ok ok | xx xx", "here " + "-- " * 3 + "| " + "ok " * 9 + "| " + "ok " * 5 + "| --"],
)
def test_a_line_that_is_wrong_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "some.txt").write_text(f"user.get\n  {line}\n")
    with pytest.raises(BadTable, match=r"some.txt, line 2"):
        read_table(tmp_path)
