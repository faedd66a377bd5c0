"""Races through real sockets on both databases, a few rounds of each. The long form is `python -m tests.races`."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.races.arena import arena
from tests.races.rounds import RACES

ROUNDS = 4


@pytest.mark.promise("P2", "race.one_cid")
@pytest.mark.promise(
    "P6", "race.last_place", "race.unfollow", "race.block", "race.demotion", "race.promotion", "race.door"
)
@pytest.mark.promise("P6", "race.owner", "race.end")
@pytest.mark.promise("P7", "race.kick", "race.leave")
@pytest.mark.promise("P8", "race.bounds")
@pytest.mark.promise("P9", "race.recall")
def test_every_race_ends_in_one_story(store_url: str, tmp_path: Path) -> None:
    """Answers, log and roster agree, whoever comes first."""

    async def hold() -> None:
        async with arena(store_url, tmp_path, random.Random()) as place:
            for race in RACES.values():
                for _ in range(ROUNDS):
                    await race(place)

    asyncio.run(hold())
