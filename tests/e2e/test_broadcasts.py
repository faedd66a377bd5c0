"""Broadcasts of a running server: what is over goes by itself, and nothing is said in the name of who is erased."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chatd.admin.broadcasts import AIM_MAX
from chatd.admin.socket import AdminError
from chatd.hub.broadcasts import FORGET_JOB, PORTION
from tests.e2e.phone import PATIENCE_S
from tests.e2e.test_erasure import erased, operate, problems
from tests.e2e.town import Town, living_town, on_loop

AT_ONCE: dict[str, Any] = {"broadcasts": {"pause_s": 0.0, "keep_days": 1e-9}}
SLOWLY: dict[str, Any] = {"broadcasts": {"pause_s": 3600.0, "groups_per_commit": 1}}


async def send(town: Town, name: str, groups: list[str], **more: Any) -> None:
    content = {"kind": "notice", "body": {"text": "Spring sale"}} | more
    await operate(town, "broadcast.plan", broadcast=name, **content)
    for start in range(0, len(groups), AIM_MAX):
        await operate(town, "broadcast.aim", broadcast=name, groups=groups[start : start + AIM_MAX])
    await operate(town, "broadcast.start", broadcast=name)


async def until_state(town: Town, name: str, state: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while (shown := await operate(town, "broadcast.show", broadcast=name))["state"] != state:
            pass  # each turn asks the server anew
    return shown


async def until_forgotten(town: Town, name: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while name in {one["broadcast"] for one in (await operate(town, "broadcast.list"))["broadcasts"]}:
            town.server.hub.jobs.wake(FORGET_JOB)


@on_loop
async def test_a_broadcast_that_is_over_is_forgotten_by_itself(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, **AT_ONCE) as town:
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        await send(town, "spring", [group, *(f"none-{number}" for number in range(PORTION + 1))])
        await until_forgotten(town, "spring")
        shown = [entry for entry in await bob.history(group) if entry["kind"] == "message"]
        assert [entry["body"]["text"] for entry in shown] == ["Spring sale"]
        await send(town, "spring", [group], body={"text": "another one of this name"})
        await until_forgotten(town, "spring")
    assert problems(store_url) == []


@on_loop
async def test_what_is_over_since_a_short_while_stays(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path) as town:
        ann, bob = await town.people("ann", "bob")
        await send(town, "spring", [await town.group_of(ann, bob)])
        await until_state(town, "spring", "done")
        town.server.hub.jobs.wake(FORGET_JOB)
        assert (await operate(town, "broadcast.show", broadcast="spring"))["sent"] == 1


@pytest.mark.promise("P9", "erase.live")
@on_loop
async def test_a_broadcast_ends_with_the_erasure_of_its_sender(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path, **SLOWLY) as town:
        ann, zoe = await town.people("ann", "zoe")
        groups = sorted([await town.group_of(ann, zoe) for _ in range(3)])
        await send(town, "spring", groups, sub=zoe.sub)
        async with asyncio.timeout(PATIENCE_S):
            while not (await operate(town, "broadcast.show", broadcast="spring"))["sent"]:
                pass  # each turn asks the server anew
        await erased(town, zoe.user)
        town.server.hub.jobs.wake("broadcasts")
        ended = await until_state(town, "spring", "cancelled")
        assert (ended["sent"], ended["groups"]) == (1, 3)
        assert "Spring sale" not in repr([await ann.history(group) for group in groups])
        with pytest.raises(AdminError, match="not_found"):
            await operate(town, "group.notice", group=groups[0], body={"text": "hello"}, sub=f"erased:{zoe.user}")
    assert problems(store_url) == []
