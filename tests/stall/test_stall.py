"""Slow readers beside quick ones, on a server process: the short form of `python -m tests.stall`.

No duration is judged here: the load goes on until the server itself says that the stalled have fallen behind, or that
it has cut them off.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.stall.battery import PAGE_MIN, Findings, Plan, come_back, conclude, gather, stall, until
from tests.stall.town import Town

PLAN = Plan(readers=60, stallers=6, per_s=200.0, text_bytes=4000)


@pytest.mark.promise("P5", "reader.stalls")
@pytest.mark.promise("P4", "reader.stalls")
def test_stalled_readers_read_on_and_lose_nothing(tmp_path: Path) -> None:
    """They fall behind, one by one, while the others have everything; then they read on in pages, to the last entry."""

    async def hold() -> Findings:
        town = Town(tmp_path, PLAN.readers, {"CHATD_WS__STALL_TIMEOUT_S": "3600"})
        crowd = await gather(town, PLAN)
        try:
            stall(crowd)
            await crowd.talk("filling", PLAN.per_s, until(lambda: _behind(town) >= PLAN.stallers, at_least=10))
            await crowd.talk("stalled", PLAN.per_s, until(lambda: True, at_least=4 * PAGE_MIN))
            others = [reader for reader in crowd.readers if reader not in crowd.stallers]
            await crowd.everybody_has(others)
            assert all(reader.cursor < crowd.head for reader in crowd.stallers)
            for reader in crowd.stallers:
                reader.go_on()
            await crowd.everybody_has(crowd.readers)
        finally:
            crowd.leave()
            await town.stop()
        return conclude(crowd, Findings())

    found = asyncio.run(hold())
    assert found.faults == []
    assert found.largest_events[0] >= PAGE_MIN, found.largest_events


@pytest.mark.promise("P5", "reader.stalls_too_long")
@pytest.mark.promise("P4", "reader.stalls_too_long")
def test_who_stalls_too_long_is_cut_off_and_resumes(tmp_path: Path) -> None:
    """The server counts every one of them as closed with 4000; they come back with their cursors and lose nothing."""

    async def hold() -> Findings:
        settings = {"CHATD_WS__STALL_TIMEOUT_S": "1", "CHATD_WS__CLOSE_TIMEOUT_S": "0.5"}
        town = Town(tmp_path, PLAN.readers, settings)
        crowd, found = await gather(town, PLAN), Findings()
        try:
            stall(crowd)
            await crowd.talk("filling", PLAN.per_s, until(lambda: _behind(town) >= PLAN.stallers, at_least=10))
            await crowd.talk("stalled", 20.0, until(lambda: town.closed_as_stalled() >= PLAN.stallers, at_least=10))
            await come_back(crowd, found, PLAN)
        finally:
            crowd.leave()
            await town.stop()
        return conclude(crowd, found)

    found = asyncio.run(hold())
    assert found.faults == []
    assert set(found.close_codes) <= {4000, 1006}, found.close_codes


def _behind(town: Town) -> int:
    behind: int = town.figures()["fell_behind"]
    return behind
