"""Killed under load, nothing that was promised is broken; and a server with a fault in it is found out.

The short form; the long one is `make chaos`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.chaos.battery import Battery, Plan, Report
from tests.chaos.planted import FAULTS
from tests.chaos.workload import Scale

SURE = (
    "ack-before-commit",
    "no-dedupe",
    "resume-long",
    "number-reused",
    "write-across-kick",
    "use-apart",
    "press-forgotten",
)
"""The faults that show at nearly every kill; the others take a few more, see `python -m tests.chaos --planted`."""


def run(battery: Battery) -> Report:
    return asyncio.run(battery.run())


@pytest.mark.promise("P1", "kill-hub", "kill-writer", "kill-both")
@pytest.mark.promise("P2", "kill-hub", "kill-writer", "kill-both")
@pytest.mark.promise("P3", "kill-hub", "kill-writer", "kill-both")
@pytest.mark.promise("P4", "kill-hub", "kill-writer", "kill-both")
def test_kills_under_load_break_no_promise(store_url: str, tmp_path: Path) -> None:
    scale = Scale(users=14, groups=4, members=7)
    plan = Plan({"hub": 1, "writer": 2, "both": 1}, acks_between=(100, 600), scale=scale)
    report = run(Battery(store_url, tmp_path, plan))
    assert report.violations == [], str(report)
    assert report.kills.total() == 4
    assert report.acks > 500
    assert report.done["message.recall"] > 0
    assert report.done["member.kick"] > 0
    daily = ["invite.redeem", "pin.add", "member.ban", "message.forward", "chat.update", "group.transfer"]
    daily += ["section.create", "privacy.set", "follow.remove", "menu.press"]
    assert all(report.done[op] > 0 for op in daily), report.done


def test_a_server_that_ends_by_itself_is_called_so_at_once(sqlite_url: str, tmp_path: Path) -> None:
    plan = Plan({"writer": 1}, acks_between=(50, 100), scale=Scale(users=6, groups=2, members=4))
    battery = Battery(sqlite_url, tmp_path, plan)

    def end_it(_: str) -> None:
        os.kill(battery.server.hub_pid, signal.SIGKILL)

    report = asyncio.run(battery.run(end_it))
    assert [violation.promise for violation in report.violations] == ["end"], str(report)
    assert report.load_s < plan.stuck_s


@pytest.mark.parametrize("fault", SURE)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path) -> None:
    """Within six kills: whether anybody comes back at the right moment between two is a matter of luck."""
    scale = Scale(users=10, groups=3, members=6, messages_per_s=400.0)
    plan = Plan(
        {"writer": 2}, acks_between=(300, 600), scale=scale, stuck_s=10.0, quiet_s=1.0, told_s=3.0, search_s=3.0
    )
    reports = []
    for turn in range(3):
        home = tmp_path / str(turn)
        home.mkdir()
        reports.append(run(Battery(f"sqlite:///{home}/chatd.db", home, plan, ("tests.chaos.planted", fault))))
        if FAULTS[fault].breaks & {violation.promise for violation in reports[-1].violations}:
            return
    pytest.fail("\n".join(map(str, reports)))
