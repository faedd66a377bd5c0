"""A row of the benchmark from start to table, in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import __main__ as program
from bench import compare, machine, report, storm, targets, written
from bench.generator import LoadFailed
from bench.peers.registry import PEERS
from bench.rows import Bench, Invalid, Seeded, run_once, seed_once
from bench.seed import Seat
from bench.servers import Server, ServerFailed
from bench.session import Session, run, seed
from bench.subjects import SUBJECTS, Subject
from bench.workloads import TINY, WORKLOADS, Share, Storm, Workload
from tests.bench.test_load import LOST, serve_patched

LOADED = Workload("tiny", "2 groups x 10", "load", (10, 10), inflight=2, headline="messages_per_s", target=0.6)
OPEN = Workload("tiny-open", "open", "load", (10,), rate=100, headline="last_p99_ms")
IDLE = Workload("tiny-idle", "idle", "idle", (10,), devices=4, headline="kib_per_connection")
START = Workload("tiny-start", "start", "start", (5, 5), stored=100, headline="start_s")


@pytest.mark.parametrize("workload", [LOADED, OPEN, IDLE, START], ids=lambda workload: workload.name)
def test_a_row_has_its_headline_and_only_figures_with_a_label(short_bench: Bench, workload: Workload) -> None:
    session = Session(short_bench, [SUBJECTS["sketch"]], 1, [workload])
    session.run(workload)
    assert session.failures == []
    runs = session.taken[workload.name]
    figures = runs["sketch"][0]
    assert figures.keys() <= report.LABELS.keys()
    # Forty connections fit into memory that was there before: only that row may come out at nothing.
    assert figures[workload.headline] > 0 or workload is IDLE
    assert f"**{report.LABELS[workload.headline]}**" in "\n".join(compare.tabulate_row(workload, runs))


def test_a_run_that_loses_something_gives_no_figures(short_bench: Bench) -> None:
    subject = serve_patched(LOST)
    with pytest.raises(Invalid, match="missing"):
        run_once(short_bench, subject, LOADED, seed_once(short_bench, subject, LOADED))


def test_nothing_is_left_behind(short_bench: Bench) -> None:
    Session(short_bench, [SUBJECTS["sketch"]], 2, [START]).run(START)
    assert list(short_bench.directory.iterdir()) == []


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = Subject(
        "broken", SUBJECTS["sketch"].seed, lambda directory, port: ["python3", "-c", "exit('no such luck')"]
    )
    server = Server(broken, tmp_path, machine.choose_cores().server)
    with server, pytest.raises(ServerFailed, match="no such luck"):
        server.wait_for_hello("token", 10)


def test_memory_is_no_place_for_the_databases(capsys: pytest.CaptureFixture[str]) -> None:
    if machine.filesystem_of(Path("/dev/shm")) not in machine.MEMORY_FILESYSTEMS:
        pytest.skip("/dev/shm is not in memory here")
    assert program.main(["--dir", "/dev/shm"]) == 2
    assert "in memory" in capsys.readouterr().err


def test_the_rows_have_names_and_headlines() -> None:
    for workloads in (WORKLOADS, TINY):
        assert len({workload.name for workload in workloads}) == len(workloads)
        assert {workload.headline for workload in workloads} <= report.LABELS.keys()
    names = {workload.name for workload in WORKLOADS}
    shares = [rate for workload in WORKLOADS for rate in (workload.rate, workload.hot) if isinstance(rate, Share)]
    assert {share.row for share in shares} <= names
    assert {target.row for target in targets.TARGETS} | {t.other_row for t in targets.TARGETS} <= names | {""}
    assert {target.peer for target in targets.TARGETS} <= PEERS.keys() | {""}


def test_medians_spread_and_ratio() -> None:
    runs = {
        "chatd": [{"messages_per_s": 50.0, "hub_cpu": 0.5}, {"messages_per_s": 90.0, "hub_cpu": 0.5}],
        "sketch": [{"messages_per_s": float(value), "hub_cpu": 0.5} for value in (80, 100, 2000)],
    }
    assert report.summarise(runs["sketch"], "messages_per_s") == (100, 80, 2000)
    assert report.ratio_to_yardstick(runs, "chatd", "messages_per_s") == 0.7
    assert report.ratio_to_yardstick(runs, "chatd", "hub_cpu") is None
    table = "\n".join(report.tabulate(LOADED, runs))
    assert "| **messages/s** | 70 (50..90) | 100 (80..2,000) | 0.70 (wanted: 0.6) |" in table
    assert "| hub, share of the core | 50% (50%..50%) | 50% (50%..50%) |  |" in table


def test_a_rate_is_a_share_of_what_was_measured(short_bench: Bench) -> None:
    closed = Workload("closed", "closed", "load", (10,), inflight=2, headline="messages_per_s")
    half = Workload("half", "half", "load", (10,), rate=Share(0.5, "closed"), headline="messages_per_s")
    beyond = Workload("beyond", "beyond", "load", (10,), rate=Share(1.5, "closed", "sketch"))
    session = Session(short_bench, [SUBJECTS["sketch"]], 1, [closed, half, beyond])
    session.run(half)  # measures the other one by itself
    most = session.calibrated["closed"]["sketch"][0]["messages_per_s"]
    # Whole messages in a short time: a share of so few is coarse.
    assert session.taken["half"]["sketch"][0]["messages_per_s"] == pytest.approx(most / 2, rel=0.3, abs=10)
    session.run(beyond)
    assert "beyond" not in session.taken
    assert "that it can hold" in session.failures[0]


def test_a_hot_group_is_measured_by_itself_and_who_stalls_loses_nothing(short_bench: Bench) -> None:
    sketch = SUBJECTS["sketch"]
    mix = next(workload for workload in TINY if workload.hot)
    figures = run_once(short_bench, sketch, mix, seed_once(short_bench, sketch, mix))
    assert figures["hot_messages_per_s"] > figures["messages_per_s"] > 0
    assert figures["complete"] == 1


@pytest.mark.parametrize(
    ("bound", "reached"), [(targets.more("tiny", "messages_per_s", 0.6, "c"), "yes"),
                           (targets.less("tiny", "messages_per_s", 49), "no")]
)  # fmt: skip
def test_what_is_to_be_reached_is_judged_by_medians(bound: targets.Target, reached: str) -> None:
    rows = {
        "tiny": {"chatd": [{"messages_per_s": 50.0}], "c": [{"messages_per_s": value} for value in (70.0, 80.0, 9e9)]}
    }
    lines = targets.tabulate_targets(rows, [bound])
    assert lines[-2].endswith(f"| {reached} |")
    assert targets.tabulate_targets({}, [bound]) == []


def test_a_report_has_who_was_measured_and_who_was_not_and_a_picture(short_bench: Bench, tmp_path: Path) -> None:
    session = Session(short_bench, [SUBJECTS["chatd"], PEERS["c"]], 1, [LOADED])
    figures = {"messages_per_s": 50.0, "complete": 1.0, "load_idle": 0.5}
    session.taken["tiny"] = {"chatd": [figures], "c": [figures | {"messages_per_s": 100.0}]}
    tables = [("One core", session), ("Two cores", session)]
    text = written.write_report(
        tmp_path / "out", {"date": "1999-01-01"}, tables, session.subjects, {"tinode": "not there"}
    )
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "1999-01-01.md", "1999-01-01.json", "1999-01-01.svg", "1999-01-01-2.svg",
    }  # fmt: skip
    assert "| c | 100 | 0.50 |" in text
    assert "- tinode: not there" in text
    assert "100.00%" in text


@pytest.mark.parametrize(
    ("awaited", "failure", "said"),
    [(6, None, ""), (5, Invalid, "doubled"), (7, LoadFailed, "connections were live after")],
    ids=["all of it", "one too many", "one too few"],
)
@pytest.mark.parametrize("running", [False, True], ids=["restart", "running"])
def test_who_comes_back_has_to_get_exactly_what_was_missed(
    short_bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    awaited: int,
    failure: type[Exception] | None,
    said: str,
    running: bool,
) -> None:
    come_back = Storm(people=8, groups=4, each=2, missed=3, running=running)
    workload = Workload("storm", "storm", "storm", (), storm=come_back, headline="live_s")
    seeded = seed(short_bench, SUBJECTS["chatd"], workload)
    seeded = Seeded(seeded.directory, [Seat(str(awaited), seat.token) for seat in seeded.seats])
    monkeypatch.setattr(storm, "PATIENCE_S", 2)
    if failure is None:
        figures = run(short_bench, SUBJECTS["chatd"], workload, seeded)
        assert figures["missed"] == 8 * 2 * 3
        assert (figures["pages_per_group"] == 0) == running
        return
    with pytest.raises(failure, match=said):
        run(short_bench, SUBJECTS["chatd"], workload, seeded)
