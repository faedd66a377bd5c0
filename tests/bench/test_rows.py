"""A row of the benchmark from start to table, in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import __main__ as program
from bench import machine, report
from bench.rows import Bench, Invalid, run_once, seed_once
from bench.servers import SUBJECTS, Server, ServerFailed, Subject
from bench.workloads import WORKLOADS, Workload
from tests.bench.test_load import LOST, serve_patched

LOADED = Workload("tiny", "2 groups x 10", "load", (10, 10), inflight=2, headline="messages_per_s", target=0.6)
OPEN = Workload("tiny-open", "open", "load", (10,), rate=100, headline="last_p99_ms")
IDLE = Workload("tiny-idle", "idle", "idle", (10,), devices=4, headline="kib_per_connection")
START = Workload("tiny-start", "start", "start", (5, 5), stored=100, headline="start_s")


@pytest.mark.parametrize("workload", [LOADED, OPEN, IDLE, START], ids=lambda workload: workload.name)
def test_a_row_has_its_headline_and_only_figures_with_a_label(short_bench: Bench, workload: Workload) -> None:
    runs, failures = program.run_row(short_bench, [SUBJECTS["sketch"]], workload, repeat=1)
    assert failures == []
    figures = runs["sketch"][0]
    assert figures.keys() <= report.LABELS.keys()
    # Forty connections fit into memory that was there before: only that row may come out at nothing.
    assert figures[workload.headline] > 0 or workload is IDLE
    assert f"**{report.LABELS[workload.headline]}**" in "\n".join(report.tabulate(workload, runs))


def test_a_run_that_loses_something_gives_no_figures(short_bench: Bench) -> None:
    subject = serve_patched(LOST)
    with pytest.raises(Invalid, match="missing"):
        run_once(short_bench, subject, LOADED, seed_once(short_bench, subject, LOADED))


def test_nothing_is_left_behind(short_bench: Bench) -> None:
    program.run_row(short_bench, [SUBJECTS["sketch"]], START, repeat=2)
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
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)
    assert {workload.headline for workload in WORKLOADS} <= report.LABELS.keys()


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
