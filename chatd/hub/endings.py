"""The job that ends dissolved groups when their time is over, and has the rows of those that are gone swept.

In portions, each a commit of its own: a large group must not hold up the others. What a portion did not finish, the
next one goes on with, after a restart too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from chatd.core.dissolution import EndStay, Sweep
from chatd.store import sweeping

if TYPE_CHECKING:
    from chatd.hub.hub import Hub

JOB: Final = "dissolved groups"
EVERY_S: Final = 30.0
PEOPLE: Final = 100
"""Stays that end in one commit."""
GROUPS: Final = 1000
"""Dissolved groups that are looked at in one go."""


async def end_dissolved(hub: Hub) -> float | None:
    """One portion: of the first group whose time is over, and of the first that is gone. Returns when to go on."""
    async with hub.readers.snapshot() as reader:
        dissolved = await sweeping.dissolved_groups(reader, GROUPS)
        due = [group for group, settings in dissolved if orjson.loads(settings).get("gone_at", 0) <= hub.now_ms()]
        people = await sweeping.people_in(reader, due[0], PEOPLE) if due else []
        gone = await sweeping.groups_to_sweep(reader, 1)
    wishes: list[EndStay | Sweep] = [EndStay(group, people) for group in due[:1]]
    wishes += [Sweep(group) for group in gone]
    verdicts = [await hub.link.ask(wish) for wish in wishes]
    done = [verdict.answer is not None for verdict in verdicts]
    return 0.0 if done and all(done) else None
